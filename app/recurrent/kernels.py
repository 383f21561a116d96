"""The cells, compiled: every activation of a batch of sequences in one pass through time.

``cells.py`` defines the equations and is the oracle in the tests; here they are ordered for the processor.

- The input products of all steps are one matrix product, made beforehand; gates and candidate then take its place.
- The recurrent product reads the rows of ``W_hh`` as they lie in memory, four rows for two sequences at a time.
- e^x is a polynomial: the compiler turns it into vector code, which a call of the C library would prevent.
- Nothing is allocated from step to step, and Python's lock is released throughout.

A batch of B sequences lies step by step in arrays (T, B, ·). Sequence b has ``steps[b]`` of them, falling from T; what
stands in its rows past them is of no meaning. ``order`` holds the steps in the order in which they are taken; from the
last to the first, a sequence joins in at its own last. The states ``h`` (B, P) and ``c`` (B, H) are what the sequences
start from, and at the end what they ended with; P is H unless an LSTM projects.
"""

import functools
import logging
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

import numba
import numpy as np
import torch
from numba import float32, int64, void
from numpy.typing import NDArray
from torch import Tensor

from .cells import GRU, LSTM, RESET_BEFORE_GRU, RNN, Activations, Cell, CellWeights

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


@compiled(void(MATRIX, VECTOR, MATRIX, int64, MATRIX), "reassoc")
def products(w: Array, bias: Array, x: Array, count: int, out: Array) -> None:
    """``out[b] = W x[b] + bias`` for the first ``count`` rows of ``x`` (B, K), with ``W`` (R, K).

    An odd row out is taken twice; the remainder of R is taken one by one.
    """
    rows, inner = w.shape
    fours = rows // 4 * 4
    for j in range(0, fours, 4):
        for b in range(0, count, 2):
            c = min(b + 1, count - 1)
            x0, x1, x2, x3, y0, y1, y2, y3 = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
            for k in range(inner):
                x_k, y_k = x[b, k], x[c, k]
                x0 += w[j, k] * x_k
                x1 += w[j + 1, k] * x_k
                x2 += w[j + 2, k] * x_k
                x3 += w[j + 3, k] * x_k
                y0 += w[j, k] * y_k
                y1 += w[j + 1, k] * y_k
                y2 += w[j + 2, k] * y_k
                y3 += w[j + 3, k] * y_k
            b0, b1, b2, b3 = bias[j], bias[j + 1], bias[j + 2], bias[j + 3]
            out[b, j], out[b, j + 1], out[b, j + 2], out[b, j + 3] = x0 + b0, x1 + b1, x2 + b2, x3 + b3
            out[c, j], out[c, j + 1], out[c, j + 2], out[c, j + 3] = y0 + b0, y1 + b1, y2 + b2, y3 + b3
    for j in range(fours, rows):
        for b in range(count):
            total = ZERO
            for k in range(inner):
                total += w[j, k] * x[b, k]
            out[b, j] = total + bias[j]


@compiled(void(MATRIX, VECTOR, MATRIX, MATRIX), "reassoc")
def product(w: Array, bias: Array, x: Array, out: Array) -> None:
    """``out[0] = W x[0] + bias``, in half the time that ``products`` would take for the one row."""
    rows, inner = w.shape
    fours = rows // 4 * 4
    for j in range(0, fours, 4):
        x0, x1, x2, x3 = ZERO, ZERO, ZERO, ZERO
        for k in range(inner):
            x_k = x[0, k]
            x0 += w[j, k] * x_k
            x1 += w[j + 1, k] * x_k
            x2 += w[j + 2, k] * x_k
            x3 += w[j + 3, k] * x_k
        out[0, j], out[0, j + 1], out[0, j + 2], out[0, j + 3] = (
            x0 + bias[j],
            x1 + bias[j + 1],
            x2 + bias[j + 2],
            x3 + bias[j + 3],
        )
    for j in range(fours, rows):
        total = ZERO
        for k in range(inner):
            total += w[j, k] * x[0, k]
        out[0, j] = total + bias[j]


@compiled(void(MATRIX, VECTOR, MATRIX, int64, MATRIX))
def recurrent_products(w: Array, bias: Array, h: Array, count: int, out: Array) -> None:
    """``out[b] = W h[b] + bias`` for the first ``count`` rows of ``h`` (B, P)."""
    if count == 1:
        product(w, bias, h, out)
    else:
        products(w, bias, h, count, out)


