"""What is measured over held-out text."""
