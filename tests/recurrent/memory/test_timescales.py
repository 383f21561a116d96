"""Medians by distance, half-lives and time scales, by hand."""

import math

import numpy as np
import pytest
from gatescope.recurrent.memory.timescales import by_distance, half_life, time_scales, time_scales_of_logarithms


def test_medians_are_taken_of_norms_not_of_their_logarithms() -> None:
    none = math.nan
    medians = by_distance(np.array([[0, none, none], [2, 1, none], [-math.inf, 400, 3]]))
    np.testing.assert_allclose(medians, [1, 400 - math.log10(2), -math.inf], rtol=1e-12)
    assert by_distance(np.array([[0, none], [0, 1]]))[0] == pytest.approx(math.log10((1 + 10) / 2))


@pytest.mark.parametrize(
    ("medians", "expected"),
    [
        ([5, 0, -0.3, -0.31], 3),  # log₁₀ ½ ≈ −0.301
        ([5, 0, -math.inf], 2),
        ([0, 0, 0.1, 5], None),
        ([0, -math.inf, -math.inf], 1),
        ([0, 1], None),
        ([0], None),
    ],
)
def test_half_life_is_the_first_distance_under_half_of_that_at_one(medians: list[float], expected: int | None) -> None:
    assert half_life(np.array(medians)) == expected


def test_time_scales_are_of_the_geometric_mean_so_far() -> None:
    gate = np.array([[0.5, 1, 0, 0.9], [0.125, 1, 0.7, 0.9]], np.float32)
    expected = [[2, math.inf, 1, 10], [4 / 3, math.inf, 1, 10]]
    np.testing.assert_allclose(time_scales(gate), expected, rtol=1e-5)


def test_a_gate_that_is_0_in_float32_at_one_step_does_not_end_the_time_scale() -> None:
    sums = np.full((400, 1), 20.0)
    sums[3] = -150.0
    logarithms = -np.log1p(np.exp(-sums))
    expected = 1 / (1 - np.exp(logarithms.mean()))
    assert expected > 3
    assert time_scales_of_logarithms(logarithms)[-1] == pytest.approx(expected)
    assert time_scales(np.exp(logarithms).astype(np.float32))[-1] == pytest.approx(1)
