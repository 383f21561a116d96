"""Where training data comes from: packages of public registries, archives, and the user's own files."""
