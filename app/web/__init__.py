"""The pages and the headers that guard them."""
