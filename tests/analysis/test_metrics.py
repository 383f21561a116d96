"""Held-out figures with their intervals."""

import numpy as np
import pytest
from gatescope.analysis.metrics import Figure, interval, metrics, middle, standard_error

RANDOM = np.random.default_rng(0)


def test_the_interval_of_a_mean_is_that_of_its_standard_error_where_that_is_known() -> None:
    values = RANDOM.normal(3, 2, size=400)
    low, high = interval(values)
    error = values.std() / np.sqrt(400)
    np.testing.assert_allclose(
        [low, high], [values.mean() - 1.96 * error, values.mean() + 1.96 * error], atol=error / 5
    )
    assert interval(values) == (low, high)
    assert interval(values, seed=1) != (low, high)


def test_examples_of_one_group_count_as_what_they_are_together() -> None:
    values = RANDOM.normal(3, 2, size=50)
    repeated, groups = np.repeat(values, 8), np.repeat(np.arange(50), 8)
    assert interval(repeated, groups) == pytest.approx(interval(values))
    low, high = interval(repeated)
    assert high - low < 0.5 * np.ptp(interval(values))
    assert standard_error(repeated, groups) == pytest.approx(values.std() / np.sqrt(50))


def test_groups_of_one_example_are_no_groups() -> None:
    values, order = RANDOM.normal(size=30), RANDOM.permutation(30)
    assert interval(values[np.argsort(order)], np.arange(30)) == interval(values[np.argsort(order)])
    assert standard_error(values, order) == pytest.approx(values.std() / np.sqrt(30))


@pytest.mark.slow("computes 200 intervals by resampling", seconds=4)
def test_the_interval_of_unequal_groups_covers_the_mean_as_often_as_it_says() -> None:
    covered = []
    for seed in range(200):
        random = np.random.default_rng(seed)
        sizes = random.integers(1, 10, size=40)
        groups = np.repeat(np.arange(40), sizes)
        values = np.repeat(random.normal(size=40), sizes) + random.normal(size=len(groups)) / 4
        low, high = interval(values, groups, seed)
        error = standard_error(values, groups)
        covered.append((low < 0 < high, abs(values.mean()) < 1.96 * error))
    assert (np.mean(covered, axis=0) > 0.88).all()  # 0.95, less four standard errors and what few groups cost


def test_the_interval_of_a_skewed_sample_is_not_symmetric() -> None:
    values = np.array([0.0] * 19 + [1.0])
    low, high = interval(values)
    assert low == 0
    assert high == pytest.approx(0.15)


def test_examples_that_are_alike_leave_no_doubt() -> None:
    assert interval(np.full(7, 0.25)) == (0.25, 0.25)


def test_the_middle_leaves_a_fortieth_at_either_end() -> None:
    assert middle(list(range(41))) == pytest.approx((1, 39))


def test_metrics_give_the_chosen_run_beside_all() -> None:
    runs = [
        [Figure("code", np.array(values, np.float32), "bits per character", {"unigram": 4.5})]
        for values in ([1.1, 1.3, 1.6], [1, 3, 2])
    ]
    (metric,) = metrics(runs, 0)
    assert (metric.name, metric.unit, metric.baselines, metric.examples) == (
        "code",
        "bits per character",
        {"unigram": 4.5},
        3,
    )
    assert metric.value == metric.seeds[0] == pytest.approx(4 / 3, abs=1e-6)
    assert metric.seeds[1] == 2
    assert metric.standard_error == pytest.approx(np.std([1.1, 1.3, 1.6]) / np.sqrt(3), abs=1e-6)
    assert metric.interval == interval(np.array([1.1, 1.3, 1.6], np.float32).astype(float))
    assert metrics(runs, 1)[0].value == 2


def test_groups_reach_the_metric() -> None:
    values, groups = np.array([0.0, 0, 1, 1, 0, 1]), np.array([0, 0, 1, 1, 2, 2])
    (metric,) = metrics([[Figure("films", values, groups=groups)]], 0)
    assert metric.interval == interval(values, groups) != interval(values)
    assert (metric.standard_error, metric.examples) == (standard_error(values, groups), 6)


def test_a_single_example_has_no_interval() -> None:
    (metric,) = metrics([[Figure("right up to", np.array([1000.0]), "n")]], 0)
    assert (metric.value, metric.examples, metric.interval) == (1000, 1, None)


def test_a_measure_without_examples_is_named() -> None:
    with pytest.raises(ValueError, match=r"^tweets: there is nothing to measure: no example was held out$"):
        metrics([[Figure("tweets", np.array([]))]], 0)
