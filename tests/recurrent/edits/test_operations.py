"""Every operation on every letter of every cell, in both engines and directions, against the edit written by hand."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.recurrent.cells.cell import Cell
from gatescope.recurrent.cells.lstm import LSTM
from gatescope.recurrent.edits import OPERATIONS
from gatescope.recurrent.edits.binding import Subject, bind
from gatescope.recurrent.edits.edit import Edit, Resources
from gatescope.recurrent.engine import compiled, stepped
from torch import Tensor

from ..engines import Array, error
from ..kernel_cases import KINDS, Case, each_direction, each_kind, in_float64, random_case, steps_taken
from . import loops

HIDDEN, STEPS, BATCH, UNITS, AT = 6, 7, 3, [1, 2, 0], [2, 3, 5]
VALUES = [0.25, -0.5, 0.75]
PATCHED, MEANS = (
    torch.linspace(-0.9, 0.9, STEPS * HIDDEN).reshape(STEPS, HIDDEN).double(),
    np.linspace(-0.5, 0.5, HIDDEN),
)

ByHand = Callable[[int, Tensor, Tensor | None], Tensor]  # step, the activation in the units, the state before


class Source:
    """A trace whose activations are all PATCHED."""

    def __init__(self, width: int) -> None:
        self.width = width

    def __len__(self) -> int:
        return STEPS

    def layer(self, layer: int = 0, direction: str = "forward") -> dict[str, Array]:
        return {letter: PATCHED[:, : self.width].numpy() for letter in "ifgorznch"}


# What each operation makes of the units UNITS of an activation, written out; its name is the first word.
BY_HAND: Mapping[str, tuple[Any, ByHand]] = {
    "hold": (VALUES, lambda t, x, _: torch.tensor(VALUES).to(x).expand_as(x)),
    "scale": (-1.5, lambda t, x, _: x * -1.5),
    "add": (VALUES, lambda t, x, _: x + torch.tensor(VALUES).to(x)),
    "ablate": ("mean", lambda t, x, _: torch.tensor(MEANS[UNITS]).to(x).expand_as(x)),
    "ablate to zero": ("zero", lambda t, x, _: torch.zeros_like(x)),
    "patch": ({"text": "…"}, lambda t, x, _: PATCHED[t, UNITS].to(x).expand_as(x)),
    "patch a step": ({"text": "…", "step": 4}, lambda t, x, _: PATCHED[4, UNITS].to(x).expand_as(x)),
    "freeze": (True, lambda t, x, before: before),  # type: ignore[dict-item,return-value]
}


# couple is tested below, and swap, which needs tokens, in test_trace_edits.py.
TESTED_APART = {"couple", "swap"}


def resources(width: int) -> Resources:
    return Resources(lambda *_: MEANS.tolist()[:width], lambda _: Source(width))


def subject(case: Case) -> Subject:
    projection = 0 if case.weights.w_hr is None else len(case.weights.w_hr)
    return Subject(case.cell, 1, ("backward",) if case.reverse else ("forward",), HIDDEN, projection, case.lengths)


def runs(case: Case, edits: list[Any], width: int = HIDDEN) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The activations of the kernels in float32, and of the cells in float32 and in float64."""
    direction = "backward" if case.reverse else "forward"
    bound = bind(edits, subject(case), resources(width))
    options: dict[str, Any] = {"reverse": case.reverse, "edits": bound.of(0, direction, 0, case.lengths[0])}
    arrays = compiled.arrays_of(case.cell, case.weights)
    ours = compiled.unroll(case.cell, arrays, case.x, case.lengths, case.initial, **options)
    single, double = (stepped.unroll(*each[:-1], **options) for each in (case, in_float64(case)))
    return ours, single, double


def by_hand(case: Case, edit: loops.Edit) -> dict[str, Tensor]:
    double = in_float64(case)
    return loops.run(case.cell.variant, double.weights, double.x, double.initial, edit, reverse=case.reverse)


def require_agreement(case: Case, edits: list[Any], edit: loops.Edit, width: int = HIDDEN) -> dict[str, Tensor]:
    """In float64 to 1e-12; in float32 within 10⁻⁶, or three times the error of the unedited run."""
    expected = by_hand(case, edit)
    ours, single, double = runs(case, edits, width)
    plain, exact = case(), in_float64(case)(stepped.unroll)
    for letter in case.cell.activations:
        assert error(double[letter].numpy(), expected[letter].numpy()) <= 1e-12
        drift = max(1e-6, 3 * error(plain[letter], exact[letter].numpy()))
        assert error(ours[letter], expected[letter].numpy()) <= drift
        assert error(single[letter].numpy(), expected[letter].numpy()) <= drift
    return expected


