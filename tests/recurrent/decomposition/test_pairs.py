"""Sums for pairs of steps are those of a plain loop, whatever the blocks, and with views to write to."""

import numpy as np
import pytest
from gatescope.recurrent.decomposition.pairs import BLOCK, LEAST, NOTHING, accumulate, pair_sums
from numpy.typing import NDArray

Array = NDArray[np.float64]
LENGTHS = [1, 2, 3, BLOCK, BLOCK + 1, 2 * BLOCK + 1, 5 * BLOCK - 3]


def loop(keep: Array, read: Array, write: Array) -> tuple[Array, Array]:
    steps = len(keep)
    sums, absolute = np.zeros((steps, steps)), np.zeros((steps, steps))
    for k in range(steps):
        part = write[k]
        for t in range(k, steps):
            part = part * keep[t] if t > k else part
            sums[t, k], absolute[t, k] = (read[t] * part).sum(), np.abs(part).sum()
    return sums, absolute


def random_path(steps: int, size: int = 5, seed: int = 0) -> tuple[Array, Array, Array]:
    generator = np.random.default_rng(seed)
    return generator.random((steps, size)), generator.normal(size=(steps, size)), generator.normal(size=(steps, size))


@pytest.mark.parametrize("steps", LENGTHS)
@pytest.mark.parametrize("sign", [1, -1])
def test_sums_are_those_of_a_loop(steps: int, sign: int) -> None:
    keep, read, write = random_path(steps)
    sums, absolute = np.zeros((steps, steps)), np.zeros((steps, steps))
    pair_sums(sign * keep, read, write, sums, absolute)
    expected, expected_absolute = loop(sign * keep, read, write)
    assert np.abs(sums - expected).max() < 1e-12
    assert absolute == pytest.approx(expected_absolute, rel=1e-12, abs=1e-140)


@pytest.mark.parametrize("steps", LENGTHS)
def test_either_is_the_same_without_the_other_and_in_a_view(steps: int) -> None:
    keep, read, write = random_path(steps)
    sums, absolute = np.zeros((steps, steps)), np.zeros((steps, steps))
    pair_sums(keep, read, write, sums, absolute)
    only, only_absolute = np.zeros((steps, steps + 2)), np.zeros((steps, steps))
    pair_sums(keep, read, write, only[::-1, :steps][:, ::-1])
    pair_sums(keep, None, write, None, only_absolute)
    assert (only[:, :steps] == sums[::-1, ::-1]).all()
    assert (only_absolute == absolute).all()


def test_what_has_vanished_is_exactly_0() -> None:
    keep, read, write = random_path(4000, 1)
    keep[:] = 0.5
    absolute = np.zeros((4000, 4000))
    pair_sums(keep, read, write, None, absolute)
    assert (absolute[-1, :1000] == 0).all()
    assert absolute[100, 0] == abs(write[0, 0]) * 0.5**100


def test_a_state_accumulates_what_is_written() -> None:
    keep, _, write = random_path(10)
    initial, out, state = np.ones(5), np.empty((10, 5)), np.ones(5)
    accumulate(keep, write, initial, out)
    for t in range(10):
        state = keep[t] * state + write[t]
        assert out[t] == pytest.approx(state, rel=1e-15)
    accumulate(np.full((2, 1), LEAST), NOTHING, np.ones(1), out[:2, :1].copy())


def test_nothing_written_decays() -> None:
    out = np.empty((3, 1))
    accumulate(np.array([[0.5], [LEAST], [0.5]]), NOTHING, np.ones(1), out)
    assert out[:, 0].tolist() == [0.5, 0, 0]
