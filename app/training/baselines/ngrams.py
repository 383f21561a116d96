"""What n-gram models of characters share: n-grams as numbers, and counts that are looked up by them."""

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

DIGITS = 63  # bits of the largest code


def codes(ids: Ids, size: int, n: int) -> Ids:
    """Return a number for each run of ``n`` of ``ids`` (T,): (T - n + 1,), empty for a shorter text.

    The ids are its digits to the base ``size``: all but the last are the context. Raises ValueError if the number may
    not fit into 64 bits.
    """
    if size**n >= 2**DIGITS:
        raise ValueError(f"{n}-grams of a vocabulary of {size:,} do not fit into 64 bits: use a lower order")
    numbers = np.zeros(max(len(ids) - n + 1, 0), np.int64)
    for at in range(n):
        numbers = numbers * size + ids[at : at + len(numbers)]
    return numbers


def looked_up(keys: Ids, wanted: Ids, *values: Ids) -> list[Ids]:
    """Return the ``values`` of the ``wanted`` among the sorted ``keys``; 0 where a key is missing."""
    places = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return [np.where(keys[places] == wanted, each[places], 0) for each in values]
