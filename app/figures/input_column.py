"""A curve above the picture, as of a column of the input: its name, its values, and the scale between their ends."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .numbers import short

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class InputColumn:
    """A number of each step, such as a column of the input, of which at least one is finite."""

    name: str
    values: Array  # (T,); what is not finite is a gap
    unit: str = ""  # of measurement
    note: str = ""  # what to know about it, in the place of a unit

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the largest of its values, between which it is drawn."""
        known = self.values[np.isfinite(self.values)]
        return float(known.min()), float(known.max())

    @property
    def heights(self) -> Array:
        """(T,): where its values lie from the least, 0, to the largest, 1; ½ if they are all the same; gaps are NaN."""
        (low, high), known = self.ends, np.where(np.isfinite(self.values), self.values, np.nan)
        if low == high:
            return known - low + 0.5
        scale = max(abs(low), abs(high))  # so that no difference overflows
        heights: Array = (known / scale - low / scale) / (high / scale - low / scale)
        return heights

    @property
    def title(self) -> str:
        """Its name with its unit."""
        return ", ".join(filter(None, (self.name, self.unit or self.note)))

    def told(self, t: int) -> str:
        """Return its value at a step: "rain 0.3 mm"; "rain missing" in a gap."""
        value = float(self.values[t])
        return f"{self.name} {_with_unit(value, self.unit) if np.isfinite(value) else 'missing'}"

    @property
    def span(self) -> str:
        """What it lies between: "0 to 3.2 mm"."""
        low, high = self.ends
        return (
            f"always {_with_unit(low, self.unit)}" if low == high else f"{short(low)} to {_with_unit(high, self.unit)}"
        )


def _with_unit(value: float, unit: str) -> str:
    return f"{short(value)} {unit}" if unit else short(value)