@compiled(int64(INTEGERS, int64))
def active(steps: Array, t: int) -> int:
    """How many sequences, the longest first, have a step ``t``."""
    count = len(steps)
    while count > 0 and steps[count - 1] <= t:
        count -= 1
    return count


@compiled(void(STATES, MATRIX, VECTOR, INTEGERS, INTEGERS, MATRIX))
def rnn(a: Array, w_hh: Array, b_hh: Array, order: Array, steps: Array, h: Array) -> None:
    """``a`` (T, B, H): the input products; becomes h."""
    size = h.shape[1]
    u = np.empty(h.shape, np.float32)
    for t in order:
        count = active(steps, t)
        recurrent_products(w_hh, b_hh, h, count, u)
        for b in range(count):
            for j in range(size):
                h[b, j] = tanh(a[t, b, j] + u[b, j])
            for j in range(size):
                a[t, b, j] = h[b, j]


@compiled(void(STATES, MATRIX, VECTOR, INTEGERS, INTEGERS, MATRIX))
def relu_rnn(a: Array, w_hh: Array, b_hh: Array, order: Array, steps: Array, h: Array) -> None:
    """As ``rnn``, with relu in the place of tanh; NaN stays NaN."""
    size = h.shape[1]
    u = np.empty(h.shape, np.float32)
    for t in order:
        count = active(steps, t)
        recurrent_products(w_hh, b_hh, h, count, u)
        for b in range(count):
            for j in range(size):
                h[b, j] = a[t, b, j] + u[b, j]
                if h[b, j] < ZERO:
                    h[b, j] = ZERO
            for j in range(size):
                a[t, b, j] = h[b, j]


@compiled(void(GATES, MATRIX, VECTOR, MATRIX, INTEGERS, INTEGERS, MATRIX, MATRIX, STATES, STATES))
def lstm(
    a: Array,
    w_hh: Array,
    b_hh: Array,
    w_hr: Array,
    order: Array,
    steps: Array,
    c: Array,
    h: Array,
    cells: Array,
    hidden: Array,
) -> None:
    """``a`` (T, B, 4, H): the input products; becomes i f g o. ``w_hr`` is (0, H) where there is no projection."""
    size, width, projected = c.shape[1], h.shape[1], len(w_hr) > 0
    u, out = np.empty((len(steps), 4, size), np.float32), np.empty(c.shape, np.float32)
    no_bias = np.zeros(width, np.float32)
    u_rows = u.reshape(len(steps), 4 * size)
    for t in order:
        count = active(steps, t)
        recurrent_products(w_hh, b_hh, h, count, u_rows)
        for b in range(count):
            for block in range(4):
                if block == 2:
                    for j in range(size):
                        a[t, b, block, j] = tanh(a[t, b, block, j] + u[b, block, j])
                else:
                    for j in range(size):
                        a[t, b, block, j] = sigmoid(a[t, b, block, j] + u[b, block, j])
            for j in range(size):
                c[b, j] = a[t, b, 1, j] * c[b, j] + a[t, b, 0, j] * a[t, b, 2, j]
                out[b, j] = a[t, b, 3, j] * tanh(c[b, j])
            for j in range(size):
                cells[t, b, j] = c[b, j]
        if projected:
            recurrent_products(w_hr, no_bias, out, count, h)
        else:
            for b in range(count):
                for j in range(size):
                    h[b, j] = out[b, j]
        for b in range(count):
            for j in range(width):
                hidden[t, b, j] = h[b, j]


@compiled(void(GATES, MATRIX, VECTOR, INTEGERS, INTEGERS, MATRIX, STATES))
def gru(a: Array, w_hh: Array, b_hh: Array, order: Array, steps: Array, h: Array, hidden: Array) -> None:
    """``a`` (T, B, 3, H): the input products; becomes r z n."""
    size = h.shape[1]
    u = np.empty((len(steps), 3, size), np.float32)
    u_rows = u.reshape(len(steps), 3 * size)
    for t in order:
        count = active(steps, t)
        recurrent_products(w_hh, b_hh, h, count, u_rows)
        for b in range(count):
            for block in range(2):
                for j in range(size):
                    a[t, b, block, j] = sigmoid(a[t, b, block, j] + u[b, block, j])
            for j in range(size):
                a[t, b, 2, j] = tanh(a[t, b, 2, j] + a[t, b, 0, j] * u[b, 2, j])
            for j in range(size):
                h[b, j] = (ONE - a[t, b, 1, j]) * a[t, b, 2, j] + a[t, b, 1, j] * h[b, j]
            for j in range(size):
                hidden[t, b, j] = h[b, j]


