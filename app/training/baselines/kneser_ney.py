"""N-grams with modified Kneser–Ney smoothing, interpolated (Chen & Goodman 1999): the best of the classic n-grams."""

import numpy as np
from numpy.typing import NDArray

from ...recurrent.trace import FloatArray
from .ngrams import Ids, codes, looked_up

FALLBACK = (0.5, 1.0, 1.5)  # discounts where too few n-grams were seen once to four times, as in KenLM


def bits(learned: Ids, ids: Ids, size: int, order: int) -> FloatArray:
    """Return the bits of the characters of ``ids`` (T,) from the ``order``-th on, (T - order + 1,).

    ``size`` is that of the vocabulary. The highest order counts how often an n-gram was seen; each lower one, how many
    different characters stood before it. What a discount takes from the counts goes to the order below, and that of
    the lowest to all characters alike. Raises ValueError if ``learned`` is shorter than ``order``.
    """
    if len(learned) < order:
        raise ValueError(f"a text of {len(learned)} characters has no {order}-gram")
    seen = [np.unique(codes(learned, size, n), return_counts=True) for n in range(1, order + 1)]
    shares: FloatArray = np.full(len(ids), 1 / size)
    for n, (grams, counts) in enumerate(seen, 1):
        if n < order:
            grams, counts = np.unique(seen[n][0] % size**n, return_counts=True)
        discount = discounts(counts)
        contexts, first = np.unique(grams // size, return_index=True)
        totals = np.add.reduceat(counts, first)
        taken = np.add.reduceat(discount[counts.clip(max=3)], first)
        wanted = codes(ids, size, n)
        (count,) = looked_up(grams, wanted, counts)
        total, left = looked_up(contexts, wanted // size, totals, taken)
        shares = shares[len(shares) - len(wanted) :]
        kept = np.maximum(count - discount[count.clip(max=3)], 0)
        shares = np.where(total > 0, (kept + left * shares) / np.maximum(total, 1), shares)
    return -np.log2(shares)


def discounts(counts: Ids) -> NDArray[np.float64]:
    """Return what is taken from a count of 0, 1, 2, and 3 or more: (4,), by equation 17 of Chen & Goodman (1999).

    These are estimated from how many n-grams were counted once to four times; ``FALLBACK`` takes their place where
    there are too few of them for an estimate within its range.
    """
    n1, n2, n3, n4 = (int((counts == count).sum()) for count in (1, 2, 3, 4))
    estimates = FALLBACK
    if n1 and n2 and n3:
        share = n1 / (n1 + 2 * n2)
        own = (1 - 2 * share * n2 / n1, 2 - 3 * share * n3 / n2, 3 - 4 * share * n4 / n3)
        if all(0 <= each <= count for count, each in enumerate(own, 1)):
            estimates = own
    return np.array([0, *estimates])
