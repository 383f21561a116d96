"""Hold: put a value in the place of an activation."""

from typing import Any, Unpack

from .edit import Affine, Edit, OfNumbers, Place, Where


class Hold(OfNumbers):
    """x ← value."""

    name = "hold"
    purpose = "it puts a value in the place of an activation"

    def at(self, place: Place) -> Affine:  # noqa: ARG002
        return Affine(scale=0.0, shift=self.values)


def hold(letter: str, value: Any, **where: Unpack[Where]) -> Edit:
    """Return the edit that puts ``value``, a number or one for each of ``units``, in the place of an activation.

    >>> hold("i", 0, steps=[3]).to_dict()
    {'letter': 'i', 'steps': [3], 'hold': 0.0}
    """
    return Edit.make(Hold, value, letter, where)


OPERATION = Hold