@compiled(void(GATES, MATRIX, VECTOR, INTEGERS, INTEGERS, MATRIX, STATES))
def reset_before_gru(a: Array, w_hh: Array, b_hh: Array, order: Array, steps: Array, h: Array, hidden: Array) -> None:
    """As ``gru``, with r applied before the recurrent product of n."""
    size = h.shape[1]
    u, u_n, kept = np.empty((len(steps), 2, size), np.float32), np.empty_like(h), np.empty_like(h)
    u_rows, w_gates, w_n = u.reshape(len(steps), 2 * size), w_hh[: 2 * size], w_hh[2 * size :]
    b_gates, b_n = b_hh[: 2 * size], b_hh[2 * size :]
    for t in order:
        count = active(steps, t)
        recurrent_products(w_gates, b_gates, h, count, u_rows)
        for b in range(count):
            for block in range(2):
                for j in range(size):
                    a[t, b, block, j] = sigmoid(a[t, b, block, j] + u[b, block, j])
            for j in range(size):
                kept[b, j] = a[t, b, 0, j] * h[b, j]
        recurrent_products(w_n, b_n, kept, count, u_n)
        for b in range(count):
            for j in range(size):
                a[t, b, 2, j] = tanh(a[t, b, 2, j] + u_n[b, j])
            for j in range(size):
                h[b, j] = (ONE - a[t, b, 1, j]) * a[t, b, 2, j] + a[t, b, 1, j] * h[b, j]
            for j in range(size):
                hidden[t, b, j] = h[b, j]


def unroll(
    cell: Cell, weights: CellWeights, x: Tensor, lengths: Sequence[int], initial: Activations | None, *, reverse: bool
) -> dict[str, Array]:
    """As ``reference.unroll``, for float32 on the CPU and ``lengths`` that fall, as arrays of NumPy."""
    steps, batch, _ = x.shape
    w_hh = array_of(weights.w_hh)
    rows, width = w_hh.shape
    size = rows // len(cell.blocks)
    b_ih = x.new_zeros(rows) if weights.b_ih is None else weights.b_ih.detach()
    b_hh = np.zeros(rows, np.float32) if weights.b_hh is None else array_of(weights.b_hh)
    if initial is None:
        states = [np.zeros((batch, {"h": width, "c": size}[letter]), np.float32) for letter in cell.states]
    else:
        states = [array_of(initial[letter]).copy() for letter in cell.states]
    a, *outputs = allocate((steps, batch), [rows, *(state.shape[1] for state in states if cell.gates)])
    input_products = torch.from_numpy(a.reshape(steps * batch, rows))
    torch.addmm(b_ih, x.flatten(0, 1), weights.w_ih.detach().t(), out=input_products)
    gates = a.reshape(steps, batch, len(cell.blocks), size)
    order = np.arange(steps - 1, -1, -1) if reverse else np.arange(steps)
    through_time = (order, np.array(lengths), *states, *outputs)
    if cell is LSTM:
        w_hr = np.empty((0, size), np.float32) if weights.w_hr is None else array_of(weights.w_hr)
        lstm(gates, w_hh, b_hh, w_hr, *through_time)
    elif cell is GRU:
        gru(gates, w_hh, b_hh, *through_time)
    elif cell is RESET_BEFORE_GRU:
        reset_before_gru(gates, w_hh, b_hh, *through_time)
    else:
        (rnn if cell is RNN else relu_rnn)(a, w_hh, b_hh, *through_time)
    return dict(zip(cell.activations, [*gates.transpose(2, 0, 1, 3), *outputs], strict=True))


def allocate(shape: tuple[int, int], widths: Sequence[int]) -> list[Array]:
    """An array (T, B, width) for each of ``widths``, in one block of memory; ``shape`` is (T, B).

    Where a block is large NumPy asks for huge pages, which PyTorch does not, and the first touch of as many ordinary
    pages can take as long as the arithmetic.
    """
    rows = math.prod(shape)
    block, start, arrays = np.empty(rows * sum(widths), np.float32), 0, []
    for width in widths:
        stop = start + rows * width
        arrays.append(block[start:stop].reshape(*shape, width))
        start = stop
    return arrays


def array_of(tensor: Tensor) -> Array:
    """The numbers of a tensor, contiguous; its own memory wherever that is."""
    return tensor.detach().contiguous().numpy()
