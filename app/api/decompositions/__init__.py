"""Decompositions on the wire."""
