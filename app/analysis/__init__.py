"""Measurements over held-out text."""
