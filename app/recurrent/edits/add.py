"""Add: move an activation."""

from typing import Any, Unpack

from .edit import Affine, Edit, OfNumbers, Place, Where


class Add(OfNumbers):
    """x ← x + value."""

    name = "add"
    purpose = "it adds to an activation"

    def at(self, place: Place) -> Affine:  # noqa: ARG002
        return Affine(shift=self.values)


def add(letter: str, value: Any, **where: Unpack[Where]) -> Edit:
    """Return the edit that adds ``value``, a number or one for each of ``units``, to an activation."""
    return Edit.make(Add, value, letter, where)


OPERATION = Add
