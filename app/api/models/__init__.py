"""The models on the wire."""
