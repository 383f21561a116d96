"""What fits the limits of a server, said before it is asked for."""
