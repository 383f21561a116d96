"""The unit that tracks something in held-out text, and moves in this one."""

import numpy as np

from ..subject import Subject
from .statement import Part, Spot


def tracked(subject: Subject) -> list[Part]:
    """Return the sentence about the unit that is shown; [] if there is none."""
    if (unit := subject.unit) is None:
        return []
    values = subject.layer[unit.activation][:, unit.unit]
    step = int(np.argmax(np.abs(values)))
    return [" ", (f"Unit {unit.unit} tracks", Spot("unit", step)), f" “{unit.feature}”."]
