"""With edits of a state the parts still add up to the state and the logit: hold, scale, add and freeze, in any list."""

import re

import numpy as np
import pytest
import torch
from gatescope import decompose, trace_module
from gatescope.recurrent.cells import TABLE
from gatescope.recurrent.decomposition.state_edits import StateEdit
from gatescope.recurrent.modules import Direction
from gatescope.recurrent.trace import LayerTrace, Trace, trace
from hypothesis import given
from hypothesis import strategies as st
from networks import VARIANTS, random_network, random_tokens
from numpy.typing import NDArray

from ..torch_modules import random_module, random_sequences
from .plain import RULES

Array = NDArray[np.float64]
WITH_MEMORY = {cell.variant: VARIANTS[cell.variant] for cell in TABLE if cell.memory is not None}
STEPS, SIZE = 6, 4
each_cell = pytest.mark.parametrize("cell", WITH_MEMORY)


def edited_states(layer: LayerTrace, edits: list[StateEdit], c_0: Array, h_0: Array) -> tuple[Array, Array]:
    """Run the states of a layer over the gates of its trace, with edits made by hand: c (or h) and h, (T, ·)."""
    letters = {letter: array.astype(np.float64) for letter, array in layer.activations.items()}
    keep, write = RULES[layer.cell](letters)
    has_cell = "c" in letters
    states, hidden = np.zeros((STEPS, SIZE)), np.zeros((STEPS, SIZE))
    s, h = c_0.copy(), h_0.copy()
    order = range(STEPS) if layer.direction == "forward" else reversed(range(STEPS))
    for t in order:
        s = apply(edits, "c" if has_cell else "h", t, keep[t] * s + write[t], s)
        h = apply(edits, "h", t, letters["o"][t] * np.tanh(s), h) if has_cell else s
        states[t], hidden[t] = s, h
    return states, hidden


def apply(edits: list[StateEdit], letter: str, t: int, state: Array, before: Array) -> Array:
    state = state.copy()
    for edit in edits:
        if t in edit.steps and (edit.letter == letter or edit.kind == "freeze"):
            units, v = list(range(SIZE)) if edit.units is None else edit.units, edit.values
            match edit.kind:
                case "hold":
                    state[units] = v
                case "scale":
                    state[units] *= v
                case "add":
                    state[units] += v
                case "freeze":
                    state[units] = before[units]
    return state


def traced(cell: str, bidirectional: bool = False) -> Trace:
    network = random_network(
        **WITH_MEMORY[cell], hidden_size=SIZE, outputs=1, dtype=torch.float64, bidirectional=bidirectional
    )
    before = None if bidirectional else trace(network, random_tokens(3, seed=3))
    return trace(network, random_tokens(STEPS), before)


def check(made: Trace, edits: list[StateEdit], direction: Direction = "forward") -> None:
    layer = made.layer(0, direction)
    parts = decompose(made, edits=edits, direction=direction)
    c_0, h_0 = np.zeros(SIZE), np.zeros(SIZE)
    if layer.initial is not None:
        c_0, h_0 = layer.initial[parts.letter], layer.initial["h"]
    states, hidden = edited_states(layer, edits, c_0, h_0)
    assert parts.columns[-len(edits) :] == tuple(edit.name for edit in edits)
    assert parts.state == pytest.approx(states, rel=1e-12, abs=1e-12)
    assert made.head is not None
    weight = made.head.weight.tensor.detach().numpy()[0]
    w = weight[SIZE:] if direction == "backward" else weight[:SIZE]
    assert parts.shares is not None
    assert parts.shares.sum(axis=1) == pytest.approx(hidden @ w, abs=1e-12)
    for t in range(STEPS):
        unit = parts.per_unit(time=t)
        assert unit.shares is not None
        assert unit.parts.sum(axis=0) == pytest.approx(states[t], rel=1e-12, abs=1e-12)
        assert unit.shares.sum(axis=0) == pytest.approx(hidden[t] * w, abs=1e-12)
        assert unit.shares.sum(axis=1) == pytest.approx(parts.shares[t], abs=1e-12)
        assert np.abs(unit.parts).sum(axis=1) == pytest.approx(parts.amounts[t], abs=1e-12)
    for k in range(len(parts.columns)):
        of_column = parts.per_unit(source=k)
        assert of_column.shares is not None
        assert of_column.shares.sum(axis=1) == pytest.approx(parts.shares[:, k], abs=1e-12)
        assert np.abs(of_column.parts).sum(axis=1) == pytest.approx(parts.amounts[:, k], abs=1e-12)
    change = parts.change
    assert change is not None
    both, step = change.forgetting + change.letting_out, -1 if direction == "backward" else 1
    differences = np.full_like(both, np.nan)
    shares = parts.shares[::step]
    differences[::step][1:] = np.diff(shares, axis=0)
    there = ~np.isnan(both)
    assert both[there] == pytest.approx(differences[there], abs=1e-12)
    if parts.memory_weights is not None:
        assert parts.memory_weights.sum(axis=1) == pytest.approx(np.ones(STEPS), abs=1e-12)


