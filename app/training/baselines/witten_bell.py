"""N-grams smoothed as by Witten & Bell (1991)."""

import numpy as np

from ...recurrent.trace import FloatArray
from .ngrams import Ids, codes, looked_up


def bits(learned: Ids, ids: Ids, size: int, order: int) -> FloatArray:
    """Return the bits of the characters of ``ids`` (T,) from the ``order``-th on, (T - order + 1,).

    ``size`` is that of the vocabulary. Each order falls back on the one below to the extent that its context was
    followed by ever new characters; the first falls back on all characters being equally likely.
    """
    shares: FloatArray = np.full(len(ids), 1 / size)
    for n in range(1, order + 1):
        grams, counts = np.unique(codes(learned, size, n), return_counts=True)
        contexts, first = np.unique(grams // size, return_index=True)
        seen, kinds = np.add.reduceat(counts, first), np.diff(first, append=len(grams))
        wanted = codes(ids, size, n)
        (count,) = looked_up(grams, wanted, counts)
        total, kind = looked_up(contexts, wanted // size, seen, kinds)
        shares = shares[len(shares) - len(wanted) :]
        shares = np.where(total > 0, (count + kind * shares) / np.maximum(total + kind, 1), shares)
    return -np.log2(shares)
