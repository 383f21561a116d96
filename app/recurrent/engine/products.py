"""Matrix products of the compiled loop, and checks for finite numbers.

- A product of many rows takes the weights in panels (``matmul``). That of a short sequence reads the weights row by
  row, four rows at a time.
- The input products of a block of steps are one matrix product, made just before these steps are taken, so that it is
  still in the cache when gates and candidate replace it.
- Nothing is allocated from step to step, and Python's lock is released throughout.
"""

import numpy as np
from numba import boolean, float32, int64, void

from ..cache import compiled
from ..cells.elementwise import INTEGERS, MATRIX, VECTOR, ZERO, Array
from .matmul import (
    HALF,
    LANES,
    SEQUENCES,
    WIDTH,
    add_half_row,
    add_half_tile,
    add_narrow_row,
    add_narrow_tile,
    add_row,
    add_tile,
    put_block,
)

BATCHES = float32[:, :, ::1]
CHUNK = 256  # products in a sum: longer sums in float32 lose digits
CHUNK_OF_FEW = 32  # the same for a few sequences: PyTorch splits their sums as finely
BLOCK = 64  # rows of inputs whose products are made at once


@compiled(void(MATRIX, VECTOR, VECTOR), "reassoc")
def add_product(w: Array, x: Array, out: Array) -> None:
    """Add ``W x`` to ``out``, with ``W`` (R, K) read four rows at a time."""
    rows, inner = w.shape
    fours = rows // 4 * 4
    for j in range(0, fours, 4):
        x0, x1, x2, x3 = ZERO, ZERO, ZERO, ZERO
        for k in range(inner):
            x_k = x[k]
            x0 += w[j, k] * x_k
            x1 += w[j + 1, k] * x_k
            x2 += w[j + 2, k] * x_k
            x3 += w[j + 3, k] * x_k
        out[j] += x0
        out[j + 1] += x1
        out[j + 2] += x2
        out[j + 3] += x3
    for j in range(fours, rows):
        total = ZERO
        for k in range(inner):
            total += w[j, k] * x[k]
        out[j] += total


