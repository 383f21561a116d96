"""The memory as a sum: what each word wrote, and what is left of it."""
