"""Experiments on the wire: a text without edits, with them, and the difference."""
