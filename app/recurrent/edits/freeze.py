"""Freeze: let states keep their last value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from ..cells.cell import Cell
from .edit import Affine, Edit, EditError, Operation, Place, Where, shown


@dataclass(frozen=True)
class Freeze(Operation):
    """s_t ← s_{t-1}, for all states, or for the one named."""

    name = "freeze"
    purpose = "it lets states keep their last value"

    @classmethod
    def parse(cls, value: Any) -> "Freeze":
        if value is not True:
            raise ValueError(f"{shown(value)} must be true")
        return cls()

    @property
    def value(self) -> bool:
        return True

    def letters(self, edit: Edit, cell: Cell) -> Sequence[str]:
        if edit.letter is None:
            return cell.states
        if edit.letter in cell.activations and edit.letter not in cell.states:
            raise EditError("letter", f"{edit.letter!r} is not a state: only {' and '.join(cell.states)} can be frozen")
        return edit.letter

    def at(self, place: Place) -> Affine:  # noqa: ARG002
        return Affine(scale=0.0, take=1.0)


def freeze(letter: str | None = None, **where: Unpack[Where]) -> Edit:
    """Return the edit that lets the states, or the one named, keep their last value."""
    return Edit.make(Freeze, True, letter, where)  # noqa: FBT003


OPERATION = Freeze
