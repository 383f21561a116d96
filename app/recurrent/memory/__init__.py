"""How far back gradients reach: ``report`` holds the noun, Memory, and what computes it from the other files."""
