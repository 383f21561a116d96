"""Find the first number that leaves the range of floats."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray


class RangeError(OverflowError):
    """A number of a trace exceeds the largest of its dtype.

    The h of a plain RNN with relu, which has no bound, may do so; any other only with very large weights or inputs.
    """

    def __init__(self, what: str, step: int, dtype: object) -> None:
        super().__init__(f"{what} leaves the range of {dtype} at step {step}")
        self.what, self.step, self.dtype = what, step, dtype  # step: from 0


def require_finite(arrays: Mapping[str, NDArray[Any]], lengths: Sequence[int], *, reverse: bool) -> None:
    """Raise RangeError for the first number of arrays (T, B, ·), in the order of computation, that is NaN or infinite.

    Sequence b has ``lengths[b]`` steps, and the longest sequence comes first; with ``reverse`` the last step is
    computed first.
    """
    taken = np.arange(lengths[0])[:, None] < np.array(lengths)  # (T, B)
    places = []
    for letter, array in arrays.items():
        steps = np.flatnonzero((~np.isfinite(array).all(axis=-1) & taken).any(axis=1))
        if len(steps):
            places.append((letter, int(steps[-1 if reverse else 0])))
    if places:
        letter, step = (max if reverse else min)(places, key=itemgetter(1))
        raise RangeError(letter, step, arrays[letter].dtype)
