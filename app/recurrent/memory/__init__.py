"""How far back gradients reach: Jacobians of a step, norms over pairs of steps, attribution and losses."""
