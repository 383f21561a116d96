"""Swap: let the network read another token."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from ..cells.cell import Cell
from .edit import Affine, Edit, Operation, Place, Where, shown


@dataclass(frozen=True)
class Swap(Operation):
    """The network reads ``token`` in the place of that of the text, which keeps its name in the trace."""

    token: str

    name = "swap"
    purpose = "it puts another token at the input of the steps"
    schema = {"type": "string"}  # noqa: RUF012
    fields = ()

    @classmethod
    def parse(cls, value: Any) -> "Swap":
        if not isinstance(value, str):
            raise ValueError(f"{shown(value)} is not a token: it must be a text")
        return cls(value)

    @property
    def value(self) -> str:
        return self.token

    def letters(self, edit: Edit, cell: Cell) -> Sequence[str]:  # noqa: ARG002
        return ""

    def at(self, place: Place) -> Affine:  # noqa: ARG002
        return Affine()


def swap(token: str, **where: Unpack[Where]) -> Edit:
    """Return the edit that lets the network of a model read ``token`` at the ``steps``."""
    return Edit.make(Swap, token, None, where)


OPERATION = Swap
