"""Of an edited trace the parts still add up to the state and the logit, and each edit of a state has a column."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import add, decompose, freeze, hold, load_model, patch, scale, swap, trace_module
from gatescope.recurrent.cells import TABLE
from gatescope.recurrent.decomposition.report import Decomposition
from gatescope.recurrent.edits.edit import Edit
from gatescope.recurrent.edits.short_form import from_short_form
from gatescope.recurrent.modules import Direction
from gatescope.recurrent.trace import LayerTrace, Trace, trace
from gatescope.settings import data_folder
from hypothesis import given
from hypothesis import strategies as st
from networks import VARIANTS, random_network, random_tokens
from numpy.typing import NDArray

from ..torch_modules import random_module, random_sequences
from .plain import RULES

Array = NDArray[np.float64]
WITH_MEMORY = {cell.variant: VARIANTS[cell.variant] for cell in TABLE if cell.memory is not None}
STEPS, SIZE, AFTER = 6, 4, 3
each_cell = pytest.mark.parametrize("cell", WITH_MEMORY)


def traced(cell: str, edits: list[Edit], *, bidirectional: bool = False) -> Trace:
    """Return the trace of random tokens, after others unless it is bidirectional: steps count on from AFTER."""
    network = random_network(
        **WITH_MEMORY[cell], hidden_size=SIZE, outputs=1, dtype=torch.float64, bidirectional=bidirectional
    )
    before = None if bidirectional else trace(network, random_tokens(AFTER, seed=3))
    return trace(network, random_tokens(STEPS), before, edits=edits)


def parts_by_hand(made: Trace, layer: LayerTrace, letter: str, edits: list[Edit]) -> Array:
    """Return what is left of each column at each step, (T, K, H): a loop over parts, with edits written out."""
    letters = {name: array.astype(np.float64) for name, array in layer.activations.items()}
    keep, write = RULES[layer.cell](letters)
    part = np.zeros((STEPS + 1 + len(edits), SIZE))
    if layer.initial is not None:
        part[STEPS] = layer.initial[letter]
    parts = np.zeros((STEPS, *part.shape))
    order = range(STEPS) if layer.direction == "forward" else reversed(range(STEPS))
    for t in order:
        before = part.copy()
        part = part * keep[t]
        part[t] = write[t]
        for number, edit in enumerate(edits):
            if made.start + t not in (edit.steps or range(made.start, made.start + STEPS)):
                continue
            values = getattr(edit.operation, "values", 0.0)
            for at, unit in enumerate(range(SIZE) if edit.units is None else edit.units):
                value = values[at] if isinstance(values, tuple) else values
                match edit.operation.name:
                    case "hold":
                        part[:, unit] = 0
                        part[STEPS + 1 + number, unit] = value
                    case "ablate":
                        part[:, unit] = 0
                    case "scale":
                        part[:, unit] *= value
                    case "add":
                        part[STEPS + 1 + number, unit] += value
                    case "freeze":
                        part[:, unit] = before[:, unit]
        parts[t] = part
    return parts


def check(made: Trace, direction: Direction, by_hand: Array | None = None) -> Decomposition:
    """Compare the sums over columns with the trace, and every form of the parts with another."""
    layer, parts = made.layer(0, direction), decompose(made, direction=direction)
    assert parts.state == pytest.approx(layer[parts.letter], rel=1e-12, abs=1e-12)
    assert made.head is not None
    weight = made.head.weight.tensor.detach().numpy()[0]
    w = weight[SIZE:] if direction == "backward" else weight[:SIZE]
    assert parts.shares is not None
    assert parts.shares.sum(axis=1) == pytest.approx(layer["h"] @ w, abs=1e-12)
    if by_hand is not None:
        assert parts.amounts == pytest.approx(np.abs(by_hand).sum(axis=2), abs=1e-12)
    for t in range(STEPS):
        unit = parts.per_unit(time=t)
        assert unit.shares is not None
        assert unit.parts.sum(axis=0) == pytest.approx(layer[parts.letter][t], rel=1e-12, abs=1e-12)
        assert unit.shares.sum(axis=0) == pytest.approx(layer["h"][t] * w, abs=1e-12)
        assert unit.shares.sum(axis=1) == pytest.approx(parts.shares[t], abs=1e-12)
        assert np.abs(unit.parts).sum(axis=1) == pytest.approx(parts.amounts[t], abs=1e-12)
        if by_hand is not None:
            assert unit.parts == pytest.approx(by_hand[t], abs=1e-12)
    for k in range(len(parts.columns)):
        of_column = parts.per_unit(source=k)
        assert of_column.shares is not None
        assert of_column.shares.sum(axis=1) == pytest.approx(parts.shares[:, k], abs=1e-12)
        assert np.abs(of_column.parts).sum(axis=1) == pytest.approx(parts.amounts[:, k], abs=1e-12)
    change = parts.change
    assert change is not None
    both, step = change.forgetting + change.letting_out, -1 if direction == "backward" else 1
    differences = np.full_like(both, np.nan)
    differences[::step][1:] = np.diff(parts.shares[::step], axis=0)
    there = ~np.isnan(both)
    assert both[there] == pytest.approx(differences[there], abs=1e-12)
    if parts.memory_weights is not None:
        assert parts.memory_weights.sum(axis=1) == pytest.approx(np.ones(STEPS), abs=1e-12)
    return parts


def placed(edits: list[dict[str, Any]], letter: str, start: int) -> list[Edit]:
    """Return edits of a state, written with ``s`` and steps from 0, at their places."""
    return [
        Edit.from_dict({**each, "letter": letter, "steps": [start + step for step in each["steps"]]}) for each in edits
    ]


OF_THE_STATE: dict[str, list[dict[str, Any]]] = {
    "hold": [{"steps": [2], "units": [1], "hold": 0.5}],
    "ablate": [{"steps": range(STEPS), "units": [0, 3], "ablate": "zero"}],
    "hold each unit": [{"steps": [3], "units": [0, 1, 2, 3], "hold": [0.1, 0.2, 0.3, 0.4]}],
    "scale": [{"steps": [1, 2], "scale": -0.5}],
    "add": [{"steps": [1, 4], "units": [2], "add": 0.3}],
    "freeze": [{"steps": [0, 1, 4], "units": [1, 2], "freeze": True}],
    "several": [
        {"steps": [2], "add": 1.0},
        {"steps": [2, 3], "scale": 2.0},
        {"steps": [2], "units": [0], "hold": 0.25},
        {"steps": [2], "units": [0, 1], "add": 0.5},
    ],
    "hold, then freeze": [{"steps": [2], "hold": 0.5}, {"steps": [3, 4], "freeze": True}],
    "freeze, then add": [{"steps": [2], "freeze": True}, {"steps": [2], "units": [1], "add": 0.5}],
}


@each_cell
@pytest.mark.parametrize("edits", OF_THE_STATE.values(), ids=OF_THE_STATE)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_edits_of_the_state(cell: str, edits: list[dict[str, Any]], bidirectional: bool) -> None:
    direction: Direction = "backward" if bidirectional else "forward"
    letter = decompose(traced(cell, [])).letter
    listed = placed(edits, letter, 0 if bidirectional else AFTER)
    made = traced(cell, listed, bidirectional=bidirectional)
    by_hand = parts_by_hand(made, made.layer(0, direction), letter, listed)
    parts = check(made, direction, by_hand)
    assert parts.columns[STEPS:] == ("initial state", *(str(edit) for edit in listed))


OF_HIDDEN = {
    "hold": "h[1]@2=0.5",
    "scale, add": "h@2,3:scale=0.5;h[0]@3:add=0.1",
    "hold, then freeze": "h[1]@2=0.5;@3,4:freeze",
    "freeze, then scale": "@0,1:freeze;h@1:scale=3",
    "hold, then scale": "h@2=1;h[0]@2:scale=3",
    "freeze h only": "h[0,2]@0,2,3:freeze",
    "freeze all, then change c": "@2-4:freeze;c[1]@3:scale=2",
    "freeze c only": "c@1,2:freeze",
}


@pytest.mark.parametrize("cell", ["lstm", "coupled_lstm"])
@pytest.mark.parametrize("edits", OF_HIDDEN.values(), ids=OF_HIDDEN)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_edits_of_an_h_that_is_not_the_state(cell: str, edits: str, bidirectional: bool) -> None:
    start, direction = (0, "backward") if bidirectional else (AFTER, "forward")
    listed = [replace(each, steps=tuple(start + step for step in each.steps or ())) for each in from_short_form(edits)]
    made = traced(cell, listed, bidirectional=bidirectional)
    parts = check(made, direction)
    only_of_h = [n for n, edit in enumerate(listed) if edit.letter == "h"]
    assert (parts.amounts[:, [STEPS + 1 + n for n in only_of_h]] == 0).all()


def test_a_freeze_of_all_states_keeps_each_share_and_one_of_h_takes_the_value_over() -> None:
    kept = decompose(traced("lstm", [freeze(steps=[AFTER + 3])])).shares
    assert kept is not None
    assert kept[3] == pytest.approx(kept[2], abs=1e-15)
    taken = decompose(traced("lstm", [freeze("h", steps=[AFTER + 3])])).shares
    assert taken is not None
    assert (taken[3, :-1] == 0).all()
    assert taken[3, -1] == pytest.approx(taken[2].sum(), abs=1e-15)


@st.composite
def any_edit(draw: st.DrawFn, start: int) -> Edit:
    letter, kind = draw(st.sampled_from("ifgoch")), draw(st.sampled_from(["hold", "scale", "add", "freeze"]))
    steps = [start + step for step in draw(st.lists(st.integers(0, STEPS - 1), min_size=1, unique=True))]
    units = draw(st.none() | st.lists(st.integers(0, SIZE - 1), min_size=1, unique=True))
    if kind == "freeze":
        return freeze(draw(st.sampled_from([None, "c", "h"])), steps=steps, units=units)
    return {"hold": hold, "scale": scale, "add": add}[kind](letter, draw(st.floats(-2, 2)), steps=steps, units=units)


@given(st.data(), st.booleans())
def test_any_list_of_edits(data: st.DataObject, bidirectional: bool) -> None:
    edits = data.draw(st.lists(any_edit(0 if bidirectional else AFTER), min_size=1, max_size=5))
    check(traced("lstm", edits, bidirectional=bidirectional), "backward" if bidirectional else "forward")


def test_edits_of_gates_other_layers_and_other_directions_have_no_column() -> None:
    network = random_network(
        cell="lstm", outputs=1, hidden_size=SIZE, layers=2, bidirectional=True, dtype=torch.float64
    )
    edits = [
        hold("i", 0, steps=[1]),
        hold("c", 0, layer=0),
        hold("h", 0, layer=1, direction="forward"),
        freeze(steps=[2]),
    ]
    made = trace(network, random_tokens(STEPS), edits=edits)
    columns = {
        (layer.layer, layer.direction): decompose(made, layer=layer.layer, direction=layer.direction).columns[
            STEPS + 1 :
        ]
        for layer in made.layers
    }
    assert columns == {
        (0, "forward"): ("0.c=0", "@2:freeze"),
        (0, "backward"): ("0.c=0", "@2:freeze"),
        (1, "forward"): ("1.forward.h=0", "@2:freeze"),
        (1, "backward"): ("@2:freeze",),
    }


def test_a_part_of_an_edited_trace_starts_from_the_edited_states() -> None:
    made = traced("lstm", [add("c", 0.5, steps=[AFTER + 1, AFTER + 4])])
    part = made.span(2, STEPS)
    parts = decompose(part)
    assert parts.state == pytest.approx(made.layer()["c"][2:], abs=1e-13)
    assert parts.amounts[0, -2] == pytest.approx((np.abs(made.layer()["c"][1]) * made.layer()["f"][2]).sum(), rel=1e-13)
    assert parts.amounts[:, -1].tolist() == pytest.approx([0, 0, 2.0, (made.layer()["f"][5] * 0.5).sum()])


def test_a_hold_empties_all_other_parts() -> None:
    made = traced("lstm", [hold("c", 0.5, steps=[AFTER + 3])])
    parts = decompose(made)
    assert (parts.amounts[3, :-1] == 0).all()
    assert parts.amounts[3, -1] == SIZE * 0.5
    assert (parts.amounts[3:, :4] == 0).all()
    assert parts.amounts[4, -1] == pytest.approx((made.layer()["f"][4] * 0.5).sum(), rel=1e-14)


def test_what_remains_counts_earlier_edits_and_not_what_an_edit_puts_in() -> None:
    made = traced("lstm", [add("c", 1.0, steps=[AFTER + 2, AFTER + 3])])
    parts, f = decompose(made), made.layer()["f"]
    units = parts.per_unit(time=2).parts
    assert parts.remaining[3] == pytest.approx(np.abs(f[3] * units).sum() / parts.amounts[2].sum(), rel=1e-12)
    assert parts.new[3] == pytest.approx(parts.amounts[3, 3] / parts.amounts[3].sum(), rel=1e-12)


@pytest.mark.parametrize("units", [None, [0]])
def test_edits_of_h_under_a_projection(units: list[int] | None) -> None:
    module = random_module("projected lstm", hidden=SIZE, dtype=torch.float64)
    [x] = random_sequences([STEPS], dtype=torch.float64)
    edits = [
        scale("h", 0.5, steps=[1], units=[0]),
        hold("h", 0.7, steps=[2], units=[1]),
        freeze(steps=[3], units=units),
    ]
    made = trace_module(module, x, edits=edits)
    assert isinstance(made, Trace)
    weight = np.array([1.0, -2.0])
    parts = decompose(made, (weight[None], None))
    assert parts.shares is not None
    assert parts.state == pytest.approx(made.layer()["c"], abs=1e-14)
    assert parts.shares.sum(axis=1) == pytest.approx(made.layer()["h"] @ weight, abs=1e-14)
    assert (parts.shares[3] == pytest.approx(parts.shares[2], abs=1e-15)) == (units is None)


def test_the_sequences_of_a_batch_have_the_columns_of_their_own_edits() -> None:
    module = random_module("lstm", hidden=SIZE, dtype=torch.float64)
    x = torch.stack(random_sequences([STEPS, STEPS], dtype=torch.float64), dim=1)
    edits = [
        hold("c", 1.0, steps=[2], sequences=[1]),
        scale("c", 2.0, steps=[1]),
        add("c", 1.0, sequences=[0], steps=[4]),
    ]
    batch = trace_module(module, x, edits=edits)
    for b, made in enumerate(batch):
        parts = decompose(made)
        assert parts.state == pytest.approx(made.layer()["c"], abs=1e-13)
        named = [str(replace(edit, sequences=None)) for edit in edits if edit.sequences in (None, (b,))]
        assert list(parts.columns[STEPS + 1 :]) == named
        assert [str(edit) for edit in made.edits] == named


def test_words_are_named_as_they_were_read_and_patches_by_their_source() -> None:
    model = load_model(data_folder("models") / "sentiment-lstm")
    text = "the movie was not good"
    made = model.trace(text, [swap("bad", steps=[4]), patch("c", "the movie was so good", steps=[3])])
    parts = decompose(made)
    assert parts.columns[3:] == ("not", "bad", "initial state", str(made.edits[1]))
    there = model.trace("the movie was so good").layer()["c"][3]
    assert parts.amounts[3, -1] == pytest.approx(np.abs(there).sum(), rel=1e-6)
    assert parts.amounts[3, :-1].sum() == 0
