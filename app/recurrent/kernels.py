"""The cells, compiled: every activation of a batch of sequences in one pass through time.

``cells.py`` defines the equations and is the oracle in the tests; here they are ordered for the processor.

- The input products of all steps are one matrix product, made beforehand; gates and candidate then take its place.
- The recurrent product of one sequence reads the rows of ``W_hh`` as they lie in memory, four at a time; a batch takes
  them in panels, for four sequences at a time (``tile.py``).
- e^x is a polynomial: the compiler turns it into vector code, which a call of the C library would prevent.
- Nothing is allocated from step to step, and Python's lock is released throughout.

A batch of B sequences lies step by step in arrays (T, B, ·). Sequence b has ``steps[b]`` of them, falling from T; what
stands in its rows past them is of no meaning. ``direction`` is 1 from the first step to the last, or -1 from the last
to the first, where a sequence joins in at its own last. The states ``h`` (B, P) and ``c`` (B, H) are what the sequences
start from, and at the end what they ended with; P is H unless an LSTM projects.
"""

import functools
import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba import boolean, float32, int64, void
from numpy.typing import NDArray

from .tile import LANES, SEQUENCES, add_tile

logger = logging.getLogger(__name__)

Function = TypeVar("Function", bound=Callable[..., Any])
Array = NDArray[Any]

GATES, STATES, MATRIX, VECTOR = float32[:, :, :, ::1], float32[:, :, ::1], float32[:, ::1], float32[::1]
INTEGERS = int64[::1]

