"""The row of a unit that tracks something: its activation at each step, over a scale of its own."""

from collections.abc import Iterator

import numpy as np

from .columns import Columns, curve_path
from .numbers import at, signed
from .subject import Array, Subject
from .svg import lines, text
from .text_width import wrapped

HEIGHT = 76.0  # px, with its margins
TALL = 50.0  # px, of the curve
SMALL = 13.0


def values_of(subject: Subject) -> Array | None:
    """Return the activation (T,) of the unit that is shown, negated if it falls as what it tracks rises; or None."""
    if (unit := subject.unit) is None:
        return None
    return unit.sign * subject.layer[unit.activation][:, unit.unit].astype(np.float64)


def heights_of(values: Array, top: float) -> Array:
    """Return the y of each value: 0 lies in the middle, the largest magnitude at an end."""
    heights: Array = top + TALL / 2 - values / max(float(np.abs(values).max()), 1e-9) * TALL / 2
    return heights


def unit_curve(subject: Subject, columns: Columns, top: float) -> Iterator[str]:
    """Yield the curve, for the part of the picture that is stretched."""
    if (values := values_of(subject)) is None:
        return
    path, middle = curve_path(columns, heights_of(values, top)), at(top + TALL / 2)
    yield f'<path class="units" d="{path}V{middle}H0Z"/><path class="rule" d="M0 {middle}H{at(columns.width)}"/>'
    yield f'<path class="curve" d="{path}"/>'


def unit_label(subject: Subject, top: float, width: float) -> Iterator[str]:
    """Yield what the row is, for the margin."""
    if (unit := subject.unit) is None:
        return
    size = subject.layer[unit.activation].shape[1]
    yield text(0, top + 13, 16, f"unit {unit.unit}", "verb")
    sign = "−" if unit.sign < 0 else ""
    told = wrapped(f"of {size:,}: its {sign}{unit.activation} tracks “{unit.feature}”", SMALL, width)
    yield lines(0, top + 30, SMALL, told[:2], "muted")


def unit_scale(subject: Subject, top: float) -> Iterator[str]:
    """Yield the ends of the scale, for the right margin."""
    if (values := values_of(subject)) is None:
        return
    largest = float(np.abs(values).max())
    for value, y in ((largest, top + 5), (0.0, top + TALL / 2 + 5), (-largest, top + TALL + 5)):
        yield text(8, y, SMALL, signed(value, 1) if value else "0", "muted")
