"""The cells, compiled: every activation of a batch of sequences in one pass through time.

``cells.py`` defines the equations and is the oracle in the tests; here they are ordered for the processor.

- The input products of some steps are one matrix product, made just before these steps are taken: it is still in the
  cache when gates and candidate take its place.
- A product of many rows of inputs takes the weights in panels (``tile.py``). The recurrent product of a sequence or few
  reads the rows of ``W_hh`` as they lie in memory, four at a time.
- e^x is a polynomial: the compiler turns it into vector code, which a call of the C library would prevent.
- Nothing is allocated from step to step, and Python's lock is released throughout.

A batch of B sequences lies step by step in arrays (T, B, ·): the inputs ``x`` (T, B, E), and ``a``, which becomes gates
and candidate. Where ``panels_ih`` are none, it holds the input products already. Sequence b has ``steps[b]`` steps,
falling from T; what stands in its rows past them is of no meaning. ``direction`` is 1 from the first step to the last,
or -1 from the last to the first, where a sequence joins in at its own last. The states ``h`` (B, P) and ``c`` (B, H)
are what the sequences start from, and at the end what they ended with; P is H unless an LSTM projects.

A kernel returns whether all states are finite. Where they are bounded, only NaN can come up, which spreads to all later
steps: the last ones tell.
"""

from typing import Any

import numpy as np
from numba import boolean, float32, int64, void
from numpy.typing import NDArray

from ..cache import compiled
from .matmul import LANES, SEQUENCES, WIDTH, add_narrow_row, add_narrow_tile, add_row, add_tile, put_block

Array = NDArray[Any]

GATES, STATES, MATRIX, VECTOR = float32[:, :, :, ::1], float32[:, :, ::1], float32[:, ::1], float32[::1]
INTEGERS = int64[::1]
INPUTS, RECURRENT, TIME = (STATES, STATES, VECTOR), (MATRIX, STATES), (int64, INTEGERS)

