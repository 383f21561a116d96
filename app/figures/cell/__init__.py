"""The cell at the chosen step: the circuit and the arithmetic of one unit, and what all units do together."""
