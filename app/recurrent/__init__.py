"""The science: cells, networks, tokenizers and traces. It knows nothing about HTTP, files or pages."""
