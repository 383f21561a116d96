"""Ablate: silence an activation, or replace it by its mean, which says nothing of the text."""

from dataclasses import dataclass
from typing import Any, Literal, Unpack

import numpy as np

from .edit import Affine, Edit, Operation, Place, Where, shown


@dataclass(frozen=True)
class Ablate(Operation):
    """x ← 0, or the mean of each unit over held-out texts."""

    to: Literal["zero", "mean"]

    name = "ablate"
    purpose = "it puts zero or the held-out mean in the place of an activation"
    schema = {"enum": ["zero", "mean"]}  # noqa: RUF012

    @classmethod
    def parse(cls, value: Any) -> "Ablate":
        if value not in ("zero", "mean"):
            raise ValueError(f"{shown(value)} must be zero or mean")
        return cls(value)

    @property
    def value(self) -> str:
        return self.to

    def at(self, place: Place) -> Affine:
        if self.to == "zero":
            return Affine(scale=0.0)
        if place.resources.mean is None:
            raise ValueError(
                "the mean is that of a model's statistics, and there are none here: hold a mean of your own"
            )
        means = np.array(place.resources.mean(place.layer, place.direction, place.letter))
        return Affine(scale=0.0, shift=means[place.units])


def ablate(letter: str, to: Literal["zero", "mean"] = "zero", **where: Unpack[Where]) -> Edit:
    """Return the edit that silences an activation, or puts each unit's held-out mean in its place."""
    return Edit.make(Ablate, to, letter, where)


OPERATION = Ablate
