"""The functions that compiled rows are made of: within a few units of the last place, at every number."""

import numba
import numpy as np
import pytest
from gatescope.recurrent.cells import elementwise

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


@numba.njit
def sigmoids(x: Array) -> Array:
    """σ of each of ``x`` (N, 16), as the vector code of a row computes it."""
    out = np.empty_like(x)
    for b in range(len(x)):
        for j in range(16):
            out[b, j] = elementwise.sigmoid(x[b, j])
    return out


@numba.njit
def tanhs(x: Array) -> Array:
    """tanh of each of ``x`` (N, 16), as the vector code of a row computes it."""
    out = np.empty_like(x)
    for b in range(len(x)):
        for j in range(16):
            out[b, j] = elementwise.tanh(x[b, j])
    return out


def ulps(ours: Array, exact: Array) -> Array:
    """Distance from ``exact``, in units of the last place of a float32 there."""
    return np.abs(ours - exact) / np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64)


@np.errstate(all="ignore")
def test_expm1_is_within_2_ulp_up_to_88_and_constant_from_there(numbers: Array) -> None:
    @numba.njit
    def of_each(x: Array) -> Array:
        values = np.empty_like(x)
        for at in range(len(x)):
            values[at] = elementwise.expm1(x[at])
        return values

    x = numbers.ravel()
    ours = of_each(x)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(x))
    assert ulps(ours, np.expm1(x.astype(np.float64)))[x <= 88].max() <= 2
    assert set(ours[x >= 88]) == {ours[x == 88][0]}


@np.errstate(all="ignore")
def test_sigmoid_is_within_3_ulp_and_between_0_and_1(numbers: Array) -> None:
    exact = 1 / (1 + np.exp(-numbers.astype(np.float64)))
    ours = sigmoids(numbers)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(numbers))
    assert (((ours >= 0) & (ours <= 1)) | np.isnan(ours)).all()
    assert np.nanmax(ulps(ours, exact)) <= 3
    np.testing.assert_array_equal(ours == 0, exact.astype(np.float32) == 0)
    assert set(ours[numbers == 0]) == {0.5}


@np.errstate(all="ignore")
def test_tanh_is_within_3_ulp_between_minus_1_and_1_odd_and_exact_near_0(numbers: Array) -> None:
    exact, ours, mirrored = np.tanh(numbers.astype(np.float64)), tanhs(numbers), tanhs(-numbers)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(numbers))
    assert ((np.abs(ours) <= 1) | np.isnan(ours)).all()
    assert np.nanmax(ulps(ours, exact)) <= 3
    assert np.nanmax(ulps(ours, -mirrored.astype(np.float64))) <= 4
    small = np.abs(numbers) <= 2**-26
    np.testing.assert_array_equal(ours[small], numbers[small])