EDITS = [
    [StateEdit("hold", "hold", "{s}", [2], [1], 0.5)],
    [StateEdit("ablate", "hold", "{s}", range(STEPS), [0, 3], 0.0)],
    [StateEdit("patch", "hold", "{s}", [3], None, [0.1, 0.2, 0.3, 0.4])],
    [StateEdit("scale", "scale", "{s}", [1, 2], None, -0.5)],
    [StateEdit("add", "add", "{s}", [1, 4], [2], 0.3)],
    [StateEdit("freeze", "freeze", "", [0, 1, 4], [1, 2])],
    [
        StateEdit("add", "add", "{s}", [2], None, 1.0),
        StateEdit("scale", "scale", "{s}", [2, 3], None, 2.0),
        StateEdit("hold", "hold", "{s}", [2], [0], 0.25),
        StateEdit("add again", "add", "{s}", [2], [0, 1], 0.5),
    ],
]
OF_HIDDEN = [
    [StateEdit("hold", "hold", "h", [2], [1], 0.5)],
    [StateEdit("scale", "scale", "h", [2, 3], None, 0.5), StateEdit("add", "add", "h", [3], [0], 0.1)],
    [StateEdit("hold", "hold", "h", [2], [1], 0.5), StateEdit("freeze", "freeze", "", [3, 4])],
    [StateEdit("freeze", "freeze", "", [0, 1]), StateEdit("scale", "scale", "h", [1], None, 3.0)],
    [StateEdit("hold", "hold", "h", [2], None, 1.0), StateEdit("scale", "scale", "h", [2], [0], 3.0)],
]


def of_state(edits: list[StateEdit], letter: str) -> list[StateEdit]:
    return [StateEdit(e.name, e.kind, e.letter.format(s=letter), e.steps, e.units, e.values) for e in edits]


@each_cell
@pytest.mark.parametrize("edits", EDITS, ids=lambda edits: ", ".join(edit.name for edit in edits))
@pytest.mark.parametrize("bidirectional", [False, True])
def test_edits_of_the_state(cell: str, edits: list[StateEdit], bidirectional: bool) -> None:
    made = traced(cell, bidirectional)
    letter = decompose(made).letter
    check(made, of_state(edits, letter), "backward" if bidirectional else "forward")


@pytest.mark.parametrize("cell", ["lstm", "coupled_lstm"])
@pytest.mark.parametrize("edits", OF_HIDDEN, ids=lambda edits: ", ".join(edit.name for edit in edits))
@pytest.mark.parametrize("bidirectional", [False, True])
def test_edits_of_an_h_that_is_not_the_state(cell: str, edits: list[StateEdit], bidirectional: bool) -> None:
    made = traced(cell, bidirectional)
    check(made, edits, "backward" if bidirectional else "forward")
    amounts = decompose(made, edits=edits, direction=made.layers[-1].direction).amounts
    assert (amounts[:, STEPS + 1 :] == 0).all()