ZERO, ONE, TWO = map(np.float32, (0, 1, 2))
LOG2_E, LN_2_HIGH, LN_2_LOW = map(np.float32, (1.44269504, 0.693359375, -2.12194440e-4))
# e^r = 1 + r + r²·P(r) for |r| <= ln(2) / 2, to float32 (Cephes, expf.c).
P0, P1, P2, P3, P4, P5 = map(
    np.float32, (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
)
EXPONENT_BIAS, MANTISSA_BITS = 127, 23  # of a float32
# A small k plus this is rounded to an integer, whose bits are the lowest, with the bias of an exponent added.
ROUNDING = np.float32(1.5 * 2**MANTISSA_BITS + EXPONENT_BIAS)
SMALL = np.float32(2.0**-32)
ROUNDING_TO_SMALL = ROUNDING - np.float32(32)  # in its place, for 2^k times SMALL
MOST = np.float32(88)  # e^88 is near the largest float32
SIGMOID_IS_0, SIGMOID_IS_1 = np.float32(-104), np.float32(20)  # rounded to float32, there and beyond
CHUNK = 256  # products in a sum: a longer one of float32 loses digits
BLOCK = 64  # rows of inputs whose products are made at once


@compiled(float32(float32, float32, float32))
def between(low: Any, x: Any, high: Any) -> Any:
    """Return ``x``, or the bound that it is beyond; NaN stays NaN."""
    bounded = low if x < low else x
    return high if bounded > high else bounded


@compiled(float32(float32, float32, float32))
def scaled_expm1(x: Any, rounding: Any, one: Any) -> Any:
    """Return e^x − 1 for ``ROUNDING`` and ONE, or that times SMALL for ``ROUNDING_TO_SMALL`` and SMALL.

    e^x may overflow, but not what is returned.
    """
    shifted = x * LOG2_E + rounding
    k = shifted - rounding
    r = x - k * LN_2_HIGH - k * LN_2_LOW
    p = ((((P0 * r + P1) * r + P2) * r + P3) * r + P4) * r + P5
    two_to_the_k = np.int32(np.float32(shifted).view(np.int32) << MANTISSA_BITS).view(np.float32)
    return (p * r * r + r) * two_to_the_k + (two_to_the_k - one)


@compiled(float32(float32))
def expm1(x: Any) -> Any:
    """Return e^x − 1 to 2 ulp for x <= 88, from where on it is constant; NaN stays NaN."""
    return scaled_expm1(between(-MOST, x, MOST), ROUNDING, ONE)


@compiled(float32(float32))
def sigmoid(x: Any) -> Any:
    """Return 1 / (1 + e^−x), down to the least float32: times SMALL, no e^−x overflows before that is reached."""
    return SMALL / (TWO * SMALL + scaled_expm1(-between(SIGMOID_IS_0, x, SIGMOID_IS_1), ROUNDING_TO_SMALL, SMALL))


@compiled(float32(float32))
def tanh(x: Any) -> Any:
    """Return (e^2x − 1) / (e^2x + 1), near 0 as exact as elsewhere."""
    e = expm1(TWO * x)
    return e / (TWO + e)


@compiled(void(MATRIX, VECTOR, VECTOR), "reassoc")
def add_product(w: Array, x: Array, out: Array) -> None:
    """``out += W x`` with ``W`` (R, K), four rows at a time as they lie in memory."""
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


@compiled(void(MATRIX, STATES))
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


@compiled(void(MATRIX, STATES, MATRIX, MATRIX))
def add_panels(x: Array, panels: Array, rest: Array, out: Array) -> None:
    """``out[b] += W x[b]`` for ``W`` (R, K) in panels and ``x`` (B, K).

    The last panel may be wider than what is left of ``out``: its sums are made in ``rest``, B rows or more.
    """
    (count, inner), rows = x.shape, out.shape[1]
    tiled, full = count // SEQUENCES * SEQUENCES, rows // WIDTH
    for p in range(full):
        for k in range(0, inner, CHUNK):
            for b in range(0, tiled, SEQUENCES):
                add_tile(x, b, k, min(k + CHUNK, inner), panels, p, 0, out, p * WIDTH)
            for b in range(tiled, count):
                add_row(x, b, k, min(k + CHUNK, inner), panels, p, 0, out, p * WIDTH)
    for lane in range(0, rows - full * WIDTH, LANES):
        for b in range(count):
            for j in range(LANES):
                rest[b, j] = ZERO
        for k in range(0, inner, CHUNK):
            for b in range(0, tiled, SEQUENCES):
                add_narrow_tile(x, b, k, min(k + CHUNK, inner), panels, full, lane, rest, 0)
            for b in range(tiled, count):
                add_narrow_row(x, b, k, min(k + CHUNK, inner), panels, full, lane, rest, 0)
        first = full * WIDTH + lane
        for b in range(count):
            for j in range(min(LANES, rows - first)):
                out[b, first + j] += rest[b, j]


@compiled(void(MATRIX, STATES, MATRIX, MATRIX, MATRIX))
def add_products(w: Array, panels: Array, x: Array, rest: Array, out: Array) -> None:
    """``out[b] += W x[b]`` for each row of ``x`` (B, K); from the panels of ``W``, where it has been put there."""
    if len(panels) > 0:
        add_panels(x, panels, rest, out)
    else:
        for b in range(len(x)):
            add_product(w, x[b], out[b])


@compiled(MATRIX(int64))
def rests(batch: int) -> Array:
    """What ``add_panels`` takes as ``rest``, for any product of a run."""
    return np.empty((max(batch, BLOCK), LANES), np.float32)


@compiled(void(VECTOR, MATRIX))
def fill(row: Array, out: Array) -> None:
    """``out[b] = row``."""
    for b in range(len(out)):
        for j in range(len(row)):
            out[b, j] = row[j]


@compiled(void(int64, int64, STATES, STATES, VECTOR, MATRIX, STATES))
def input_products(i: int, direction: int, x: Array, panels: Array, bias: Array, rest: Array, a: Array) -> None:
    """Before the first step of a block, fill ``a`` (T, B, R) for all its steps; ``i`` counts as the steps are taken."""
    steps, batch, rows = a.shape
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
    """Whether no number is NaN or infinite: nought times either is NaN."""
    total = ZERO
    for i in range(numbers.shape[0]):
        for j in range(numbers.shape[1]):
            total += numbers[i, j] * ZERO
    return bool(total == ZERO)


@compiled(boolean(MATRIX, MATRIX, VECTOR, VECTOR, MATRIX))
def are_finite(w_ih: Array, w_hh: Array, b_ih: Array, b_hh: Array, w_hr: Array) -> bool:
    """Whether no number of a layer is NaN or infinite."""
    matrices = is_finite(w_ih) and is_finite(w_hh) and is_finite(w_hr)
    return matrices and is_finite(b_ih.reshape(1, -1)) and is_finite(b_hh.reshape(1, -1))


@compiled(int64(INTEGERS, int64))
def active(steps: Array, t: int) -> int:
    """How many sequences, the longest first, have a step ``t``."""
    count = len(steps)
    while count > 0 and steps[count - 1] <= t:
        count -= 1
    return count


@compiled(boolean(*INPUTS, STATES, *RECURRENT, *TIME, MATRIX))
def rnn(
    x: Array,
    panels_ih: Array,
    bias: Array,
    a: Array,
    w_hh: Array,
    panels: Array,
    direction: int,
    steps: Array,
    h: Array,
) -> bool:
    """``a`` (T, B, H) becomes h."""
    size = h.shape[1]
    rest = rests(len(steps))
    for i in range(len(a)):
        input_products(i, direction, x, panels_ih, bias, rest, a)
        t = i if direction > 0 else len(a) - 1 - i
        count = active(steps, t)
        add_products(w_hh, panels, h[:count], rest, a[t][:count])
        for b in range(count):
            for j in range(size):
                h[b, j] = tanh(a[t, b, j])
            for j in range(size):
                a[t, b, j] = h[b, j]
    return is_finite(h)


@compiled(boolean(*INPUTS, STATES, *RECURRENT, *TIME, MATRIX))
def relu_rnn(
    x: Array,
    panels_ih: Array,
    bias: Array,
    a: Array,
    w_hh: Array,
    panels: Array,
    direction: int,
    steps: Array,
    h: Array,
) -> bool:
    """As ``rnn``, with relu in the place of tanh; NaN stays NaN."""
    size = h.shape[1]
    rest, finite = rests(len(steps)), True
    for i in range(len(a)):
        input_products(i, direction, x, panels_ih, bias, rest, a)
        t = i if direction > 0 else len(a) - 1 - i
        count = active(steps, t)
        add_products(w_hh, panels, h[:count], rest, a[t][:count])
        for b in range(count):
            for j in range(size):
                h[b, j] = ZERO if a[t, b, j] < ZERO else a[t, b, j]
            for j in range(size):
                a[t, b, j] = h[b, j]
        finite = finite and is_finite(h[:count])
    return finite


@compiled(boolean(*INPUTS, GATES, *RECURRENT, *RECURRENT, *TIME, MATRIX, MATRIX, STATES, STATES))
def lstm(
    x: Array,
    panels_ih: Array,
    bias: Array,
    a: Array,
    w_hh: Array,
    panels: Array,
    w_hr: Array,
    panels_hr: Array,
    direction: int,
    steps: Array,
    c: Array,
    h: Array,
    cells: Array,
    hidden: Array,
) -> bool:
    """``a`` (T, B, 4, H) becomes i f g o. ``w_hr`` is (0, H) where there is no projection."""
    size, width, projected = c.shape[1], h.shape[1], len(w_hr) > 0
    inputs, out = a.reshape(len(a), len(steps), 4 * size), np.empty_like(c)
    rest, finite = rests(len(steps)), True
    for i in range(len(a)):
        input_products(i, direction, x, panels_ih, bias, rest, inputs)
        t = i if direction > 0 else len(a) - 1 - i
        count = active(steps, t)
        add_products(w_hh, panels, h[:count], rest, inputs[t][:count])
        for b in range(count):
            for block in range(4):
                if block == 2:
                    for j in range(size):
                        a[t, b, block, j] = tanh(a[t, b, block, j])
                else:
                    for j in range(size):
                        a[t, b, block, j] = sigmoid(a[t, b, block, j])
            for j in range(size):
                c[b, j] = a[t, b, 1, j] * c[b, j] + a[t, b, 0, j] * a[t, b, 2, j]
                out[b, j] = a[t, b, 3, j] * tanh(c[b, j])
            for j in range(size):
                cells[t, b, j] = c[b, j]
        if projected:
            h[:count] = ZERO
            add_products(w_hr, panels_hr, out[:count], rest, h[:count])
            finite = finite and is_finite(h[:count])
        else:
            for b in range(count):
                for j in range(size):
                    h[b, j] = out[b, j]
        for b in range(count):
            for j in range(width):
                hidden[t, b, j] = h[b, j]
    return finite and is_finite(c) and is_finite(h)


@compiled(boolean(*INPUTS, GATES, *RECURRENT, VECTOR, *TIME, MATRIX, STATES))
def gru(
    x: Array,
    panels_ih: Array,
    b_ih: Array,
    a: Array,
    w_hh: Array,
    panels: Array,
    b_hh: Array,
    direction: int,
    steps: Array,
    h: Array,
    hidden: Array,
) -> bool:
    """``a`` (T, B, 3, H) becomes r z n."""
    size = h.shape[1]
    u = np.empty((len(steps), 3 * size), np.float32)
    inputs = a.reshape(len(a), len(steps), 3 * size)
    rest = rests(len(steps))
    for i in range(len(a)):
        input_products(i, direction, x, panels_ih, b_ih, rest, inputs)
        t = i if direction > 0 else len(a) - 1 - i
        count = active(steps, t)
        fill(b_hh, u[:count])
        add_products(w_hh, panels, h[:count], rest, u[:count])
        for b in range(count):
            for block in range(2):
                for j in range(size):
                    a[t, b, block, j] = sigmoid(a[t, b, block, j] + u[b, block * size + j])
            for j in range(size):
                a[t, b, 2, j] = tanh(a[t, b, 2, j] + a[t, b, 0, j] * u[b, 2 * size + j])
            for j in range(size):
                h[b, j] = (ONE - a[t, b, 1, j]) * a[t, b, 2, j] + a[t, b, 1, j] * h[b, j]
            for j in range(size):
                hidden[t, b, j] = h[b, j]
    return is_finite(h)


@compiled(boolean(*INPUTS, GATES, *RECURRENT, VECTOR, *TIME, MATRIX, STATES))
def reset_before_gru(
    x: Array,
    panels_ih: Array,
    b_ih: Array,
    a: Array,
    w_hh: Array,
    panels: Array,
    b_hh: Array,
    direction: int,
    steps: Array,
    h: Array,
    hidden: Array,
) -> bool:
    """As ``gru``, with r applied before the recurrent product of n."""
    size = h.shape[1]
    # The rows of n may begin within a panel: the products then begin with that panel.
    first = 2 * size // WIDTH * WIDTH if len(panels) > 0 else 2 * size
    panels_z, panels_n = panels[: (2 * size + WIDTH - 1) // WIDTH], panels[first // WIDTH :]
    inputs, kept = a.reshape(len(a), len(steps), 3 * size), np.empty_like(h)
    u, u_n = np.empty((len(steps), 2 * size), np.float32), np.empty((len(steps), 3 * size - first), np.float32)
    rest = rests(len(steps))
    for i in range(len(a)):
        input_products(i, direction, x, panels_ih, b_ih, rest, inputs)
        t = i if direction > 0 else len(a) - 1 - i
        count = active(steps, t)
        fill(b_hh[: 2 * size], u[:count])
        add_products(w_hh[: 2 * size], panels_z, h[:count], rest, u[:count])
        for b in range(count):
            for block in range(2):
                for j in range(size):
                    a[t, b, block, j] = sigmoid(a[t, b, block, j] + u[b, block * size + j])
            for j in range(size):
                kept[b, j] = a[t, b, 0, j] * h[b, j]
        fill(b_hh[first:], u_n[:count])
        add_products(w_hh[first:], panels_n, kept[:count], rest, u_n[:count])
        for b in range(count):
            for j in range(size):
                a[t, b, 2, j] = tanh(a[t, b, 2, j] + u_n[b, 2 * size - first + j])
            for j in range(size):
                h[b, j] = (ONE - a[t, b, 1, j]) * a[t, b, 2, j] + a[t, b, 1, j] * h[b, j]
            for j in range(size):
                hidden[t, b, j] = h[b, j]
    return is_finite(h)
