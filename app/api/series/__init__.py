"""Files of numbers on the wire."""