@st.composite
def any_edit(draw: st.DrawFn) -> StateEdit:
    letter, kind = draw(st.sampled_from(["c", "h"])), draw(st.sampled_from(["hold", "scale", "add"]))
    steps = draw(st.lists(st.integers(0, STEPS - 1), min_size=1, unique=True))
    units = draw(st.none() | st.lists(st.integers(0, SIZE - 1), min_size=1, unique=True))
    return StateEdit(kind, kind, letter, steps, units, draw(st.floats(-2, 2)))


@given(st.lists(any_edit(), min_size=1, max_size=5), st.booleans())
def test_any_list_of_edits(edits: list[StateEdit], bidirectional: bool) -> None:
    check(traced("lstm", bidirectional), edits, "backward" if bidirectional else "forward")


def test_a_hold_empties_all_other_parts() -> None:
    made = traced("lstm")
    parts = decompose(made, edits=[StateEdit("hold", "hold", "c", [3], None, 0.5)])
    assert (parts.amounts[3, :-1] == 0).all()
    assert parts.amounts[3, -1] == SIZE * 0.5
    assert (parts.amounts[3:, :4] == 0).all()
    f = made.layer()["f"]
    assert parts.amounts[4, -1] == pytest.approx((f[4] * 0.5).sum(), rel=1e-14)


def test_what_remains_counts_earlier_edits_and_not_what_an_edit_puts_in() -> None:
    made = traced("lstm")
    edits = [StateEdit("add", "add", "c", [2, 3], None, 1.0)]
    parts = decompose(made, edits=edits)
    f = made.layer()["f"]
    units = parts.per_unit(time=2).parts
    assert parts.remaining[3] == pytest.approx(np.abs(f[3] * units).sum() / parts.amounts[2].sum(), rel=1e-12)
    assert parts.new[3] == pytest.approx(parts.amounts[3, 3] / parts.amounts[3].sum(), rel=1e-12)


def projected() -> tuple[Trace, Array, Array]:
    module = random_module("projected lstm", hidden=SIZE, dtype=torch.float64)
    [x] = random_sequences([STEPS], dtype=torch.float64)
    made = trace_module(module, x)
    assert isinstance(made, Trace)
    return made, module.weight_hr_l0.detach().numpy(), np.array([[1.0, -2.0]])


def test_edits_of_h_under_a_projection() -> None:
    made, projection, weight = projected()
    edits = [
        StateEdit("scale", "scale", "h", [1], [0], 0.5),
        StateEdit("hold", "hold", "h", [2], [1], 0.7),
        StateEdit("freeze", "freeze", "", [3]),
    ]
    parts = decompose(made, (weight, None), edits=edits)
    i, f, g, o = (made.layer()[letter] for letter in "ifgo")
    c, h = np.zeros(SIZE), np.zeros(2)
    for t in range(STEPS):
        if t != 3:
            c = f[t] * c + i[t] * g[t]
            h = projection @ (o[t] * np.tanh(c))
            h[0] *= 0.5 if t == 1 else 1
            h[1] = 0.7 if t == 2 else h[1]
        assert parts.state[t] == pytest.approx(c, abs=1e-14)
        assert parts.shares[t].sum() == pytest.approx(weight[0] @ h, abs=1e-14)  # type: ignore[index]


def test_a_freeze_that_cannot_be_decomposed_is_refused() -> None:
    made, _, weight = projected()
    message = "freeze freezes single units: under a projection only all can be frozen"
    with pytest.raises(ValueError, match=f"^{message}$"):
        decompose(made, (weight, None), edits=[StateEdit("freeze", "freeze", "", [3], [0])])
    edits = [StateEdit("freeze", "freeze", "", [3]), StateEdit("double c", "scale", "c", [2, 3], None, 2.0)]
    message = "double c edits c at step 3, where it is frozen: do one of the two"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        decompose(traced("lstm"), edits=edits)
