"""The functions that compiled rows are made of: sigmoid and tanh as vector code, and the place where edits act.

e^x is a polynomial: the compiler turns it into vector code, which a call of the C library would prevent.

A row takes one step of one sequence, unit by unit:

- ``a`` (blocks, H): the sums of each block; activations take their place
- ``u`` (blocks, H): the recurrent product, if ``Cell.recurrence`` keeps it apart; in a second row, only that of the
  last block. If the cell has peepholes, their weights, in the first rows
- ``c`` (H,): the cell state, which becomes that of this step; empty if the cell has none
- ``h`` (P,): the hidden state of the step before
- ``out`` (H,): becomes that of this step, before any projection and before edits of h, which the loop makes
- ``edits``: what to change; the row calls ``amend`` after each activation and before it is used, and ``couple`` before
  that for a gate that an edit may couple to another

A row must take its blocks as ``a[0]``, ``a[1]`` … and index these from 0: an index that is a sum makes numba test
every one for being negative.
"""

from typing import Any

import numpy as np
from numba import float32, int64, types, void
from numpy.typing import NDArray

from ..cache import compiled

Array = NDArray[Any]

MATRIX, VECTOR, INTEGERS = float32[:, ::1], float32[::1], int64[::1]
# Of one step and sequence: letters (n,), by their place in Cell.letters, and rows (n,) of the tables scale, shift and
# take (m, H), as in engine.edits.Edits; and the sources (letters, H), each set for a letter that has one.
EDITS = types.Tuple((INTEGERS, INTEGERS, MATRIX, MATRIX, MATRIX, MATRIX))  # type: ignore[no-untyped-call]
ROW = void(MATRIX, MATRIX, VECTOR, VECTOR, VECTOR, EDITS)

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


@compiled(void(EDITS, int64, VECTOR), inlined=True)
def amend(edits: tuple[Array, ...], letter: int, activation: Array) -> None:
    """Apply to ``activation``, in place, the edits of this step that are of the letter at place ``letter``."""
    letters, rows, scale, shift, take, source = edits
    for n in range(len(letters)):
        if letters[n] == letter:
            row = rows[n]
            for j in range(len(activation)):
                value = shift[row, j]
                if scale[row, j] != ZERO:  # 0 · ∞ is not a number
                    value += scale[row, j] * activation[j]
                if take[row, j] != ZERO:
                    value += take[row, j] * source[letter, j]
                activation[j] = value


@compiled(void(EDITS, int64, VECTOR), inlined=True)
def couple(edits: tuple[Array, ...], letter: int, partner: Array) -> None:
    """Make ``partner`` the source from which edits of the letter at place ``letter`` take."""
    letters, source = edits[0], edits[5]
    for n in range(len(letters)):
        if letters[n] == letter:
            for j in range(len(partner)):
                source[letter, j] = partner[j]
