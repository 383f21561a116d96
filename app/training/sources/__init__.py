"""Where training data comes from: packages of public registries, archives, and files of one's own."""
