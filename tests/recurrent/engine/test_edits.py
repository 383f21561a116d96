"""Edits inside a step: both engines, and a hand-written loop, agree on what follows from them."""

import numpy as np
import pytest
import torch
from gatescope.recurrent.cells.cell import Cell
from gatescope.recurrent.cells.lstm import LSTM
from gatescope.recurrent.engine import compiled, stepped
from gatescope.recurrent.engine.edits import NO_EDITS, Edits

from ..engines import error
from ..kernel_cases import each_direction, each_kind, random_case

HIDDEN = 9


def random_edits(cell: Cell, steps: int, count: int) -> Edits:
    """Edits of random letters at random steps, several at some and none at others."""
    random = np.random.default_rng(0)
    at = np.sort(random.integers(0, steps, count))
    first = np.searchsorted(at, np.arange(steps + 1)).astype(np.int64)
    letters = random.integers(0, len(cell.letters), count).astype(np.int64)
    scale, shift = random.uniform(-0.5, 1, (2, count, HIDDEN)).astype(np.float32)
    return Edits(first, letters, scale, shift)


@pytest.mark.parametrize("lengths", [[20], [12, 7, 3], [30] * 9], ids=str)
@each_direction
@each_kind
def test_both_engines_agree_on_what_follows(cell: Cell, projection: int, reverse: bool, lengths: list[int]) -> None:
    case = random_case(cell, lengths, hidden=HIDDEN, projection=projection, reverse=reverse)
    edits, arrays = random_edits(cell, lengths[0], 15), compiled.arrays_of(cell, case.weights)
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
    scale, shift = np.ones((1, HIDDEN), np.float32), np.zeros((1, HIDDEN), np.float32)
    scale[0, 2] = 0
    edits = Edits(np.array([0, 0, 0, 0, 1, 1, 1]), np.array([LSTM.activations.index("i")]), scale, shift)
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
