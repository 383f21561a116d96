"""Sums over units for every pair of a step and an earlier one, with the shares kept in between multiplied up.

A part that is written at step k, ``write[k]`` (H,), is multiplied by ``keep[s]`` at every later step s. Steps are in
the order in which they are taken; everything is float64. Sums are computed directly within blocks of steps. From block
to block the product of what is kept is split at the boundary, so that they become matrix products: O(T²·H)
operations, and no more than O(T·H) memory next to the answer.

A number that has become smaller than ``LEAST`` is 0 from there on: what is denormal is slow.
"""

from typing import Any

import numpy as np
import torch
from numba import float64, void
from numpy.typing import NDArray

from ..cache import compiled

Array = NDArray[np.float64]

BLOCK = 64  # steps, up to which no matrix product is faster
LEAST = 2.0**-500

MATRIX, VECTOR, VIEW = float64[:, ::1], float64[::1], float64[:, :]
NOTHING = np.empty((0, 0))


@compiled(void(MATRIX, MATRIX, VECTOR, MATRIX))
def accumulate(keep: Any, write: Any, initial: Any, out: Any) -> None:
    """Put s_t = keep_t ⊙ s_{t-1} + write_t, from s_{-1} = ``initial`` on, into ``out`` (T, H).

    A ``write`` without rows stands for zeros.
    """
    before, writes = initial, len(write) > 0
    for t in range(len(keep)):
        for j in range(len(initial)):
            s = keep[t, j] * before[j]
            if writes:
                s += write[t, j]
            out[t, j] = s if abs(s) >= LEAST else 0.0
        before = out[t]


@compiled(void(MATRIX, MATRIX, MATRIX, VIEW, VIEW), "reassoc", "nsz")
def _within(keep: Any, read: Any, write: Any, out: Any, absolute: Any) -> None:
    """As ``pair_sums``, for few steps and with everything given."""
    part = np.empty(write.shape[1])
    for k in range(len(write)):
        of_read = of_absolute = 0.0
        for j in range(len(part)):
            part[j] = write[k, j]
            of_read += read[k, j] * part[j]
            of_absolute += abs(part[j])
        out[k, k], absolute[k, k] = of_read, of_absolute
        for t in range(k + 1, len(write)):
            if of_absolute < LEAST:
                break
            of_read = of_absolute = 0.0
            for j in range(len(part)):
                p = part[j] * keep[t, j]
                part[j] = p
                of_read += read[t, j] * p
                of_absolute += abs(p)
            out[t, k], absolute[t, k] = of_read, of_absolute


def pair_sums(keep: Array, read: Array | None, write: Array, out: Array | None, absolute: Array | None = None) -> None:
    """Put Σ read_t ⊙ part_k,t, over units, into ``out`` (T, T), row t, column k <= t; Σ |part_k,t| into ``absolute``.

    part_k,t is what is left at step t of ``write[k]``. Both must hold zeros, and may be views; None is not wanted.
    """
    steps, size = write.shape
    if steps <= BLOCK:
        unwanted = np.zeros((steps, steps)) if out is None or absolute is None else NOTHING
        _within(
            keep,
            write if read is None else read,
            write,
            unwanted if out is None else out,
            unwanted if absolute is None else absolute,
        )
        return
    middle = steps // 2
    earlier, later = slice(middle), slice(middle, None)
    for half in (earlier, later):
        pair_sums(
            keep[half],
            None if read is None else read[half],
            write[half],
            None if out is None else out[half, half],
            None if absolute is None else absolute[half, half],
        )
    after, until = np.empty((steps - middle, size)), np.empty((middle, size))
    accumulate(keep[later], NOTHING, np.ones(size), after)  # from the boundary to t
    until[0] = 1
    accumulate(keep[middle - 1 : 0 : -1].copy(), NOTHING, np.ones(size), until[1:])  # from k to the boundary
    left = write[earlier] * until[::-1]
    if out is not None and read is not None:
        out[later, earlier] = _product(read[later] * after, left)
    if absolute is not None:
        absolute[later, earlier] = _product(np.abs(after), np.abs(left))


def _product(rows: Array, columns: Array) -> Array:
    """Return rows · columnsᵀ, on as many threads as PyTorch may use."""
    return torch.mm(torch.from_numpy(rows), torch.from_numpy(columns).t()).numpy()
