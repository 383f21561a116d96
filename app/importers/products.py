"""The product of inputs and a weight in float64, without the whole weight in float64."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

ROWS = 256
"""How many rows are converted at a time: a weight takes twice its room in float64, or four times that of float16."""


def products(weight: Array, x: Array) -> Array:
    """Return ``x`` (T, E) times the transpose of ``weight`` (rows, E), in float64: (T, rows)."""
    starts = range(0, len(weight), ROWS)
    return np.concatenate([x @ weight[at : at + ROWS].astype(np.float64, copy=False).T for at in starts], axis=1)
