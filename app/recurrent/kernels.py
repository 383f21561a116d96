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
        except RuntimeError:
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


@compiled(void(MATRIX, MATRIX, int64, MATRIX), "reassoc")
def products(w: Array, h: Array, count: int, out: Array) -> None:
    """``out[b] = W h[b]`` for the first ``count`` rows of ``h`` (B, P), with ``W`` (K, P)."""
    rows, inner = w.shape
    fours = rows // 4 * 4
    for j in range(0, fours, 4):
        for b in range(0, count - 1, 2):
            x0, x1, x2, x3, y0, y1, y2, y3 = ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO
            for k in range(inner):
                x, y = h[b, k], h[b + 1, k]
                x0 += w[j, k] * x
                x1 += w[j + 1, k] * x
                x2 += w[j + 2, k] * x
                x3 += w[j + 3, k] * x
                y0 += w[j, k] * y
                y1 += w[j + 1, k] * y
                y2 += w[j + 2, k] * y
                y3 += w[j + 3, k] * y
            out[b, j], out[b, j + 1], out[b, j + 2], out[b, j + 3] = x0, x1, x2, x3
            out[b + 1, j], out[b + 1, j + 1], out[b + 1, j + 2], out[b + 1, j + 3] = y0, y1, y2, y3
        if count % 2:
            z0, z1, z2, z3 = ZERO, ZERO, ZERO, ZERO
            b = count - 1
            for k in range(inner):
                z = h[b, k]
                z0 += w[j, k] * z
                z1 += w[j + 1, k] * z
                z2 += w[j + 2, k] * z
                z3 += w[j + 3, k] * z
            out[b, j], out[b, j + 1], out[b, j + 2], out[b, j + 3] = z0, z1, z2, z3
    for j in range(fours, rows):
        for b in range(count):
            total = ZERO
            for k in range(inner):
                total += w[j, k] * h[b, k]
            out[b, j] = total


@compiled(int64(INTEGERS, int64))
def active(steps: Array, t: int) -> int:
    """How many sequences, the longest first, have a step ``t``."""
    count = len(steps)
    while count > 0 and steps[count - 1] <= t:
        count -= 1
    return count


@compiled(void(STATES, MATRIX, INTEGERS, INTEGERS, MATRIX))
def rnn(a: Array, w_hh: Array, order: Array, steps: Array, h: Array) -> None:
    """``a`` (T, B, H): input products with both biases; becomes h."""
    size = h.shape[1]
    u = np.empty(h.shape, np.float32)
    for t in order:
        count = active(steps, t)
        products(w_hh, h, count, u)
        for b in range(count):
            for j in range(size):
                h[b, j] = tanh(a[t, b, j] + u[b, j])
            for j in range(size):
                a[t, b, j] = h[b, j]


@compiled(void(STATES, MATRIX, INTEGERS, INTEGERS, MATRIX))
def relu_rnn(a: Array, w_hh: Array, order: Array, steps: Array, h: Array) -> None:
    """As ``rnn``, with relu in the place of tanh; NaN stays NaN."""
    size = h.shape[1]
    u = np.empty(h.shape, np.float32)
    for t in order:
        count = active(steps, t)
        products(w_hh, h, count, u)
        for b in range(count):
            for j in range(size):
                h[b, j] = a[t, b, j] + u[b, j]
                if h[b, j] < ZERO:
                    h[b, j] = ZERO
            for j in range(size):
                a[t, b, j] = h[b, j]


@compiled(void(GATES, MATRIX, MATRIX, INTEGERS, INTEGERS, MATRIX, MATRIX, STATES, STATES))
def lstm(
    a: Array, w_hh: Array, w_hr: Array, order: Array, steps: Array, c: Array, h: Array, cells: Array, hidden: Array
) -> None:
    """``a`` (T, B, 4, H): input products with both biases; becomes i f g o. ``w_hr`` is (0, H) without a projection."""
    size, width, projected = c.shape[1], h.shape[1], len(w_hr) > 0
    u, out = np.empty((len(steps), 4, size), np.float32), np.empty(c.shape, np.float32)
    u_rows = u.reshape(len(steps), 4 * size)
    for t in order:
        count = active(steps, t)
        products(w_hh, h, count, u_rows)
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
            products(w_hr, out, count, h)
        else:
            for b in range(count):
                for j in range(size):
                    h[b, j] = out[b, j]
        for b in range(count):
            for j in range(width):
                hidden[t, b, j] = h[b, j]


