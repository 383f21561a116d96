"""Training: a file for each task (its data and its recipe), and the trainer that serves them all."""
