"""Couple: let a cell write exactly as much as it forgets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from ..cells.cell import Cell
from .edit import Affine, Edit, EditError, Operation, Place, Where, shown


@dataclass(frozen=True)
class Couple(Operation):
    """i ← 1 − f, after edits of f, for the gates that ``Cell.couples`` names."""

    name = "couple"
    purpose = "it sets the gate that writes to 1 minus the gate that keeps"
    fields = ("layer", "direction", "units")

    @classmethod
    def parse(cls, value: Any) -> "Couple":
        if value is not True:
            raise ValueError(f"{shown(value)} must be true")
        return cls()

    @property
    def value(self) -> bool:
        return True

    def letters(self, edit: Edit, cell: Cell) -> Sequence[str]:  # noqa: ARG002
        if cell.couples is None:
            why = "one gate both keeps and writes" if cell.memory else "it has no gates"
            raise EditError("couple", f"{cell.noun} has nothing to couple: {why}")
        return cell.couples[0]

    def at(self, place: Place) -> Affine:  # noqa: ARG002
        return Affine(scale=0.0, shift=1.0, take=-1.0)


def couple(**where: Unpack[Where]) -> Edit:
    """Return the edit that sets the gate that writes to 1 minus the gate that keeps: i ← 1 − f in an LSTM."""
    return Edit.make(Couple, True, None, where)  # noqa: FBT003


OPERATION = Couple