ZERO, HALF, ONE, TWO = map(np.float32, (0, 0.5, 1, 2))
LOG2_E, LN_2_HIGH, LN_2_LOW = map(np.float32, (1.44269504, 0.693359375, -2.12194440e-4))
# e^r = 1 + r + r²·P(r) for |r| <= ln(2) / 2, to float32 (Cephes, expf.c).
P0, P1, P2, P3, P4, P5 = map(
    np.float32, (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
)
MOST = np.float32(88)  # e^88 is near the largest float32
EXPONENT_BIAS, MANTISSA_BITS = 127, 23  # of a float32
CHUNK = 64


def compiled(signature: object, *fastmath: str) -> Callable[[Function], Function]:
    """Compile a function now, or load it from the cache on disk; without a cache where none can be written."""

    def decorate(function: Function) -> Function:
        def compile_(*, cache: bool) -> Function:
            flags = {"contract", *fastmath}
            compiler = numba.njit(signature, cache=cache, nogil=True, error_model="numpy", fastmath=flags)
            return cast("Function", compiler(function))

        try:
            return compile_(cache=True)
        except Exception:  # no folder for the cache, a full disk, or a file in it that was cut short
            warn_of_no_cache()
            return compile_(cache=False)

    return decorate


@functools.cache
def warn_of_no_cache() -> None:
    """Say once why every start takes some seconds longer."""
    logger.warning(
        "the kernels are compiled anew at every start: let NUMBA_CACHE_DIR name a folder that can be written"
    )


@compiled(float32(float32))
def expm1(x: Any) -> Any:
    """e^x − 1 to 2 ulp for x <= 88, from where on it is constant; NaN stays NaN."""
    bounded = min(max(x, -MOST), MOST)
    k = np.floor(bounded * LOG2_E + HALF)
    r = bounded - k * LN_2_HIGH - k * LN_2_LOW
    p = ((((P0 * r + P1) * r + P2) * r + P3) * r + P4) * r + P5
    two_to_the_k = np.int32((np.int32(k) + EXPONENT_BIAS) << MANTISSA_BITS).view(np.float32)
    result = (p * r * r + r) * two_to_the_k + (two_to_the_k - ONE)
    return result if x == x else x


@compiled(float32(float32))
def sigmoid(x: Any) -> Any:
    """1 / (1 + e^−x)."""
    return ONE / (TWO + expm1(-x))


@compiled(float32(float32))
def tanh(x: Any) -> Any:
    """(e^2x − 1) / (e^2x + 1), near 0 as exact as elsewhere."""
    e = expm1(TWO * x)
    return e / (TWO + e)


@compiled(void(MATRIX, VECTOR, VECTOR, VECTOR), "reassoc")
def product(w: Array, bias: Array, x: Array, out: Array) -> None:
    """``out[:R] = W x + bias`` with ``W`` (R, K), four rows at a time as they lie in memory."""
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
        out[j], out[j + 1], out[j + 2], out[j + 3] = x0 + bias[j], x1 + bias[j + 1], x2 + bias[j + 2], x3 + bias[j + 3]
    for j in range(fours, rows):
        total = ZERO
        for k in range(inner):
            total += w[j, k] * x[k]
        out[j] = total + bias[j]


@compiled(int64(int64))
def padded(rows: int) -> int:
    """The rows of ``W`` in panels."""
    return (rows + LANES - 1) // LANES * LANES


@compiled(STATES(MATRIX, int64))
def panels_of(w: Array, batch: int) -> Array:
    """``W`` (R, K) in panels, for ``tile.py``; none for a batch that fills no tile."""
    rows, inner = w.shape
    panels = np.zeros((padded(rows) // LANES if batch >= SEQUENCES else 0, inner, LANES), np.float32)
    for j in range(rows if len(panels) > 0 else 0):
        for k in range(inner):
            panels[j // LANES, k, j % LANES] = w[j, k]
    return panels


@compiled(void(MATRIX, STATES, VECTOR, MATRIX, int64, MATRIX))
def recurrent_products(w: Array, panels: Array, bias: Array, h: Array, count: int, out: Array) -> None:
    """``out[b, :R] = W h[b] + bias`` for the first ``count`` rows of ``h`` (B, K); ``out`` is as wide as the panels.

    The sums of a tile run over ``CHUNK`` products at a time, since a long sum of float32 loses digits.
    """
    rows, inner = w.shape
    tiled = count // SEQUENCES * SEQUENCES if len(panels) > 0 else 0
    for b in range(tiled):
        for j in range(rows):
            out[b, j] = bias[j]
    for p in range(len(panels) if tiled > 0 else 0):
        for k in range(0, inner, CHUNK):
            for b in range(0, tiled, SEQUENCES):
                add_tile(h, b, panels[p], k, min(k + CHUNK, inner), out, p * LANES)
    for b in range(tiled, count):
        product(w, bias, h[b], out[b])


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


@compiled(void(STATES, MATRIX, VECTOR, int64, INTEGERS, MATRIX))
def rnn(a: Array, w_hh: Array, b_hh: Array, direction: int, steps: Array, h: Array) -> None:
    """``a`` (T, B, H): the input products; becomes h."""
    size = h.shape[1]
    panels, u = panels_of(w_hh, len(steps)), np.zeros((len(steps), padded(size)), np.float32)
    for i in range(len(a)):
        t = i if direction > 0 else len(a) - 1 - i
        count = active(steps, t)
        recurrent_products(w_hh, panels, b_hh, h, count, u)
        for b in range(count):
            for j in range(size):
                h[b, j] = tanh(a[t, b, j] + u[b, j])
            for j in range(size):
                a[t, b, j] = h[b, j]


@compiled(void(STATES, MATRIX, VECTOR, int64, INTEGERS, MATRIX))
def relu_rnn(a: Array, w_hh: Array, b_hh: Array, direction: int, steps: Array, h: Array) -> None:
    """As ``rnn``, with relu in the place of tanh; NaN stays NaN."""
    size = h.shape[1]
    panels, u = panels_of(w_hh, len(steps)), np.zeros((len(steps), padded(size)), np.float32)
    for i in range(len(a)):
        t = i if direction > 0 else len(a) - 1 - i
        count = active(steps, t)
        recurrent_products(w_hh, panels, b_hh, h, count, u)
        for b in range(count):
            for j in range(size):
                h[b, j] = a[t, b, j] + u[b, j]
                if h[b, j] < ZERO:
                    h[b, j] = ZERO
            for j in range(size):
                a[t, b, j] = h[b, j]


@compiled(void(GATES, MATRIX, VECTOR, MATRIX, int64, INTEGERS, MATRIX, MATRIX, STATES, STATES))
def lstm(
    a: Array,
    w_hh: Array,
    b_hh: Array,
    w_hr: Array,
    direction: int,
    steps: Array,
    c: Array,
    h: Array,
    cells: Array,
    hidden: Array,
) -> None:
    """``a`` (T, B, 4, H): the input products; becomes i f g o. ``w_hr`` is (0, H) where there is no projection."""
    size, width, projected = c.shape[1], h.shape[1], len(w_hr) > 0
    panels, u = panels_of(w_hh, len(steps)), np.zeros((len(steps), padded(4 * size)), np.float32)
    out, no_bias = np.empty(c.shape, np.float32), np.zeros(width, np.float32)
    panels_hr, u_hr = panels_of(w_hr, len(steps)), np.zeros((len(steps), padded(width)), np.float32)
    for i in range(len(a)):
        t = i if direction > 0 else len(a) - 1 - i
        count = active(steps, t)
        recurrent_products(w_hh, panels, b_hh, h, count, u)
        for b in range(count):
            for block in range(4):
                if block == 2:
                    for j in range(size):
                        a[t, b, block, j] = tanh(a[t, b, block, j] + u[b, block * size + j])
                else:
                    for j in range(size):
                        a[t, b, block, j] = sigmoid(a[t, b, block, j] + u[b, block * size + j])
            for j in range(size):
                c[b, j] = a[t, b, 1, j] * c[b, j] + a[t, b, 0, j] * a[t, b, 2, j]
                out[b, j] = a[t, b, 3, j] * tanh(c[b, j])
            for j in range(size):
                cells[t, b, j] = c[b, j]
        if projected:
            recurrent_products(w_hr, panels_hr, no_bias, out, count, u_hr)
            for b in range(count):
                for j in range(width):
                    h[b, j] = u_hr[b, j]
        else:
            for b in range(count):
                for j in range(size):
                    h[b, j] = out[b, j]
        for b in range(count):
            for j in range(width):
                hidden[t, b, j] = h[b, j]


@compiled(void(GATES, MATRIX, VECTOR, int64, INTEGERS, MATRIX, STATES))
def gru(a: Array, w_hh: Array, b_hh: Array, direction: int, steps: Array, h: Array, hidden: Array) -> None:
    """``a`` (T, B, 3, H): the input products; becomes r z n."""
    size = h.shape[1]
    panels, u = panels_of(w_hh, len(steps)), np.zeros((len(steps), padded(3 * size)), np.float32)
    for i in range(len(a)):
        t = i if direction > 0 else len(a) - 1 - i
        count = active(steps, t)
        recurrent_products(w_hh, panels, b_hh, h, count, u)
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


@compiled(void(GATES, MATRIX, VECTOR, int64, INTEGERS, MATRIX, STATES))
def reset_before_gru(a: Array, w_hh: Array, b_hh: Array, direction: int, steps: Array, h: Array, hidden: Array) -> None:
    """As ``gru``, with r applied before the recurrent product of n."""
    size = h.shape[1]
    w_gates, w_n, b_gates, b_n = w_hh[: 2 * size], w_hh[2 * size :], b_hh[: 2 * size], b_hh[2 * size :]
    panels, panels_n = panels_of(w_gates, len(steps)), panels_of(w_n, len(steps))
    u = np.zeros((len(steps), padded(2 * size)), np.float32)
    u_n, kept = np.zeros((len(steps), padded(size)), np.float32), np.empty_like(h)
    for i in range(len(a)):
        t = i if direction > 0 else len(a) - 1 - i
        count = active(steps, t)
        recurrent_products(w_gates, panels, b_gates, h, count, u)
        for b in range(count):
            for block in range(2):
                for j in range(size):
                    a[t, b, block, j] = sigmoid(a[t, b, block, j] + u[b, block * size + j])
            for j in range(size):
                kept[b, j] = a[t, b, 0, j] * h[b, j]
        recurrent_products(w_n, panels_n, b_n, kept, count, u_n)
        for b in range(count):
            for j in range(size):
                a[t, b, 2, j] = tanh(a[t, b, 2, j] + u_n[b, j])
            for j in range(size):
                h[b, j] = (ONE - a[t, b, 1, j]) * a[t, b, 2, j] + a[t, b, 1, j] * h[b, j]
            for j in range(size):
                hidden[t, b, j] = h[b, j]
