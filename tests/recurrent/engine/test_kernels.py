"""The functions that the kernels compute by themselves: within a few units of the last place, at every number."""

import numba
import numpy as np
import pytest
from gatescope.recurrent.engine import kernels

from ..engines import Array


@pytest.fixture(scope="module")
def numbers() -> Array:
    """Float32 of every magnitude and both signs, subnormal, infinite and NaN: evenly spaced bit patterns, (N, 16)."""
    special = np.array(
        [0, np.inf, np.nan, 1e-45, 88, 88.5, 100, 103.5, 104, np.finfo(np.float32).max, np.finfo(np.float32).tiny],
        np.float32,
    )
    patterns = np.arange(0, 2**32, 4099).astype(np.uint32).view(np.float32)
    x = np.concatenate([special, -special, patterns])
    return x[: len(x) // 16 * 16].reshape(-1, 16)


def nothing(steps: Array) -> tuple[Array, ...]:
    """Inputs and panels of a short run, whose input products stand in ``a`` already; their bias."""
    return np.empty((1, len(steps), 0), np.float32), np.empty((0, 0, 64), np.float32), np.empty(0, np.float32)


def tanh(x: Array) -> Array:
    """tanh of ``x`` (N, 16), as the kernel of the plain RNN computes it: without weights h is tanh(x)."""
    h, steps = x[None].copy(), np.ones(len(x), np.int64)
    w_hh, no_panels = np.zeros((16, 16), np.float32), np.empty((0, 16, 64), np.float32)
    kernels.rnn(*nothing(steps), h, w_hh, no_panels, 1, steps, np.zeros(x.shape, np.float32))
    return h[0]


def lstm_blocks(x: Array) -> Array:
    """i f g o (4, N, 16) of ``x`` (N, 16) alone, as the LSTM's kernel computes them."""
    blocks, steps = np.repeat(x[None, :, None], 4, axis=2), np.ones(len(x), np.int64)
    w_hh, w_hr, no_panels = (
        np.zeros((64, 16), np.float32),
        np.empty((0, 16), np.float32),
        np.empty((0, 16, 64), np.float32),
    )
    states = (np.zeros(shape, np.float32) for shape in (x.shape, x.shape, (1, *x.shape), (1, *x.shape)))
    kernels.lstm(*nothing(steps), blocks, w_hh, no_panels, w_hr, no_panels, 1, steps, *states)
    return blocks[0].transpose(1, 0, 2)


def ulps(ours: Array, exact: Array) -> Array:
    """Distance from ``exact``, in units of the last place of a float32 there."""
    return np.abs(ours - exact) / np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)


@np.errstate(all="ignore")
def test_expm1_is_within_2_ulp_up_to_88_and_constant_from_there(numbers: Array) -> None:
    @numba.njit
    def of_each(x: Array) -> Array:
        found = np.empty_like(x)
        for at in range(len(x)):
            found[at] = kernels.expm1(x[at])
        return found

    x = numbers.ravel()
    ours = of_each(x)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(x))
    assert ulps(ours, np.expm1(x.astype(np.float64)))[x <= 88].max() <= 2
    assert set(ours[x >= 88]) == {ours[x == 88][0]}


@np.errstate(all="ignore")
def test_sigmoid_is_within_3_ulp_and_between_0_and_1(numbers: Array) -> None:
    exact = 1 / (1 + np.exp(-numbers.astype(np.float64)))
    for ours in lstm_blocks(numbers)[[0, 1, 3]]:
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(numbers))
        assert (((ours >= 0) & (ours <= 1)) | np.isnan(ours)).all()
        assert np.nanmax(ulps(ours, exact)) <= 3
        np.testing.assert_array_equal(ours == 0, exact.astype(np.float32) == 0)
        assert set(ours[numbers == 0]) == {0.5}


@np.errstate(all="ignore")
def test_tanh_is_within_3_ulp_between_minus_1_and_1_odd_and_exact_near_0(numbers: Array) -> None:
    exact, mirrored = np.tanh(numbers.astype(np.float64)), tanh(-numbers)
    for ours in (tanh(numbers), lstm_blocks(numbers)[2]):
        np.testing.assert_array_equal(np.isnan(ours), np.isnan(numbers))
        assert ((np.abs(ours) <= 1) | np.isnan(ours)).all()
        assert np.nanmax(ulps(ours, exact)) <= 3
        assert np.nanmax(ulps(ours, -mirrored.astype(np.float64))) <= 4
        small = np.abs(numbers) <= 2**-26
        np.testing.assert_array_equal(ours[small], numbers[small])
