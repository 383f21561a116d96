"""The calibration error: by hand, and of probabilities that are right by construction."""

import numpy as np
import pytest
from gatescope.analysis.calibration import calibration_error


def test_it_is_the_mean_distance_of_probability_and_share_within_bins() -> None:
    probabilities = np.array([0.05, 0.06, 0.95, 1.0, 0.55])
    outcomes = np.array([False, True, True, True, False])
    wanted = 2 / 5 * abs(0.055 - 0.5) + 2 / 5 * abs(0.975 - 1) + 1 / 5 * abs(0.55 - 0)
    assert calibration_error(probabilities, outcomes) == pytest.approx(wanted)


def test_errors_in_opposite_directions_cancel_only_within_a_bin() -> None:
    assert calibration_error(np.array([0.5, 0.5]), np.array([True, False])) == 0
    assert calibration_error(np.array([0.3, 0.7]), np.array([True, False])) == pytest.approx(0.7)


def test_probabilities_that_come_true_as_often_as_they_say_have_hardly_any_error() -> None:
    random = np.random.default_rng(0)
    probabilities = random.random(100_000)
    outcomes = random.random(100_000) < probabilities
    assert calibration_error(probabilities, outcomes) < 0.01
    assert calibration_error(1 - probabilities, outcomes) == pytest.approx(0.5, abs=0.01)


def test_no_example_has_no_error() -> None:
    with pytest.raises(ValueError, match="no example was given"):
        calibration_error(np.array([]), np.array([], bool))
