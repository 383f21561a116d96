"""Scale: multiply an activation."""

from typing import Any, Unpack

from .edit import Affine, Edit, OfNumbers, Place, Where


class Scale(OfNumbers):
    """x ← value · x."""

    name = "scale"
    purpose = "it multiplies an activation"

    def at(self, place: Place) -> Affine:  # noqa: ARG002
        return Affine(scale=self.values)


def scale(letter: str, value: Any, **where: Unpack[Where]) -> Edit:
    """Return the edit that multiplies an activation by ``value``, a number or one for each of ``units``."""
    return Edit.make(Scale, value, letter, where)


OPERATION = Scale
