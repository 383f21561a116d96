"""Traces on the wire."""
