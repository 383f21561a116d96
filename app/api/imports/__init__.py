"""Imports: files that people upload, which become models next to the others; and their removal."""
