"""Memory and gradients on the wire."""
