"""Numbers that leave the range of floats: where the first of them stands."""

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray


class RangeError(OverflowError):
    """A number of a trace is beyond the largest of its dtype.

    An h of a plain RNN with relu may be, which has no bound; any other only where weights or inputs are very large.
    """

    def __init__(self, what: str, step: int, dtype: object) -> None:
        super().__init__(f"{what} leaves the range of {dtype} at step {step}")
        self.what, self.step, self.dtype = what, step, dtype  # step: from 0


def require_finite(arrays: Mapping[str, NDArray[Any]], lengths: Sequence[int], *, reverse: bool) -> None:
    """Raise RangeError for the first number of arrays (T, B, ·), in the order of computation, that is NaN or infinite.

    Sequence b has ``lengths[b]`` steps, the longest first; ``reverse`` says that the last is taken first.
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
