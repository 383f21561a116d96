"""Edits of a state, as a decomposition takes them: each puts what it adds into a part of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Kind = Literal["hold", "scale", "add", "freeze"]


@dataclass(frozen=True, eq=False)
class StateEdit:
    """What was done to a state of one layer and direction, after it was computed and before it was used.

    In the units edited, ``hold`` (also what ablates or patches) empties all other parts and puts the value into its
    own; ``scale`` multiplies all parts; ``add`` adds to its own; ``freeze`` leaves all parts, and what is let out of
    them, as they were at the step before.
    """

    name: str  # of its column
    kind: Kind
    letter: str  # of the state; of a freeze it is not read, as it acts on all states
    steps: Sequence[int]  # of the sequence
    units: Sequence[int] | None = None  # None: all
    values: ArrayLike = 0.0  # one number, one for each unit, or (steps, units)

    def at(self, step: int, size: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the units that it acts on, of ``size``, and its value for each of them, at one of its steps."""
        units = np.arange(size) if self.units is None else np.asarray(self.units, dtype=np.intp)
        values = np.broadcast_to(np.asarray(self.values, dtype=np.float64), (len(self.steps), len(units)))
        return units, values[list(self.steps).index(step)]
