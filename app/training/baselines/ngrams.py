"""N-grams of characters: how well what followed the last few characters tells the next one."""

import numpy as np
from numpy.typing import NDArray

from ...recurrent.trace import FloatArray

Ids = NDArray[np.int64]


def ngram_bits(learned: Ids, ids: Ids, size: int, order: int) -> list[FloatArray]:
    """Return the bits of each character of ``ids`` under the n-grams of ``learned``, for n from 1 to ``order``.

    ``size`` is that of the vocabulary. Each order falls back on the one below to the extent that its context was
    followed by ever new characters (Witten & Bell 1991); the first falls back on all characters being equally likely.
    The first n - 1 characters have no such context: row n has length T - n + 1.
    """
    shares: FloatArray = np.full(len(ids), 1 / size)
    by_order = []
    for n in range(1, order + 1):
        grams, counts = np.unique(_codes(learned, size, n), return_counts=True)
        contexts, first = np.unique(grams // size, return_index=True)
        seen, kinds = np.add.reduceat(counts, first), np.diff(first, append=len(grams))
        wanted = _codes(ids, size, n)
        count, (total, kind) = _at(grams, wanted, counts)[0], _at(contexts, wanted // size, seen, kinds)
        shares = shares[len(shares) - len(wanted) :]
        shares = np.where(total > 0, (count + kind * shares) / np.maximum(total + kind, 1), shares)
        by_order.append(-np.log2(shares))
    return by_order


def _codes(ids: Ids, size: int, n: int) -> Ids:
    """Return a number for each run of ``n`` ids, its digits to the base ``size``: all but the last are the context."""
    codes = np.zeros(len(ids) - n + 1, np.int64)
    for at in range(n):
        codes = codes * size + ids[at : at + len(codes)]
    return codes


def _at(keys: Ids, wanted: Ids, *values: Ids) -> list[Ids]:
    """Return the ``values`` of the ``wanted`` among the sorted ``keys``; 0 where a key is missing."""
    places = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return [np.where(keys[places] == wanted, each[places], 0) for each in values]
