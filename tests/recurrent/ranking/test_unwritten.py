"""The word whose not being written matters most: every word is tried again, in a run of its own."""

from typing import Any

import numpy as np
import pytest
from gatescope import Edit, Trace, hold, scale, swap, trace_module
from gatescope.recurrent.cells import TABLE
from gatescope.recurrent.edits.edit import Resources
from gatescope.recurrent.network import Network
from gatescope.recurrent.ranking import unwritten as of_words
from gatescope.recurrent.ranking.unwritten import LEAST, MOST_STEPS, unwritten
from gatescope.recurrent.trace import trace
from networks import VARIANTS, random_network, random_tokens, tokens_of

from ..test_shipped_edits import NOT_GOOD, final, shipped
from ..torch_modules import each_engine

WITH_MEMORY = [cell for cell in TABLE if cell.memory is not None]
each_cell = pytest.mark.parametrize("variant", [cell.variant for cell in WITH_MEMORY])
BY_ID = Resources(tokens=lambda text: tokens_of([int(text)]))


def verdict(traced: Trace, outputs: tuple[int, ...]) -> float:
    """The final verdict, in float64."""
    chosen = traced.outputs[-1, list(outputs)].astype(np.float64)
    return float(chosen[0] / chosen.sum()) if len(outputs) == 2 else float(chosen[0])


def check(network: Network, traced: Trace, outputs: tuple[int, ...], engine: Any = "compiled") -> None:
    """The answer is that of the best of as many runs as there are words, each with one edit more."""
    memory = network.config.cell_definition.memory
    assert memory is not None
    letter, value = memory.writes_nothing
    edited = [
        verdict(trace(network, traced.tokens, edits=[*traced.edits, edit], resources=BY_ID), outputs)
        for step in range(len(traced))
        if (edit := hold(letter, value, steps=[step]))
    ]
    plain = verdict(traced, outputs)
    moved = np.abs(np.array(edited) - plain)
    best = unwritten(network, traced, outputs, engine)
    if moved.max() < LEAST:
        assert best is None
        return
    assert best is not None
    assert best.without == plain
    assert best.final == pytest.approx(edited[best.step], abs=2e-6)
    assert moved[best.step] == pytest.approx(moved.max(), abs=4e-6)
    assert best.edit == hold(letter, value, steps=[best.step])
    assert Edit.from_dict(best.edit.to_dict()) == best.edit


