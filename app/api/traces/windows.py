"""The part of the units of a layer that is sent, in an order; and what all of its units do together at each step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...recurrent.trace import FloatArray, LayerTrace
from ...recurrent.unit_order import UnitOrder, unit_order


@dataclass(frozen=True)
class Window:
    """Which units of each layer are sent: ``count`` of them, from place ``first`` of an order."""

    state: str  # letter of the state that orders them
    by: UnitOrder
    at: int  # row of an order by value
    rows: slice  # of the trace: those that the order takes into account
    first: int
    count: int
    containing: int | None  # a unit that they hold, in place of ``first``

    def of(self, layer: LayerTrace) -> tuple[int, list[int]]:
        """Return the place of the first unit of ``layer`` that is sent, and the units."""
        order = unit_order(layer[self.state][self.rows], self.by, self.at)
        first = min(self.first, (len(order) - 1) // self.count * self.count)
        if self.containing is not None:
            first = int(np.flatnonzero(order == self.containing)[0]) // self.count * self.count
        return first, order[first : first + self.count].tolist()


def summary_of(array: FloatArray, encode: Callable[[FloatArray], Any]) -> dict[str, Any]:
    """Return the ``Summary`` of an activation (T, H)."""
    greatest = np.abs(array).max(axis=1, keepdims=True)
    scale = np.where(greatest > 0, greatest, 1).astype(np.float64)  # so that no square overflows
    norm = scale[:, 0] * np.linalg.norm(array / scale, axis=1)
    return {
        "mean": encode(array.mean(axis=1, dtype=np.float64)),
        "norm": encode(norm),
        "greatest": encode(greatest[:, 0]),
    }


def norm_of_read(layers: Sequence[LayerTrace]) -> FloatArray:
    """Return the norm (T,) of what a head reads after each step, or would: h of the last layer, in all directions."""
    read = [each["h"] for each in layers if each.layer == layers[-1].layer]
    norms: FloatArray = np.linalg.norm(np.concatenate(read, axis=1, dtype=np.float64), axis=1)
    return norms
