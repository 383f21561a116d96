"""What simpler methods reach on the test data of a network."""
