"""How a cell is run through time: stepped in PyTorch, which is the oracle, or compiled."""
