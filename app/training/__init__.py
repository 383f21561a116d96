"""Training: a file for each task, sources of data, the trainer that serves them all, and a run as one call."""
