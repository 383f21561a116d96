"""A small chart of a few curves over the same axis, each called by its name at its end."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .numbers import at, safe

WIDTH = 300.0
LEFT, RIGHT = 34.0, 42.0  # px, for the numbers of the axis and the names of the curves
SIZE = 12.0
APART = 13.0  # px, the least distance of two names
TOP = 9.0  # px, over the axis


class Curve(NamedTuple):
    """One curve, and its values from 0 on."""

    name: str
    kind: str  # its class
    values: Sequence[float]


class Axis(NamedTuple):
    """The vertical axis, which does not depend on what is drawn."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]


def small_chart(groups: Sequence[Sequence[Curve]], axis: Axis, label: str, below: str, *, height: float = 96.0) -> str:
    """Return an SVG of groups of curves, group n with the class ``group-n``, so that one can be hidden.

    Args:
        groups: Of curves; a curve ends where it leaves the axis.
        axis: Of the values.
        label: What the chart shows, for those who do not see it.
        below: What the horizontal axis counts.
        height: Pixels between the ends of the axis.
    """
    bottom = TOP + height + 4
    grid = "".join(
        f'<path class="rule" d="M{at(LEFT)} {at(_y(value, axis, height))}H{at(WIDTH - RIGHT)}"/>'
        f'<text class="end muted" x="{at(LEFT - 5)}" y="{at(_y(value, axis, height) + 4)}">{safe(tick)}</text>'
        for value, tick in axis.ticks
    )
    drawn = "".join(
        f'<g class="group-{number}">{"".join(_group(curves, axis, height))}</g>' for number, curves in enumerate(groups)
    )
    foot = f'<text class="muted" x="{at(LEFT)}" y="{at(bottom + 14)}">{safe(below)}</text>'
    box = f'viewBox="0 0 {at(WIDTH)} {at(bottom + 20)}"'
    return (
        f'<svg class="small-chart" {box} font-size="{at(SIZE)}" role="img" aria-label="{safe(label)}">'
        f"{grid}{drawn}{foot}</svg>"
    )


def _y(value: float, axis: Axis, height: float) -> float:
    return TOP + height * (axis.high - value) / (axis.high - axis.low)


def _group(curves: Sequence[Curve], axis: Axis, height: float) -> Iterator[str]:
    names = []
    for curve in curves:
        inside = [value for value in curve.values if math.isfinite(value) and axis.low <= value <= axis.high]
        count = next((n for n, value in enumerate(curve.values) if value not in inside), len(curve.values))
        step = (WIDTH - LEFT - RIGHT) / (len(curve.values) - 1)
        points = [(LEFT + n * step, _y(curve.values[n], axis, height)) for n in range(count)]
        yield f'<path class="curve {safe(curve.kind)}" d="M{"L".join(f"{at(x)} {at(y)}" for x, y in points)}"/>'
        names.append((points[-1][1], points[-1][0], curve.name))
    last = -math.inf
    for y, x, name in sorted(names):
        last = max(y, last + APART)
        yield f'<text x="{at(x + 5)}" y="{at(last + 4)}">{safe(name)}</text>'
