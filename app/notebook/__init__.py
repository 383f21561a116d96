"""What a notebook or a script shows of a trace."""
