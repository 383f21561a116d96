"""Units that track what is known of a text."""

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np
import pytest
import torch
from gatescope.analysis.features import Feature
from gatescope.analysis.units import (
    AUC,
    MEASURES,
    Measure,
    R,
    Sample,
    best_units,
    linear_probe,
    mark,
    stands_out,
    threshold,
)
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.tokenizer import UNKNOWN, CharacterTokenizer
from gatescope.recurrent.trace import trace
from gatescope.store.fields import NamedUnit
from hypothesis import given
from hypothesis import strategies as st
from networks import random_network
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

LETTERS = CharacterTokenizer([UNKNOWN, "a", "b", " "])
CHOOSE, REPORT = ["ab aab", "bb a", "a  ab"], ["abb a", "ba bab ", "aaab"]
RANDOM = np.random.default_rng(0)

# Few different values, so that many are equal; 0 and 1 both occur.
rows = st.lists(st.tuples(st.integers(-3, 3), st.booleans(), st.integers(0, 3)), min_size=1, max_size=30)


@given(rows)
def test_the_area_is_the_share_of_pairs_in_their_right_order(rows: list[tuple[int, bool, int]]) -> None:
    x, y, weights = (np.array(column, float) for column in zip(*rows, strict=True))
    pairs = [
        (weights[one] * weights[zero], 1 if x[one] > x[zero] else 0.5 if x[one] == x[zero] else 0)
        for one, zero in product(np.flatnonzero(y == 1), np.flatnonzero(y == 0))
    ]
    count = sum(weight for weight, _ in pairs)
    wanted = sum(weight * right for weight, right in pairs) / count if count else 0.5
    prepared = AUC.prepare(np.stack([x, -x], axis=1).astype(np.float32))
    np.testing.assert_allclose(AUC.score(prepared, y, weights), [wanted, 1 - wanted], rtol=0, atol=1e-12)


def test_correlations_are_those_of_numpy() -> None:
    x, y = RANDOM.standard_normal((50, 4)).astype(np.float32), RANDOM.integers(5, size=50).astype(float)
    x[:, 3] -= y
    weights = RANDOM.integers(3, size=50).astype(float)
    repeated = np.repeat(np.arange(50), weights.astype(int))
    for counted, at in ((np.ones(50), np.arange(50)), (weights, repeated)):
        wanted = [np.corrcoef(column[at], y[at])[0, 1] for column in x.T]
        np.testing.assert_allclose(R.score(R.prepare(x), y, counted), wanted, rtol=0, atol=1e-7)
    assert wanted[3] < -0.5


@pytest.mark.parametrize("exponent", [-700, 0, 700, 1000])
def test_a_correlation_does_not_depend_on_how_large_the_states_are(exponent: int) -> None:
    x, y = RANDOM.standard_normal((50, 4)), RANDOM.standard_normal(50)
    wanted = [np.corrcoef(column, y)[0, 1] for column in x.T]
    large = np.ldexp(x, exponent)
    np.testing.assert_allclose(R.score(R.prepare(large), y, np.ones(50)), wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES.keys())
@pytest.mark.parametrize("value", [0.0, 0.3, 1e6])
def test_what_never_changes_tracks_nothing_better_than_chance(measure: Measure, value: float) -> None:
    x, y = np.full((9, 1), value, np.float32), np.array([0, 1, 1] * 3, float)
    assert measure.score(measure.prepare(x), y, np.ones(9)).tolist() == [measure.chance]
    assert measure.score(measure.prepare(y[:, None]), np.ones(9), np.ones(9)).tolist() == [measure.chance]


@pytest.fixture
def counter() -> Network:
    """A network made by hand: unit 1 counts the a's so far, unit 2 is above 0 after a b alone; unit 0 is still."""
    network = Network(NetworkConfig("rnn", 4, 2, 3, 1, nonlinearity="relu"))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.embedding.weight[1, 0] = network.embedding.weight[2, 1] = 1
        network.recurrent.weight_ih_l0[1, 0] = network.recurrent.weight_ih_l0[2, 1] = 1
        network.recurrent.weight_hh_l0[1, 1] = 1
    return network.eval()


def letters_of(text: str) -> list[Feature]:
    return [
        Feature("a's", np.cumsum([letter == "a" for letter in text])),
        Feature("no b", np.array([letter != "b" for letter in text], float)),
        Feature(
            "a's left, within words", np.where([c == " " for c in text], np.nan, -np.cumsum([*map("a".__eq__, text)]))
        ),
        Feature("the same", np.ones(len(text))),
        *([Feature("in one text", np.arange(len(text)))] if text in {CHOOSE[0], REPORT[0]} else []),
    ]