@each_engine
@pytest.mark.parametrize("both_ways", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("layers", [1, 2])
@each_cell
def test_it_is_the_best_of_single_runs(
    variant: str, layers: int, both_ways: bool, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_words, "LEAST", 0.0)
    monkeypatch.setitem(globals(), "LEAST", 0.0)
    network = random_network(**VARIANTS[variant], layers=layers, bidirectional=both_ways, scale=2.0)
    for seed in range(3):
        check(network, trace(network, random_tokens(9, seed)), (1,), engine)


@each_cell
def test_edits_of_the_trace_stay_in_force(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_words, "LEAST", 0.0)
    monkeypatch.setitem(globals(), "LEAST", 0.0)
    network = random_network(**VARIANTS[variant], layers=2, scale=2.0)
    memory = network.config.cell_definition.memory
    assert memory is not None
    letter, value = memory.writes_nothing
    edits = [
        swap("3", steps=[2]),
        hold(letter, value, steps=[1]),  # a word that is not written already
        scale(letter, 0.5, layer=1, steps=[4, 5]),
        scale(memory.state, -1.0, units=[0, 2], steps=[3]),
    ]
    for edit in (edits[:1], edits[1:2], edits):
        traced = trace(network, random_tokens(8), edits=edit, resources=BY_ID)
        check(network, traced, (0,))


def test_of_several_classes_the_two_that_are_chosen() -> None:
    network = random_network(cell="lstm", head="softmax", outputs=4, scale=3.0)
    for seed in range(5):
        check(network, trace(network, random_tokens(7, seed)), (2, 0))


@pytest.mark.parametrize("cell", WITH_MEMORY, ids=lambda cell: cell.variant)
def test_what_is_held_shut_is_what_writes(cell: Any) -> None:
    letter, value = cell.memory.writes_nothing
    [writes] = [role for role in cell.rows if role.verb == "writes"]
    assert writes.letter == letter
    assert writes.of({letter: value}) == 0


@pytest.mark.parametrize(("name", "gate", "shut"), [("sentiment-lstm", "i", 0.0), ("sentiment-gru", "z", 1.0)])
def test_the_word_not(name: str, gate: str, shut: float) -> None:
    model = shipped(name)
    best = unwritten(model.network, model.trace(NOT_GOOD), (0,))
    assert best is not None
    assert model.trace(NOT_GOOD).tokens[best.step].text == "not"
    assert best.edit.to_dict() == {"letter": gate, "steps": [3], "hold": shut}

    def edit(letter: str, t: int, x: Any) -> Any:
        return np.full_like(x, shut) if (letter, t) == (gate, 3) else x

    assert best.without == pytest.approx(final(model, NOT_GOOD, lambda _, __, x: x), abs=1e-5)
    assert best.final == pytest.approx(final(model, NOT_GOOD, edit), abs=1e-5)


def test_of_words_that_move_the_verdict_equally_far_a_preferred_one() -> None:
    model = shipped("anbn-gru")
    text = "aaaaabbbbb"
    moved = np.abs(
        [
            model.trace(text, [hold("z", 1.0, steps=[t])]).outputs[-1, 2] - model.trace(text).outputs[-1, 2]
            for t in range(len(text))
        ]
    )
    far, near = np.flatnonzero(moved >= moved.max() - 0.0049), np.flatnonzero(moved < moved.max() - 0.0051)
    assert len(far) > 1
    for step in range(len(text)):
        best = unwritten(model.network, model.trace(text), (2,), preferred=[step])
        assert best is not None
        assert step not in near or best.step != step
        assert step not in far or best.step == step
        assert best.lead == pytest.approx(moved[best.step] - np.delete(moved, best.step).max(), abs=1e-4)


def test_with_the_edit_in_force_another_word_matters_most() -> None:
    model = shipped("sentiment-lstm")
    first = unwritten(model.network, model.trace(NOT_GOOD), (0,))
    assert first is not None
    traced = model.trace(NOT_GOOD, [first.edit])
    check(model.network, traced, (0,))
    second = unwritten(model.network, traced, (0,))
    assert second is None or second.step != first.step


def test_there_is_none() -> None:
    rnn, lstm = shipped("sentiment-rnn"), shipped("sentiment-lstm")
    assert unwritten(rnn.network, rnn.trace(NOT_GOOD), (0,)) is None  # it keeps nothing
    assert unwritten(lstm.network, lstm.trace("the the the"), (0,)) is None  # no word moves the verdict much


def test_a_long_text_has_none() -> None:
    """A flag is set at first, and its verdict asked for at the end."""
    model = shipped("flag-lstm")
    for letters, there_is_one in ((MOST_STEPS - 2, True), (MOST_STEPS - 1, False)):
        best = unwritten(model.network, model.trace(f"+{'k' * letters}?"), (0,))
        assert (best is not None) == there_is_one


def test_runs_that_would_take_too_long_are_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    model = shipped("sentiment-lstm")
    traced = model.trace(NOT_GOOD)
    weights = model.network.recurrent
    operations = len(traced) ** 2 * (weights.weight_ih_l0.numel() + weights.weight_hh_l0.numel())
    for most, there_is_one in ((operations, True), (operations - 1, False)):
        monkeypatch.setattr(of_words, "MOST_OPERATIONS", most)
        assert (unwritten(model.network, traced, (0,)) is not None) == there_is_one


def test_an_overflow_is_no_answer() -> None:
    network = random_network(cell="mingru", scale=2.0)
    edits = [scale("h", 1e38, steps=[2]), hold("z", 1.0, steps=[3]), scale("h", 1e4, steps=[4])]
    traced = trace(network, random_tokens(6), edits=edits, overflow="refuse")  # step 3 forgets the large numbers
    assert unwritten(network, traced, (0,)) is None


def test_what_is_not_a_text_from_its_start_is_refused() -> None:
    network = random_network(cell="gru")
    tokens = random_tokens(6)
    whole = trace(network, tokens)
    for part in (whole.span(2, 6), trace(network, tokens, after=trace(network, random_tokens(3)))):
        with pytest.raises(ValueError, match="whole text"):
            unwritten(network, part, (0,))
    module = network.recurrent
    with pytest.raises(ValueError, match="no tokens"):
        unwritten(network, trace_module(module, network.embedding.weight[:4].detach()), (0,))  # type: ignore[arg-type]
