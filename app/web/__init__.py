"""The pages, and the headers that protect them."""
