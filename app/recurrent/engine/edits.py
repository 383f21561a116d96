"""Edits as both engines take them: what becomes of an activation inside a step, before it is used."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..cells.cell import Cell, Change, unchanged

Array = NDArray[Any]


class Edits(NamedTuple):
    """Changes of activations at single steps: activation ← scale · activation + shift + take · source.

    The source of a state is its value before the step; that of the gate ``Cell.couples`` names is the gate that it may
    be coupled to; no other letter has one, and its ``take`` is 0. A factor of 0 leaves nothing, even of an infinity.
    The n changes share the m rows of the three tables, which each sequence has of its own, or all in common, B = 1.
    """

    first: Array  # (T + 1,): those of step t are the changes from first[t] to first[t + 1]; (0,) if there are none
    letters: Array  # (n,): places in Cell.letters
    rows: Array  # (n,): places in the tables
    scale: Array  # (B, m, H), float32 or float64; of h, the first P count
    shift: Array
    take: Array

    def in_float32(self) -> "Edits":
        """Return them as the kernels take them: in float32, row by row in memory, however they were put together."""
        if self is NO_EDITS:
            return self
        with np.errstate(over="ignore"):  # an overflow shows in what follows from it
            return self._replace(
                **{name: np.ascontiguousarray(getattr(self, name), np.float32) for name in self._fields[3:]}
            )


NO_EDITS = Edits(*np.empty((3, 0), np.int64), *np.empty((3, 1, 0, 0), np.float32))


def change_at(edits: Edits, cell: Cell, t: int, before: Mapping[str, Tensor]) -> Change:
    """Return what the edits of step ``t`` make of each activation of ``cell``, from the states ``before`` the step."""
    if len(edits.first) == 0 or edits.first[t] == edits.first[t + 1]:
        return unchanged
    changes = range(edits.first[t], edits.first[t + 1])

    def change(letter: str, activation: Tensor, partner: Tensor | None = None, /) -> Tensor:
        source = before.get(letter, partner)
        for n in changes:
            if cell.activations[edits.letters[n]] == letter:
                scale, shift, take = (
                    torch.as_tensor(each[:, edits.rows[n], : activation.shape[-1]]).to(activation) for each in edits[3:]
                )
                kept = torch.where(scale == 0, shift, scale * activation + shift)
                activation = kept if source is None else torch.where(take == 0, kept, kept + take * source)
        return activation

    return change