def untrained(count: int = 2) -> list[Network]:
    return [random_network(seed, cell="rnn", hidden_size=1, vocabulary_size=4) for seed in range(2, 2 + count)]


def found_in(
    network: Network,
    features: Callable[[str], Sequence[Feature]] = letters_of,
    baselines: Sequence[Network] | None = None,
) -> dict[str, NamedUnit]:
    best = best_units(network, untrained() if baselines is None else baselines, LETTERS, CHOOSE, REPORT, features)
    return {each.feature: each for each in best}


def test_the_unit_that_tracks_a_feature_is_found_with_its_sign(counter: Network) -> None:
    named = found_in(counter)
    assert list(named) == ["a's", "no b", "a's left, within words"]  # the others cannot be compared
    assert [(each.unit, each.sign, each.measure) for each in named.values()] == [
        (1, 1, "r"),
        (2, -1, "AUC"),
        (1, -1, "r"),
    ]
    steps = sum(map(len, REPORT))
    for each, count in zip(named.values(), [steps, steps, steps - "".join(REPORT).count(" ")], strict=True):
        assert (each.layer, each.direction, each.activation) == (0, "forward", "h")
        assert (each.texts, each.steps) == (3, count)
        assert each.score == pytest.approx(1)
        assert each.interval == pytest.approx((1, 1))
        assert len(each.untrained) == 2
        assert max(each.untrained) < 1
        assert stands_out(each)


def test_a_unit_below_the_floor_is_not_named_however_sure_it_is(counter: Network) -> None:
    for each in found_in(counter).values():
        floor = {"r": 0.4, "AUC": 0.7}[each.measure]
        sure = {"interval": (floor - 1e-6, floor + 1e-6), "untrained": [0.1]}
        assert stands_out(each.model_copy(update=sure | {"score": floor}))
        assert not stands_out(each.model_copy(update=sure | {"score": floor - 1e-9}))


def test_units_that_come_close_are_counted_whichever_way_they_go() -> None:
    network = random_network(5, cell="gru", hidden_size=20, vocabulary_size=4)

    def depths(text: str) -> list[Feature]:
        return [
            Feature("a's", np.cumsum([each == "a" for each in text])),
            Feature("b", np.array([*map("b".__eq__, text)], float)),
        ]

    for each in found_in(network, depths).values():
        states, values = [], []
        for text in REPORT:
            states.append(trace(network, LETTERS(text)).layer()[each.activation])
            values.append({feature.name: feature.values for feature in depths(text)}[each.feature])
        x, y = np.concatenate(states), np.concatenate(values)
        if each.measure == "r":
            apart = np.abs(np.corrcoef(x.T, y)[-1, :-1])
            assert each.close_from == pytest.approx(0.9 * each.score)
            bar = each.close_from
        else:
            pairs = x[y == 1][:, None] > x[y == 0][None]
            apart = np.abs(pairs.mean(axis=(0, 1)) - 0.5)
            assert each.close_from == pytest.approx(0.5 + 0.9 * (each.score - 0.5))
            bar = each.close_from - 0.5
        assert each.close == (apart >= bar - 1e-9).sum() >= 1


def test_the_best_unit_is_among_those_that_come_close_even_if_it_was_chosen_badly(counter: Network) -> None:
    def turned(text: str) -> list[Feature]:
        return [Feature("a's", letters_of(text)[0].values * (-1 if text in REPORT else 1))]

    (named,) = found_in(counter, turned).values()
    assert (named.close, named.close_from) == (1, pytest.approx(0.9))


def test_a_linear_probe_is_ridge_regression() -> None:
    x, y, z = (
        RANDOM.standard_normal((40, 5)) * [1, 10, 0.1, 5, 0],
        RANDOM.standard_normal(40),
        RANDOM.standard_normal((7, 5)),
    )
    usual = make_pipeline(StandardScaler(), Ridge(alpha=1.0)).fit(x, y)
    np.testing.assert_allclose(linear_probe(x, y, z), usual.predict(z) - y.mean(), atol=1e-12)