@pytest.mark.parametrize("operation", BY_HAND)
@each_direction
@each_kind
def test_an_operation_is_what_its_equation_says(cell: Cell, projection: int, reverse: bool, operation: str) -> None:
    case = random_case(cell, [STEPS] * BATCH, hidden=HIDDEN, projection=projection, reverse=reverse)
    value, made = BY_HAND[operation]
    operation = operation.split()[0]
    for letter in cell.states if operation == "freeze" else cell.activations:
        width = projection if projection and letter == "h" else HIDDEN

        def edit(of: str, t: int, x: Tensor, before: Mapping[str, Tensor], letter: str = letter) -> Tensor:
            if of != letter or t not in AT:
                return x
            x, kept = x.clone(), x
            x[:, UNITS] = made(t, kept[:, UNITS], before[letter][:, UNITS] if operation == "freeze" else None)
            return x

        data = {"letter": letter, "units": UNITS, "steps": AT, operation: value}
        expected = require_agreement(case, [data], edit, width)
        nothing = by_hand(case, lambda of, t, x, before: x)
        assert not torch.equal(expected["h"], nothing["h"])


@each_direction
@each_kind
def test_freeze_without_a_letter_keeps_all_states(cell: Cell, projection: int, reverse: bool) -> None:
    case = random_case(cell, [STEPS] * BATCH, hidden=HIDDEN, projection=projection, reverse=reverse)
    frozen = lambda of, t, x, before: before[of] if of in before and t in AT else x  # noqa: E731
    require_agreement(case, [{"freeze": True, "steps": "2-3,5"}], frozen)


@each_direction
@pytest.mark.parametrize(
    ("cell", "projection"),
    [each for each in KINDS.values() if each[0].couples],
    ids=[name for name, each in KINDS.items() if each[0].couples],
)
def test_couple_writes_what_is_forgotten(cell: Cell, projection: int, reverse: bool) -> None:
    assert cell.couples
    case = random_case(cell, [STEPS] * BATCH, hidden=HIDDEN, projection=projection, reverse=reverse)
    writes, keeps = cell.couples
    kept: dict[int, Tensor] = {}

    def edit(of: str, t: int, x: Tensor, before: Mapping[str, Tensor]) -> Tensor:
        if of == keeps:
            kept[t] = 0.5 * x
            return kept[t]
        return 1 - kept[t] if of == writes and t in AT else x

    require_agreement(case, [{"couple": True, "steps": AT}, {"letter": keeps, "scale": 0.5}], edit)


def test_every_operation_has_its_loop() -> None:
    assert set(OPERATIONS) == {each.split()[0] for each in BY_HAND} | TESTED_APART


@each_kind
def test_edits_apply_in_their_order_and_to_their_sequences(cell: Cell, projection: int) -> None:
    case = random_case(cell, [7, 6, 5], hidden=HIDDEN, projection=projection)
    letter = cell.activations[0]
    listed = [
        {"letter": letter, "steps": [1], "add": 0.5},
        {"letter": letter, "steps": [1, 4], "sequences": [1, 2], "scale": 2},
        {"letter": letter, "steps": "1-4", "units": [0, 1], "sequences": [2], "hold": 0.125},
        {"letter": letter, "steps": [1], "units": [1], "add": [1]},
    ]

    def edit(of: str, t: int, x: Tensor, before: Mapping[str, Tensor]) -> Tensor:
        if of != letter:
            return x
        x = x.clone()
        if t == 1:
            x += 0.5
        if t in (1, 4):
            x[1:] *= 2
        if 1 <= t <= 4:
            x[2, :2] = 0.125
        if t == 1:
            x[:, 1] += 1
        return x

    expected = by_hand(case, edit)
    ours, _, double = runs(case, listed)
    plain = case()
    for (of, b), array in steps_taken(case, expected).items():
        assert error(np.asarray(double[of][: len(array), b]), array) <= 1e-12
        assert error(ours[of][: len(array), b], array) <= 2e-6
    assert not np.array_equal(ours["h"][:, 0], plain["h"][:, 0])


def test_a_sequence_that_is_not_named_keeps_its_bits() -> None:
    case = random_case(LSTM, [STEPS] * BATCH, hidden=HIDDEN)
    ours, _, _ = runs(case, [{"letter": "i", "sequences": [1], "hold": 0}])
    plain = case()
    for letter, array in plain.items():
        for b in (0, 2):
            np.testing.assert_array_equal(ours[letter][:, b], array[:, b])
        assert not np.array_equal(ours[letter][:, 1], array[:, 1]) or letter in "fgo"


def test_equal_edits_are_equal() -> None:
    assert Edit.from_dict({"letter": "i", "hold": 1}) == Edit.from_dict({"letter": "i", "hold": 1.0})
    assert Edit.from_dict({"letter": "i", "hold": 1}) != Edit.from_dict({"letter": "i", "scale": 1})
