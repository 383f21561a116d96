"""Means and standard deviations of activations, how often gates are saturated, and departures from the means."""

from typing import Any

import numpy as np
import pytest
from gatescope.analysis.statistics import Moments, departures, deviations, statistics
from gatescope.recurrent.trace import Trace, trace
from hypothesis import given
from hypothesis import strategies as st
from networks import FUSED, GATED, random_network, random_tokens

SHAPES = [(5, 0), (1, 1), (12, 2), (3, 3)]  # tokens and seed of each sequence


def traces_of(**config: Any) -> list[Trace]:
    network = random_network(**config)
    return [trace(network, random_tokens(count, seed)) for count, seed in SHAPES]


@given(st.lists(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=20), min_size=1, max_size=8))
def test_moments_of_parts_are_those_of_the_whole(parts: list[list[float]]) -> None:
    moments = Moments()
    for part in parts:
        moments.add(np.array(part, np.float32)[:, None])
    whole = np.concatenate([np.array(part, np.float64) for part in parts])
    assert moments.count == len(whole)
    np.testing.assert_allclose(moments.mean, [whole.mean()], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(moments.standard_deviation, [whole.std()], rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("variant", FUSED.values(), ids=FUSED.keys())
def test_statistics_are_those_of_all_steps_together(variant: dict[str, Any]) -> None:
    traces = traces_of(layers=2, bidirectional=True, **variant)
    ours = statistics(traces)
    assert ours.steps == 21
    places = [(each.layer, each.direction, each.activation) for each in ours.activations]
    assert places == [(x.layer, x.direction, letter) for x in traces[0].layers for letter in x.activations]
    for each in ours.activations:
        steps = np.concatenate([t.layer(each.layer, each.direction)[each.activation] for t in traces]).astype(float)
        np.testing.assert_allclose(each.mean, steps.mean(axis=0), rtol=0, atol=1e-12)
        np.testing.assert_allclose(each.standard_deviation, steps.std(axis=0), rtol=0, atol=1e-12)


@pytest.mark.parametrize("variant", GATED.values(), ids=GATED.keys())
def test_the_shares_of_saturated_steps_are_those_of_gates_alone(variant: dict[str, Any]) -> None:
    traces = traces_of(layers=2, scale=8.0, **variant)
    gates = random_network(**variant).config.cell_definition.gates
    for each in statistics(traces).activations:
        if each.activation not in gates:
            assert each.left_saturated is each.right_saturated is None
            continue
        steps = np.concatenate([t.layer(each.layer)[each.activation] for t in traces])
        assert each.left_saturated == pytest.approx((steps < 0.1).mean(axis=0).tolist(), abs=1e-12)
        assert each.right_saturated == pytest.approx((steps > 0.9).mean(axis=0).tolist(), abs=1e-12)
        assert any(0 < share < 1 for share in each.left_saturated)
        assert any(0 < share < 1 for share in each.right_saturated)


def test_without_a_trace_there_are_no_statistics() -> None:
    with pytest.raises(ValueError, match=r"^there is nothing to average: no text was traced$"):
        statistics([])


def test_deviations_of_all_steps_have_mean_zero_and_spread_one() -> None:
    traces = traces_of(cell="lstm")
    of_traces = [deviations(each, statistics(traces)) for each in traces]
    assert list(of_traces[0]) == [(0, "forward", letter) for letter in "ifgoch"]
    for key in of_traces[0]:
        steps = np.concatenate([each[key] for each in of_traces])
        np.testing.assert_allclose(steps.mean(axis=0), 0, atol=1e-6)
        np.testing.assert_allclose(steps.std(axis=0), 1, atol=1e-6)


def test_a_unit_that_never_moves_deviates_by_nothing() -> None:
    only = [trace(random_network(cell="rnn"), random_tokens(1))]
    (from_mean,) = deviations(only[0], statistics(only)).values()
    assert from_mean.tolist() == [[0] * 7]
    (departure,) = departures(only, lambda _: True)
    assert departure.deviations == 0


def test_departures_compare_words_with_all_steps() -> None:
    traces = traces_of(cell="gru")
    word = traces[0].tokens[0].id
    measured = departures(traces, lambda token: token.id == word)
    assert [each.activation for each in measured] == list("rznh")
    for each in measured:
        steps = np.concatenate([t.layer()[each.activation] for t in traces]).astype(float)
        here = np.array([token.id == word for t in traces for token in t.tokens])
        means = steps.mean(axis=1)
        assert (each.steps, each.hidden_size) == (here.sum(), 7)
        assert each.mean == pytest.approx(means.mean())
        assert each.standard_deviation == pytest.approx(means.std())
        assert each.at_words == pytest.approx(means[here].mean())
        assert each.deviations == pytest.approx((means[here].mean() - means.mean()) / means.std())
        assert each.units == (abs(steps[here].mean(axis=0) - steps.mean(axis=0)) > steps.std(axis=0)).sum()


def test_words_that_never_stand_there_give_no_departures() -> None:
    assert departures(traces_of(cell="gru"), lambda _: False) == []