def test_all_states_together_may_tell_what_no_unit_does() -> None:
    network = Network(NetworkConfig("rnn", 4, 2, 2, 1, nonlinearity="relu"))
    with torch.no_grad():  # one unit counts a's, the other b's; the feature is how many more a's than b's there were
        for parameter in network.parameters():
            parameter.zero_()
        network.embedding.weight[1, 0] = network.embedding.weight[2, 1] = 1
        network.recurrent.weight_ih_l0[0, 0] = network.recurrent.weight_ih_l0[1, 1] = 1
        network.recurrent.weight_hh_l0[0, 0] = network.recurrent.weight_hh_l0[1, 1] = 1

    def balance(text: str) -> list[Feature]:
        return [Feature("balance", np.cumsum([{"a": 1, "b": -1, " ": 0}[each] for each in text]))]

    (named,) = found_in(network.eval(), balance).values()
    assert abs(named.score) < 0.9
    assert named.probe is not None
    assert named.probe > 0.98
    assert len(named.untrained_probes) == len(named.untrained) == 2


def test_no_unit_stands_out_beside_untrained_ones_that_track_as_well(counter: Network) -> None:
    for each in found_in(counter, baselines=[*untrained(), counter]).values():
        assert each.untrained[-1] == each.score == threshold(each)
        assert not stands_out(each)


def test_the_sign_that_was_chosen_is_kept_where_it_is_wrong(counter: Network) -> None:
    def turned(text: str) -> list[Feature]:
        return [Feature("a's", letters_of(text)[0].values * (-1 if text in REPORT else 1))]

    (named,) = found_in(counter, turned, baselines=[counter]).values()
    assert (named.unit, named.sign) == (1, 1)
    assert named.score == pytest.approx(-1)
    assert (named.untrained, threshold(named)) == ([named.score], 0)
    assert not stands_out(named)


def test_a_state_comes_before_a_gate_that_tracks_as_well() -> None:
    network = Network(NetworkConfig("lstm", 4, 1, 1, 1))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.embedding.weight[1, 0] = 1
        network.recurrent.weight_ih_l0.fill_(3)
        network.recurrent.weight_ih_l0[1] = 0
        network.recurrent.bias_ih_l0[1] = -50  # everything is forgotten: c is i·g
    (named,) = best_units(
        network.eval(), untrained(1), LETTERS, CHOOSE, REPORT,
        lambda text: [Feature("a", np.array([letter == "a" for letter in text], float))],
    )  # fmt: skip
    assert (named.activation, named.score) == ("c", 1)


def test_an_interval_is_over_texts_and_not_over_their_steps() -> None:
    x, y = RANDOM.standard_normal((40, 1)), RANDOM.standard_normal(40)
    alike = Sample(R, np.tile(x, (5, 1)), np.tile(y, 5), np.repeat(np.arange(5), 40))
    assert alike.interval() == pytest.approx((alike.score(), alike.score()))
    other = Sample(R, alike.x, alike.y, np.tile(np.arange(40), 5))  # the same steps, dealt out to other texts
    low, high = other.interval()
    assert low < other.score() - 0.1
    assert high > other.score() + 0.1
    assert other.interval() == (low, high)


def test_a_draw_without_a_pair_counts_as_chance() -> None:
    sample = Sample(AUC, np.array([[0.0], [1.0]]), np.array([0.0, 1.0]), np.array([0, 1]))
    assert sample.score() == 1
    assert sample.interval() == (0.5, 1)


def test_every_layer_and_direction_is_searched() -> None:
    network = Network(NetworkConfig("rnn", 4, 1, 1, 1, layers=2, bidirectional=True, nonlinearity="relu"))
    with torch.no_grad():  # the first layer says where an a is, the second counts them from the end
        for parameter in network.parameters():
            parameter.zero_()
        network.embedding.weight[1, 0] = 1
        network.recurrent.weight_ih_l0.fill_(1)
        network.recurrent.weight_ih_l1_reverse[0, 0] = network.recurrent.weight_hh_l1_reverse[0, 0] = 1

    def to_come(text: str) -> list[Feature]:
        return [Feature("a's to come", np.cumsum([letter == "a" for letter in text[::-1]])[::-1])]

    (named,) = found_in(network.eval(), to_come).values()
    assert (named.layer, named.direction, named.unit) == (1, "backward", 0)
    assert named.score == pytest.approx(1)


def test_features_that_do_not_fit_their_text_are_named() -> None:
    with pytest.raises(ValueError, match=r"^depth: 2 values for the 3 tokens of 'aba'$"):
        mark(LETTERS, ["aba"], lambda _: [Feature("depth", np.zeros(2))])
    with pytest.raises(ValueError, match=r"^the text '' has no token$"):
        mark(LETTERS, ["a", ""], letters_of)


def test_without_features_or_texts_there_are_no_units(counter: Network) -> None:
    assert found_in(counter, lambda _: []) == {}
    assert best_units(counter, untrained(), LETTERS, [], [], letters_of) == []
