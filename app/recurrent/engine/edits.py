"""Edits as both engines take them: what becomes of an activation inside a step, before it is used."""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..cells.cell import Cell, Change, unchanged

Array = NDArray[Any]


class Edits(NamedTuple):
    """Changes of single activations at single steps: activation ← scale · activation + shift."""

    first: Array  # (T + 1,): those of step t are the rows from first[t] to first[t + 1]; (0,) if there are none
    letters: Array  # (n,): places in Cell.letters
    scale: Array  # (n, H), float32; of h, the first P count
    shift: Array


NO_EDITS = Edits(np.empty(0, np.int64), np.empty(0, np.int64), *np.empty((2, 0, 0), np.float32))


def change_at(edits: Edits, cell: Cell, t: int) -> Change:
    """Return what the edits of step ``t`` make of each activation of ``cell``."""
    if len(edits.first) == 0 or edits.first[t] == edits.first[t + 1]:
        return unchanged
    rows = range(edits.first[t], edits.first[t + 1])

    def change(letter: str, activation: Tensor, /) -> Tensor:
        for n in rows:
            if cell.activations[edits.letters[n]] == letter:
                scale, shift = (
                    torch.as_tensor(each[n, : activation.shape[-1]]).to(activation)
                    for each in (edits.scale, edits.shift)
                )
                activation = scale * activation + shift
        return activation

    return change
