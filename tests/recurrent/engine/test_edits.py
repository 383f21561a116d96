"""Edits inside a step: both engines, and a hand-written loop, agree on what follows from them."""

import numpy as np
import pytest
import torch
from gatescope.recurrent.cells import elementwise
from gatescope.recurrent.cells.cell import Cell
from gatescope.recurrent.cells.lstm import LSTM
from gatescope.recurrent.engine import compiled, stepped
from gatescope.recurrent.engine.edits import NO_EDITS, Edits, change_at

from ..engines import error
from ..kernel_cases import each_direction, each_kind, random_case

HIDDEN = 9


def random_edits(cell: Cell, steps: int, count: int, sequences: int = 1) -> Edits:
    """Edits of random letters at random steps, several at some and none at others, that take from all sources."""
    random = np.random.default_rng(0)
    at = np.sort(random.integers(0, steps, count))
    first = np.searchsorted(at, np.arange(steps + 1)).astype(np.int64)
    letters = random.integers(0, len(cell.letters), count).astype(np.int64)
    rows = random.permutation(count).astype(np.int64)
    scale, shift, take = random.uniform(-0.5, 1, (3, sequences, count, HIDDEN)).astype(np.float32)
    scale[random.random(scale.shape) < 0.3] = 0
    sources = {*cell.states, *(cell.couples or ())[:1]}
    for letter, row in zip(letters, rows, strict=True):
        if cell.activations[letter] not in sources:
            take[:, row] = 0
    return Edits(first, letters, rows, scale, shift, take)


@pytest.mark.parametrize("is_shared", [True, False], ids=["for all", "for each"])
@pytest.mark.parametrize("lengths", [[20], [12, 7, 3], [30] * 9], ids=str)
@each_direction
@each_kind
def test_both_engines_agree_on_what_follows(
    cell: Cell, projection: int, reverse: bool, lengths: list[int], is_shared: bool
) -> None:
    case = random_case(cell, lengths, hidden=HIDDEN, projection=projection, reverse=reverse)
    edits = random_edits(cell, lengths[0], 15, 1 if is_shared else len(lengths))
    arrays = compiled.arrays_of(cell, case.weights)
    ours = compiled.unroll(cell, arrays, case.x, lengths, case.initial, reverse=reverse, edits=edits)
    theirs = stepped.unroll(*case[:-1], reverse=reverse, edits=edits)
    plain = case()
    for letter in cell.activations:
        for b, length in enumerate(lengths):
            assert error(ours[letter][:length, b], theirs[letter][:length, b].numpy()) <= 1e-6
        assert not np.array_equal(ours[letter], plain[letter])


def test_an_edit_acts_before_the_activation_is_used() -> None:
    """Unit 2 of the input gate is held at 0 in step 3: the cell state only keeps what it had there."""
    case = random_case(LSTM, [6], hidden=HIDDEN)
    scale, nothing = np.ones((1, 1, HIDDEN)), np.zeros((1, 1, HIDDEN))
    scale[0, 0, 2] = 0
    first, letters = np.array([0, 0, 0, 0, 1, 1, 1]), np.array([LSTM.activations.index("i")])
    edits = Edits(first, letters, np.zeros(1, np.int64), scale, nothing, nothing)
    arrays = compiled.arrays_of(LSTM, case.weights)
    ours = compiled.unroll(LSTM, arrays, case.x, case.lengths, case.initial, reverse=False, edits=edits)
    assert ours["i"][3, 0, 2] == 0
    assert ours["c"][3, 0, 2] == pytest.approx(ours["f"][3, 0, 2] * ours["c"][2, 0, 2], abs=1e-7)
    plain = case()
    others = [unit for unit in range(HIDDEN) if unit != 2]
    for letter in LSTM.activations:
        np.testing.assert_array_equal(ours[letter][:3], plain[letter][:3])
        np.testing.assert_array_equal(ours[letter][3][:, others], plain[letter][3][:, others])


@each_kind
def test_without_edits_every_bit_is_that_of_the_plain_run(cell: Cell, projection: int) -> None:
    case = random_case(cell, [9, 4], projection=projection)
    nothing = Edits(np.zeros(10, np.int64), *NO_EDITS[1:])
    arrays = compiled.arrays_of(cell, case.weights)
    ours = compiled.unroll(cell, arrays, case.x, case.lengths, case.initial, reverse=False, edits=nothing)
    for b, length in enumerate(case.lengths):
        for letter, array in case().items():
            assert ours[letter][:length, b].tobytes() == array[:length, b].tobytes()


def test_edits_leave_gradients_intact() -> None:
    """The stepped engine stays differentiable through an edit."""
    case = random_case(LSTM, [4], hidden=HIDDEN)
    x = case.x.clone().requires_grad_()
    edits = random_edits(LSTM, 4, 6)
    stepped.unroll(LSTM, case.weights, x, [4], case.initial, reverse=False, edits=edits)["h"].sum().backward()
    assert torch.isfinite(x.grad).all()
    assert x.grad.abs().max() > 0


@each_direction
def test_a_state_that_takes_itself_keeps_every_bit(reverse: bool) -> None:
    """Frozen at step 2, c and h are what they were at the step before; the others of the batch go on."""
    case = random_case(LSTM, [6, 6], hidden=HIDDEN, reverse=reverse)
    scale, take = np.ones((2, 1, HIDDEN)), np.zeros((2, 1, HIDDEN))
    scale[1], take[1] = 0, 1
    letters = np.array([LSTM.activations.index(letter) for letter in "ch"])
    edits = Edits(np.array([0, 0, 0, 2, 2, 2, 2]), letters, np.zeros(2, np.int64), scale, np.zeros_like(scale), take)
    arrays, plain, before = compiled.arrays_of(LSTM, case.weights), case(), 3 if reverse else 1
    ours = compiled.unroll(LSTM, arrays, case.x, case.lengths, case.initial, reverse=reverse, edits=edits)
    for letter in "ch":
        np.testing.assert_array_equal(ours[letter][2, 1], ours[letter][before, 1])
        np.testing.assert_array_equal(ours[letter][:, 0], plain[letter][:, 0])


def test_a_factor_of_0_leaves_nothing_of_an_infinity() -> None:
    infinite = np.full(HIDDEN, np.inf, np.float32)
    table = np.zeros((1, 1, HIDDEN), np.float32)
    one = np.array([0])
    edits = Edits(np.array([0, 1]), one, one, table, table + 3, table)
    elementwise.amend((one, one, *(each[0] for each in edits[3:]), np.stack([infinite] * 6)), 0, infinite)
    assert (infinite == 3).all()
    change = change_at(edits, LSTM, 0, {})
    assert (change("i", torch.full((1, HIDDEN), np.inf)) == 3).all()
