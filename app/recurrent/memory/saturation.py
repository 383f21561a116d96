"""How often a gate is nearly shut or wide open (Karpathy, Johnson & Fei-Fei 2015, figure 3)."""

import numpy as np
from numpy.typing import NDArray

from ..trace import FloatArray

SHUT, OPEN = 0.1, 0.9  # a gate below SHUT is left-saturated, above OPEN right-saturated


def is_shut(gate: FloatArray) -> NDArray[np.bool_]:
    """Return where ``gate`` is left-saturated, in its shape."""
    return gate < SHUT


def is_open(gate: FloatArray) -> NDArray[np.bool_]:
    """Return where ``gate`` is right-saturated, in its shape."""
    return gate > OPEN