@compiled(void(MATRIX, BATCHES))
def put_in_panels(w: Array, panels: Array) -> None:
    """Put ``W`` (R, K) into ``panels`` (⌈R / WIDTH⌉, K, WIDTH)."""
    rows, inner = w.shape
    squares, full = inner // LANES * LANES, rows // LANES * LANES
    if rows % WIDTH > 0:
        panels[-1] = ZERO
    for j in range(0, full, LANES):
        for k in range(0, squares, LANES):
            put_block(w, j, k, panels[j // WIDTH], j % WIDTH)
    for j in range(rows):
        for k in range(squares if j < full else 0, inner):
            panels[j // WIDTH, k, j % WIDTH] = w[j, k]


@compiled(void(MATRIX, BATCHES, MATRIX, MATRIX))
def add_panels(x: Array, panels: Array, rest: Array, out: Array) -> None:
    """Add ``W x[b]`` to each ``out[b]``, for ``W`` (R, K) in panels and ``x`` (B, K).

    The last panel may be wider than what is left of ``out``: its sums are made in ``rest``, which has at least B rows.
    """
    (count, inner), rows = x.shape, out.shape[1]
    tiled, full = count // SEQUENCES * SEQUENCES, rows // WIDTH
    chunk = CHUNK if tiled > 0 else CHUNK_OF_FEW
    for p in range(full):
        for k in range(0, inner, chunk):
            for b in range(0, tiled, SEQUENCES):
                add_tile(x, b, k, min(k + chunk, inner), panels, p, 0, out, p * WIDTH)
            for b in range(tiled, count):
                add_row(x, b, k, min(k + chunk, inner), panels, p, 0, out, p * WIDTH)
    halves = (rows - full * WIDTH) // HALF * HALF
    if halves > 0:
        for k in range(0, inner, chunk):
            for b in range(0, tiled, SEQUENCES):
                add_half_tile(x, b, k, min(k + chunk, inner), panels, full, 0, out, full * WIDTH)
            for b in range(tiled, count):
                add_half_row(x, b, k, min(k + chunk, inner), panels, full, 0, out, full * WIDTH)
    for lane in range(halves, rows - full * WIDTH, LANES):
        for b in range(count):
            for j in range(LANES):
                rest[b, j] = ZERO
        for k in range(0, inner, chunk):
            for b in range(0, tiled, SEQUENCES):
                add_narrow_tile(x, b, k, min(k + chunk, inner), panels, full, lane, rest, 0)
            for b in range(tiled, count):
                add_narrow_row(x, b, k, min(k + chunk, inner), panels, full, lane, rest, 0)
        first = full * WIDTH + lane
        for b in range(count):
            for j in range(min(LANES, rows - first)):
                out[b, first + j] += rest[b, j]


@compiled(void(MATRIX, BATCHES, MATRIX, MATRIX, MATRIX))
def add_products(w: Array, panels: Array, x: Array, rest: Array, out: Array) -> None:
    """Add ``W x[b]`` to each ``out[b]`` for ``x`` (B, K), with the panels of ``W`` unless they are empty."""
    if len(panels) > 0:
        add_panels(x, panels, rest, out)
    else:
        for b in range(len(x)):
            add_product(w, x[b], out[b])


@compiled(MATRIX(int64))
def rests(batch: int) -> Array:
    """Return the ``rest`` that ``add_panels`` needs, large enough for any product of a run."""
    return np.empty((max(batch, BLOCK), LANES), np.float32)


@compiled(void(VECTOR, MATRIX))
def fill(row: Array, out: Array) -> None:
    """Set each ``out[b]`` to ``row``."""
    for b in range(len(out)):
        for j in range(len(row)):
            out[b, j] = row[j]


@compiled(void(int64, int64, BATCHES, BATCHES, VECTOR, MATRIX, BATCHES))
def input_products(i: int, direction: int, x: Array, panels: Array, bias: Array, rest: Array, a: Array) -> None:
    """Fill ``a`` (T, B, R) for all steps of a block before its first; ``i`` counts steps in the order taken.

    If all sequences have the same inputs, ``x`` (T, 1, R) holds their products.
    """
    steps, batch, rows = a.shape
    if x.shape[1] < batch:
        t = i if direction > 0 else steps - 1 - i
        fill(x[t, 0], a[t])
        return
    block = max(BLOCK // batch, 1)
    if len(panels) == 0 or i % block > 0:
        return
    first, stop = i, min(i + block, steps)
    if direction < 0:
        first, stop = steps - stop, steps - first
    out = a[first:stop].reshape((stop - first) * batch, rows)
    fill(bias, out)
    add_panels(x[first:stop].reshape(len(out), x.shape[2]), panels, rest, out)


@compiled(boolean(MATRIX), "reassoc")
def is_finite(numbers: Array) -> bool:
    """Return whether all numbers are finite: 0 times NaN or infinity is NaN."""
    total = ZERO
    for i in range(numbers.shape[0]):
        for j in range(numbers.shape[1]):
            total += numbers[i, j] * ZERO
    return bool(total == ZERO)


@compiled(boolean(MATRIX, MATRIX, VECTOR, VECTOR, MATRIX, MATRIX))
def are_finite(w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array, w_hr: Array, w_ch: Array) -> bool:
    """Return whether all weights of a layer are finite."""
    matrices = is_finite(w_ih) and is_finite(w_hh) and is_finite(w_hr) and is_finite(w_ch)
    return matrices and is_finite(b_ih.reshape(1, -1)) and is_finite(b_hh.reshape(1, -1))


@compiled(int64(INTEGERS, int64))
def active(steps: Array, t: int) -> int:
    """Return how many sequences, of which the longest come first, have a step ``t``."""
    count = len(steps)
    while count > 0 and steps[count - 1] <= t:
        count -= 1
    return count
