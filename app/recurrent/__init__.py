"""The science: cells, networks, tokenizers and traces. Knows nothing of HTTP, files or pages."""