@compiled(void(GATES, MATRIX, VECTOR, INTEGERS, INTEGERS, MATRIX, STATES))
def gru(a: Array, w_hh: Array, b_n: Array, order: Array, steps: Array, h: Array, hidden: Array) -> None:
    """``a`` (T, B, 3, H): input products with all biases but ``b_n``, of n's recurrent product; becomes r z n."""
    size = h.shape[1]
    u = np.empty((len(steps), 3, size), np.float32)
    u_rows = u.reshape(len(steps), 3 * size)
    for t in order:
        count = active(steps, t)
        products(w_hh, h, count, u_rows)
        for b in range(count):
            for block in range(2):
                for j in range(size):
                    a[t, b, block, j] = sigmoid(a[t, b, block, j] + u[b, block, j])
            for j in range(size):
                a[t, b, 2, j] = tanh(a[t, b, 2, j] + a[t, b, 0, j] * (u[b, 2, j] + b_n[j]))
            for j in range(size):
                h[b, j] = (ONE - a[t, b, 1, j]) * a[t, b, 2, j] + a[t, b, 1, j] * h[b, j]
            for j in range(size):
                hidden[t, b, j] = h[b, j]


@compiled(void(GATES, MATRIX, INTEGERS, INTEGERS, MATRIX, STATES))
def reset_before_gru(a: Array, w_hh: Array, order: Array, steps: Array, h: Array, hidden: Array) -> None:
    """``a`` (T, B, 3, H): input products with both biases; becomes r z n."""
    size = h.shape[1]
    u, u_n, kept = np.empty((len(steps), 2, size), np.float32), np.empty_like(h), np.empty_like(h)
    u_rows, w_gates, w_n = u.reshape(len(steps), 2 * size), w_hh[: 2 * size], w_hh[2 * size :]
    for t in order:
        count = active(steps, t)
        products(w_gates, h, count, u_rows)
        for b in range(count):
            for block in range(2):
                for j in range(size):
                    a[t, b, block, j] = sigmoid(a[t, b, block, j] + u[b, block, j])
            for j in range(size):
                kept[b, j] = a[t, b, 0, j] * h[b, j]
        products(w_n, kept, count, u_n)
        for b in range(count):
            for j in range(size):
                a[t, b, 2, j] = tanh(a[t, b, 2, j] + u_n[b, j])
            for j in range(size):
                h[b, j] = (ONE - a[t, b, 1, j]) * a[t, b, 2, j] + a[t, b, 1, j] * h[b, j]
            for j in range(size):
                hidden[t, b, j] = h[b, j]


def unroll(
    cell: Cell, weights: CellWeights, x: Tensor, lengths: Sequence[int], initial: Activations, *, reverse: bool
) -> Activations:
    """As ``reference.unroll``, for float32 on the CPU and ``lengths`` that fall. No gradient flows through it."""
    steps, batch, _ = x.shape
    w_hh = array_of(weights.w_hh)
    size = len(w_hh) // len(cell.blocks)
    states = [array_of(initial[letter]).copy() for letter in cell.states]
    a, *outputs = allocate((steps, batch), [len(w_hh), *(state.shape[1] for state in states if cell.gates)])
    bias, b_n = biases(cell, weights)
    input_products = torch.from_numpy(a.reshape(steps * batch, len(w_hh)))
    torch.addmm(bias, x.flatten(0, 1), weights.w_ih.detach().t(), out=input_products)
    gates = a.reshape(steps, batch, len(cell.blocks), size)
    order = np.arange(steps - 1, -1, -1) if reverse else np.arange(steps)
    through_time = (order, np.array(lengths), *states, *outputs)
    if cell is LSTM:
        w_hr = np.empty((0, size), np.float32) if weights.w_hr is None else array_of(weights.w_hr)
        lstm(gates, w_hh, w_hr, *through_time)
    elif cell is GRU:
        gru(gates, w_hh, b_n, *through_time)
    elif cell is RESET_BEFORE_GRU:
        reset_before_gru(gates, w_hh, *through_time)
    else:
        (rnn if cell is RNN else relu_rnn)(a, w_hh, *through_time)
    arrays = [*gates.transpose(2, 0, 1, 3), *outputs]
    return {letter: torch.from_numpy(array) for letter, array in zip(cell.activations, arrays, strict=True)}


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


def biases(cell: Cell, weights: CellWeights) -> tuple[Tensor, Array]:
    """What to add to the input products, (blocks·H,), and what the GRU adds to n's recurrent product alone, (H,)."""
    rows = len(weights.w_hh)
    size = rows // len(cell.blocks)
    if weights.b_ih is None or weights.b_hh is None:
        none = torch.zeros(rows)
        return none, none[:size].numpy()
    both = weights.b_ih.detach() + weights.b_hh.detach()
    if cell is GRU:
        both[-size:] = weights.b_ih.detach()[-size:]
    return both, array_of(weights.b_hh[-size:])


def array_of(tensor: Tensor) -> Array:
    """The numbers of a tensor, contiguous; its own memory wherever that is."""
    return tensor.detach().contiguous().numpy()
