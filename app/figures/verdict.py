"""The verdict as a curve between its two sides, filled from the middle, with its numbers where there is room."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from .columns import Columns, curve_path
from .numbers import at, plain
from .subject import Array, Verdict
from .text_width import text_width

SIZE = 15.0  # px, of the numbers
TURN = 3  # steps before and after one at which a long curve turns up or down
FEW = 24  # steps, up to which every number is written that has room
DOTS = 60  # steps, up to which each has a dot
MARK = 12.0  # px, the radius of a mark with its edge

Point = tuple[float, float]


def heights(values: Array, top: float, height: float) -> Array:
    """Return the y (T,) of each probability, between ``top``, which is 1, and ``top + height``, which is 0."""
    return top + (1 - np.clip(values, 0, 1)) * height


def curve_svg(verdict: Verdict, columns: Columns, top: float, height: float, name: str) -> Iterator[str]:
    """Yield the lines of the axis and the curve, for the part of the picture that is stretched."""
    middle = top + height / 2
    for y in (top, middle, top + height):
        yield f'<path class="rule" d="M0 {at(y)}H{at(columns.width)}"/>'
    path = curve_path(columns, heights(verdict.values, top, height))
    yield (
        f'<linearGradient id="{name}-verdict" gradientUnits="userSpaceOnUse" x1="0" x2="0" y1="{at(top)}" '
        f'y2="{at(top + height)}"><stop offset="0" class="positive-side"/><stop offset=".5" class="no-side"/>'
        f'<stop offset="1" class="negative-side"/></linearGradient>'
        f'<path class="lean" fill="url(#{name}-verdict)" d="{path}V{at(middle)}H0Z"/><path class="curve" d="{path}"/>'
    )


def curve_numbers(
    verdict: Verdict, columns: Columns, top: float, height: float, marks: Sequence[Point] = ()
) -> Iterator[str]:
    """Yield the dots and numbers of the curve.

    Numbers stand next to the ``marks`` that would cover them; a number that one of those would touch is left out.
    """
    ys = heights(verdict.values, top, height).tolist()
    numbers = {each.step: each for each in _placed(verdict, columns, top, height, marks)}
    for t, y in enumerate(ys):
        if len(ys) <= DOTS:
            yield f'<circle class="dot" cx="{columns.percent(float(columns.centres[t]))}" cy="{at(y)}" r="3.5"/>'
        if number := numbers.get(t):
            x, baseline = columns.percent(number.x), at(number.baseline)
            yield f'<text class="value" x="{x}" y="{baseline}" font-size="{at(SIZE)}">{number.written}</text>'


class _Number(NamedTuple):
    """Where a number of the curve stands."""

    step: int
    x: float  # of its middle
    baseline: float
    wide: float
    written: str
    is_moved: bool  # out of the way of a mark

    def touches(self, other: "_Number") -> bool:
        is_next_to = abs(self.x - other.x) < (self.wide + other.wide) / 2
        return is_next_to and abs(self.baseline - other.baseline) < SIZE


def _placed(verdict: Verdict, columns: Columns, top: float, height: float, marks: Sequence[Point]) -> list[_Number]:
    ys = heights(verdict.values, top, height).tolist()
    numbers = []
    for t in numbers_with_room(verdict.values, columns):
        value, centre, y = float(verdict.values[t]), float(columns.centres[t]), ys[t]
        is_above = y > top + 0.3 * height and (value >= 0.5 or y > top + 0.8 * height)
        if len(ys) > FEW:  # outside a turn, where the curve is not
            is_above = value >= verdict.values[max(t - TURN, 0) : t + TURN + 1].mean()
        baseline, wide = y - 7 if is_above else y + SIZE + 6, text_width(plain(value), SIZE, bold=True)
        x = clear_of(marks, centre, baseline, wide, columns.width)
        numbers.append(_Number(t, x, baseline, wide, plain(value), is_moved=x != centre))
    kept: list[_Number] = []
    for each in sorted(numbers, key=lambda each: not each.is_moved):
        if not any(map(each.touches, kept)):
            kept.append(each)
    return kept


def clear_of(marks: Sequence[Point], x: float, baseline: float, wide: float, room: float) -> float:
    """Return where the middle of a number stands that is ``wide``: at ``x``, or next to a mark that would cover it.

    It stays between 0 and ``room``.
    """
    reach = MARK + wide / 2
    for mark_x, mark_y in marks:
        if abs(x - mark_x) < reach and mark_y - MARK < baseline and baseline - SIZE < mark_y + MARK:
            left, right = mark_x - reach, mark_x + reach
            has_left, has_right = left >= wide / 2, right <= room - wide / 2
            x = right if has_right and (x >= mark_x or not has_left) else left
    return x


def numbers_with_room(values: Array, columns: Columns) -> Sequence[int]:
    """Return the steps whose numbers are written: all, or the turning points that stand apart, largest first."""
    wide = text_width("0.00", SIZE, bold=True) + 6
    if columns.widths.min() >= wide:
        return range(len(values))
    padded = np.concatenate([values[:1], values, values[-1:]])
    turns = (padded[1:-1] - padded[:-2]) * (padded[2:] - padded[1:-1]) <= 0
    prominence = np.abs(np.diff(values, prepend=values[0])) + np.abs(values - np.median(values))
    centres, chosen, apart = columns.centres, list[int](), 1.0 if len(values) <= FEW else 1.6
    if len(values) <= FEW:
        turns |= True
    for t in sorted(np.flatnonzero(turns).tolist(), key=lambda t: -prominence[t]):
        inside = wide / 2 <= centres[t] <= columns.width - wide / 2
        if inside and all(abs(centres[t] - centres[other]) >= apart * wide for other in chosen):
            chosen.append(t)
    return sorted(chosen)
