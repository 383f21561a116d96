"""What edits do to the shipped models: known answers, each with a plain loop over the weights."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from gatescope import Edit, ablate, add, hold, load_model, patch, scale, swap
from gatescope.settings import data_folder
from gatescope.store.model import Model
from numpy.typing import NDArray

Array = NDArray[np.float64]
NOT_GOOD = "the movie was not good"
BUT = "the acting was terrible but the story was wonderful"


@cache
def shipped(name: str) -> Model:
    return load_model(data_folder("models") / name)


def sigmoid(a: Array) -> Array:
    return (1 + np.tanh(a / 2)) / 2


ByHand = Callable[[str, int, Array], Array]  # letter, step and activation → what takes its place


def unedited(_letter: str, _step: int, activation: Array) -> Array:
    return activation


def looped(model: Model, text: str, edit: ByHand) -> Array:
    """The outputs (T, outputs) of an LSTM or GRU of one layer, in float64, by a loop over its equations."""
    network = model.network
    w_ih, w_hh, b_ih, b_hh, *_ = (None if w is None else w.double().numpy() for w in network.weights(0, "forward"))
    embedding = network.embedding.weight.double().numpy()
    h = c = np.zeros(network.config.hidden_size)
    states = []
    for t, token in enumerate(model.tokenizer(text)):
        x = embedding[token.id]
        if network.config.cell == "lstm":
            i, f, g, o = np.split(w_ih @ x + b_ih + w_hh @ h + b_hh, 4)
            i, f, g, o = (
                edit(k, t, v) for k, v in zip("ifgo", (sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)), strict=True)
            )
            c = edit("c", t, f * c + i * g)
            h = o * np.tanh(c)
        else:
            (x_r, x_z, x_n), (h_r, h_z, h_n) = np.split(w_ih @ x + b_ih, 3), np.split(w_hh @ h + b_hh, 3)
            r, z = edit("r", t, sigmoid(x_r + h_r)), edit("z", t, sigmoid(x_z + h_z))
            n = np.tanh(x_n + r * h_n)
            h = (1 - z) * n + z * h
        states.append(h)
    return sigmoid(np.array(states) @ network.head.weight.double().numpy().T + network.head.bias.double().numpy())


def final(model: Model, text: str, edit: ByHand) -> float:
    """The first output after the last token."""
    return float(looped(model, text, edit)[-1, 0])


def to_units(units: Sequence[int], letter: str, step: int | None, change: Callable[[Array], Any]) -> ByHand:
    """Change these units of an activation, at one step or at all."""

    def edit(of: str, t: int, activation: Array) -> Array:
        if of != letter or step not in (None, t):
            return activation
        changed = activation.copy()
        changed[units] = change(activation[units])
        return changed

    return edit


def state_at(model: Model, text: str, letter: str, step: int) -> Array:
    """An activation at one step, by the loop."""
    kept = []

    def keep(of: str, t: int, activation: Array) -> Array:
        if (of, t) == (letter, step):
            kept.append(activation)
        return activation

    looped(model, text, keep)
    return kept[0]


@pytest.mark.parametrize(
    ("model", "text", "letter", "steps", "value", "probability"),
    [
        ("sentiment-lstm", NOT_GOOD, "i", None, None, 0.04),
        ("sentiment-lstm", NOT_GOOD, "i", [3], 0.5, 0.15),
        ("sentiment-lstm", NOT_GOOD, "i", [3], 0.23, 0.62),
        ("sentiment-lstm", NOT_GOOD, "i", [3], 0.0, 0.95),
        ("sentiment-lstm", BUT, "f", None, None, 0.89),
        ("sentiment-lstm", BUT, "f", [4], 1.0, 0.48),
        ("sentiment-lstm", BUT, "f", [4], 0.0, 0.99),
        ("sentiment-gru", NOT_GOOD, "z", None, None, 0.09),
        ("sentiment-gru", NOT_GOOD, "z", [3], 1.0, 0.98),
        ("sentiment-gru", NOT_GOOD, "z", range(5), 1.0, 0.51),
    ],
)
def test_holding_a_gate_at_a_word(
    model: str, text: str, letter: str, steps: Sequence[int] | None, value: float | None, probability: float
) -> None:
    def edit(of: str, t: int, gate: Array) -> Array:
        return np.full_like(gate, value) if steps is not None and (of, t in steps) == (letter, True) else gate

    expected = final(shipped(model), text, edit)
    edits = [] if steps is None else [hold(letter, value, steps=steps)]
    ours = shipped(model).trace(text, edits).outputs[-1, 0]
    assert ours == pytest.approx(expected, abs=1e-4)
    assert ours == pytest.approx(probability, abs=0.006)  # the figures of the documentation


def test_every_kind_of_edit_against_the_loop() -> None:
    model = shipped("sentiment-lstm")
    means = next(each for each in model.statistics.activations if each.activation == "o").mean  # type: ignore[union-attr]
    other = model.trace("the movie was good").layer()["g"].astype(np.float64)

    def edit(of: str, t: int, gate: Array) -> Array:
        if (of, t) == ("o", 4):
            return np.array(means)
        if (of, t) == ("g", 3):
            return other[2]
        return gate * 0.5 if of == "f" else gate

    edits = [ablate("o", "mean", steps=[4]), patch("g", "the movie was good", 2, steps=[3]), scale("f", 0.5)]
    ours = model.trace(NOT_GOOD, edits).outputs[-1, 0]
    assert ours == pytest.approx(final(model, NOT_GOOD, edit), abs=1e-4)


def test_a_swapped_word_gives_the_outputs_of_the_other_text() -> None:
    model = shipped("sentiment-gru")
    ours, theirs = model.trace(NOT_GOOD, [swap("terrible", steps=[4])]), model.trace("the movie was not terrible")
    np.testing.assert_array_equal(ours.outputs, theirs.outputs)
    assert [token.text for token in ours.tokens] == NOT_GOOD.split()


def bs_expected(n: int, edits: Sequence[Edit] = (), by_hand: ByHand = unedited) -> int | None:
    """How many b's the counting LSTM expects after n a's: after how many it says that the end comes."""
    model, text = shipped("anbn-lstm"), "a" * n + "b" * (n + 4)
    outputs = model.trace(text, edits).outputs
    np.testing.assert_allclose(outputs, looped(model, text, by_hand), atol=1e-4)
    ends = outputs[:, 2] > 0.5
    return int(np.flatnonzero(ends)[0]) - n + 1 if ends.any() else None


@pytest.mark.parametrize("n", [6, 10, 15])
def test_moving_the_counter_by_the_step_of_one_letter_moves_the_count_by_one(n: int) -> None:
    [named] = shipped("anbn-lstm").config.units
    unit = named.unit
    counter = shipped("anbn-lstm").trace("a" * n + "b" * n).layer()["c"][:n, unit]
    step = float(np.diff(counter[1:]).mean())
    assert bs_expected(n) == n
    for by, expected in ((step, n + 1), (-step, n - 1)):
        by_hand = to_units([unit], "c", n + 2, lambda c, by=by: c + by)
        assert bs_expected(n, [add("c", by, units=[unit], steps=[n + 2])], by_hand) == expected
    silenced = [
        bs_expected(n, [ablate("c", units=[each])], to_units([each], "c", None, np.zeros_like)) for each in range(10)
    ]
    assert silenced.pop(unit) not in {n - 1, n, n + 1}
    assert silenced == [n] * 9


@pytest.mark.slow("patches 60 texts with every unit and with 20 draws of eight", seconds=5)
def test_a_fact_held_in_many_units_is_patched_by_many() -> None:
    """c in the middle of a "-" text, from a "+" text: no single unit carries the flag over, all sixteen do."""
    model, random = shipped("flag-lstm"), np.random.default_rng(0)
    letters = np.array([*"abcdefghijklmnopqrstuvwxyz"])
    flips: dict[Any, list[bool]] = {}
    effects = []
    cases = []
    for length in random.integers(10, 50, 60, endpoint=True):
        noise, others = ("".join(random.choice(letters, length)) for _ in range(2))
        text, source = f"-{noise}?", model.trace(f"+{others}?")
        middle, plain = (length + 2) // 2, model.trace(text).outputs[-1, 0]
        assert plain < 0.5 < source.outputs[-1, 0]
        donor = state_at(model, f"+{others}?", "c", middle)

        def patched(
            units: Sequence[int], text: str = text, source: Any = source, middle: int = middle, donor: Array = donor
        ) -> float:
            edit = patch("c", source, middle, units=units, steps=[middle])
            ours = float(model.trace(text, [edit]).outputs[-1, 0])
            by_hand = to_units(units, "c", middle, lambda _: donor[units])
            assert ours == pytest.approx(final(model, text, by_hand), abs=1e-4)
            return ours

        singles = [patched([unit]) for unit in range(16)]
        for unit, probability in enumerate(singles):
            flips.setdefault(unit, []).append(probability > 0.5)
        effects.append(np.log(singles) - np.log1p(-np.array(singles)) - np.log(plain / (1 - plain)))
        flips.setdefault("all", []).append(patched(range(16)) > 0.5)
        cases.append(patched)
    best = np.argsort(-np.mean(effects, axis=0))[:8].tolist()
    chosen = float(np.mean([patched(best) > 0.5 for patched in cases]))
    draws = [random.choice(16, 8, replace=False).tolist() for _ in range(20)]
    drawn = float(np.mean([patched(units) > 0.5 for units in draws for patched in cases]))
    assert max(np.mean(flips[unit]) for unit in range(16)) <= 0.05
    assert np.mean(flips["all"]) >= 0.95
    assert chosen >= 2 * drawn
