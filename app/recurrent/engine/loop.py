"""The one compiled loop through time, into which a cell puts its row.

``Cell.step`` is the definition and the tests' oracle; here the same arithmetic is ordered for the processor. A batch of
B sequences lies step by step in arrays (T, B, ·): the inputs ``x`` (T, B, E), and ``a`` (T, B, blocks, H), which
becomes gates and candidate. If ``panels_ih`` is empty, ``a`` already holds the input products, or, where all sequences
have the same inputs, ``x`` (T, 1, blocks·H) does. Sequence b has ``steps[b]`` steps, falling from T; its rows past them
have no meaning. ``direction`` is 1 from the first step to the last, or −1
from the last to the first, where a sequence joins in at its own last. The states ``h`` (B, P) and ``c`` (B, H) are what
the sequences start from, and at the end what they ended with; ``cells`` and ``hidden`` hold them step by step. P is H
unless the cell projects. A cell state that a cell does not have is (B, 0).

``first``, ``letters``, ``rows``, ``scale``, ``shift`` and ``take`` are an ``Edits``: the changes from ``first[t]`` to
``first[t + 1]`` act at step t. Before it the loop puts the states, which an edit may take again, into ``source``.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numba import boolean, float32, int64

from ..cache import compiled
from ..cells.cell import Cell
from ..cells.elementwise import INTEGERS, MATRIX, VECTOR, ZERO, amend
from .products import BATCHES, active, add_products, fill, input_products, is_finite, rests

Kernel = Callable[..., bool]

WEIGHTS = (MATRIX, BATCHES)  # row by row, and in panels, which may be empty
SIGNATURE = boolean(
    *(BATCHES, BATCHES, VECTOR, float32[:, :, :, ::1]),
    *(*WEIGHTS, *WEIGHTS, VECTOR, *WEIGHTS, MATRIX),
    *(int64, INTEGERS, MATRIX, MATRIX, BATCHES, BATCHES),
    *(INTEGERS, INTEGERS, INTEGERS, BATCHES, BATCHES, BATCHES),
)


@cache
def kernel(cell: Cell) -> Kernel:
    """Return the loop of a cell, compiled on first use or loaded from the cache on disk."""
    row, has_two_rows = cell.row, cell.second_row is not None
    second_row = cell.second_row or cell.row
    is_apart, is_recurrent = cell.recurrence == "apart", cell.has_recurrent_weights
    has_peepholes = len(cell.peepholes) > 0
    # Bounded states can only become NaN, which spreads to all later steps: checking the last ones is enough.
    tells_at_the_end = cell.bounded
    letters_count = len(cell.letters)
    hidden_letter, cell_letter = cell.activations.index("h"), cell.activations.find("c")

    def run(
        x: Any,
        panels_ih: Any,
        bias: Any,
        a: Any,
        w_hh: Any,
        panels_hh: Any,
        w_second: Any,
        panels_second: Any,
        b_hh: Any,
        w_hr: Any,
        panels_hr: Any,
        w_ch: Any,
        direction: Any,
        steps: Any,
        c: Any,
        h: Any,
        cells: Any,
        hidden: Any,
        first: Any,
        letters: Any,
        rows: Any,
        scale: Any,
        shift: Any,
        take: Any,
    ) -> bool:
        batch, blocks, size = a.shape[1], a.shape[2], a.shape[3]
        has_cells, projected = c.shape[1] > 0, len(w_hr) > 0
        sums, out = a.reshape(len(a), batch, blocks * size), np.empty((batch, size), np.float32)
        u = np.empty((batch, max(len(w_hh) // size, 1), size), np.float32)
        second_u = np.empty((batch, 1, size), np.float32)
        products, second_products = u.reshape(batch, u.shape[1] * size), second_u.reshape(batch, size)
        source, own = np.empty((batch, letters_count, size), np.float32), len(scale) - 1
        nothing = letters[:0], rows[:0], scale[0], shift[0], take[0], source[0]
        rest, finite = rests(batch), True
        if has_peepholes:
            u[:, : len(w_ch)] = w_ch
        for i in range(len(a)):
            input_products(i, direction, x, panels_ih, bias, rest, sums)
            t = i if direction > 0 else len(a) - 1 - i
            count = active(steps, t)
            begin, end = (first[t], first[t + 1]) if len(first) > 0 else (0, 0)
            of, at = letters[begin:end], rows[begin:end]
            if begin < end:
                for b in range(count):
                    for j in range(h.shape[1]):
                        source[b, hidden_letter, j] = h[b, j]
                    if has_cells:
                        for j in range(size):
                            source[b, cell_letter, j] = c[b, j]
            if is_apart:
                fill(b_hh[: len(w_hh)], products[:count])
                add_products(w_hh, panels_hh, h[:count], rest, products[:count])
            elif is_recurrent:
                add_products(w_hh, panels_hh, h[:count], rest, sums[t][:count])
            for b in range(count):
                now = nothing
                if begin < end:
                    k = min(b, own)
                    now = of, at, scale[k], shift[k], take[k], source[b]
                row(a[t, b], u[b], c[b], h[b], out[b], now)
            if has_two_rows:
                fill(b_hh[len(w_hh) :], second_products[:count])
                add_products(w_second, panels_second, out[:count], rest, second_products[:count])
                for b in range(count):
                    now = nothing
                    if begin < end:
                        k = min(b, own)
                        now = of, at, scale[k], shift[k], take[k], source[b]
                    second_row(a[t, b], second_u[b], c[b], h[b], out[b], now)
            if has_cells:
                for b in range(count):
                    for j in range(size):
                        cells[t, b, j] = c[b, j]
            if projected:
                h[:count] = ZERO
                add_products(w_hr, panels_hr, out[:count], rest, h[:count])
            else:
                for b in range(count):
                    for j in range(size):
                        h[b, j] = out[b, j]
            if begin < end:
                for b in range(count):
                    k = min(b, own)
                    amend((of, at, scale[k], shift[k], take[k], source[b]), hidden_letter, h[b])
            for b in range(count):
                for j in range(h.shape[1]):
                    hidden[t, b, j] = h[b, j]
            if projected or not tells_at_the_end:
                finite = finite and is_finite(h[:count])
        return finite and is_finite(c) and is_finite(h)

    return compiled(SIGNATURE, name="kernel " + cell.variant)(run)
