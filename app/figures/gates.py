"""A row of gates: at each step the mean over the units as a number and a bar, the usual mean, and the units, sorted."""

from collections.abc import Collection, Iterator

import numpy as np

from .columns import Columns
from .numbers import at, plain
from .subject import Array, GateRow
from .text_width import text_width

HEIGHT = 46.0  # px, of a row
NUMBER = 15.0
BAR = 8.0
LONGEST = 66.0  # px, of a bar
PROFILE = 8.0  # px high: the units from the most open to the least
CHANGED = 0.01  # by which a gate changed because of an edit elsewhere
POINTS = 12  # of a profile
FILL = 0.82  # of a column, by an upright bar
LEAST_GAP = 1.0  # px between upright bars: where it would be less, they touch instead of flickering


def is_dense(columns: Columns) -> bool:
    """Whether there is no room for numbers in the columns."""
    return bool(columns.widths.min() < text_width("0.00", NUMBER, bold=True) + 2)


def row_svg(
    row: GateRow, columns: Columns, top: float, before: GateRow | None = None, held: Collection[int] = ()
) -> Iterator[str]:
    """Yield a row of gates whose upper edge is at ``top``.

    ``before`` is the row without edits; ``held`` are the steps at which an edit sets this gate.
    """
    yield f'<g class="gates" data-verb="{row.role.verb}">'
    yield from _upright(row, columns, top) if is_dense(columns) else _lying(row, columns, top, before, held)
    yield "</g>"


def told(row: GateRow, t: int, room: float, before: GateRow | None, held: Collection[int]) -> tuple[str, str]:
    """Return the number of a gate, and its class: with what it was where it changed, if there is room for both."""
    now = plain(row.means[t])
    if t in held:
        longer = f"set to {now}"
        return (longer if text_width(longer, NUMBER, bold=True) <= room else now), "value edited"
    if before is None or abs(before.means[t] - row.means[t]) < CHANGED:
        return now, "value"
    both = f"{plain(before.means[t])} → {now}"
    return (both if text_width(both, NUMBER, bold=True) <= room else now), "value edited"


def bar_width(columns: Columns) -> float:
    """Return the length of every bar: that of 1."""
    return min(LONGEST, float(columns.widths.min()) - 6)


def _lying(row: GateRow, columns: Columns, top: float, before: GateRow | None, held: Collection[int]) -> Iterator[str]:
    full = bar_width(columns)
    y = top + NUMBER + 4
    for t, mean in enumerate(row.means.tolist()):
        kind = ' class="unusual"' if row.is_unusual(t) else ""
        number, of_number = told(row, t, float(columns.widths[t]) - 4, before, held)
        tick = ""
        if row.usual is not None:
            tick = (
                f'<rect class="usual" x="{at(row.usual * full - 1)}" y="{at(y - 2)}" width="2" height="{at(BAR + 4)}"/>'
            )
        yield (
            f'<svg x="{columns.percent(float(columns.centres[t]))}" overflow="visible" data-t="{t}"{kind}>'
            f'<text class="{of_number}" y="{at(top + NUMBER - 2)}" font-size="{at(NUMBER)}">{number}</text>'
            f'<g transform="translate({at(-full / 2)} 0)">'
            f'<rect class="track" y="{at(y)}" width="{at(full)}" height="{at(BAR)}"/>'
            f'<rect class="bar" y="{at(y)}" width="{at(mean * full)}" height="{at(BAR)}"/>{tick}'
            f'<path class="units" d="{profile(row.units[t], full, y + BAR + 2)}"/></g></svg>'
        )


def profile(units: Array, width: float, top: float) -> str:
    """Return the units from the most open to the least, as an area whose height is the gate."""
    ranked = np.sort(units)[::-1]
    places = np.linspace(0, len(ranked) - 1, min(POINTS, len(ranked)))
    heights = np.interp(places, np.arange(len(ranked)), ranked)
    step = width / max(len(heights) - 1, 1)
    points = "L".join(f"{at(n * step)} {at(top + (1 - each) * PROFILE)}" for n, each in enumerate(heights.tolist()))
    return f"M0 {at(top + PROFILE)}L{points}L{at(width)} {at(top + PROFILE)}Z"


def _upright(row: GateRow, columns: Columns, top: float) -> Iterator[str]:
    """Yield one bar for each step, as high as the mean, and a line at the usual mean."""
    tall = HEIGHT - 12
    bottom = top + tall + 4
    touch = (1 - FILL) * columns.widths.min() < LEAST_GAP
    crisp, fill = (' shape-rendering="crispEdges"', 1.0) if touch else ("", FILL)
    for t, mean in enumerate(row.means.tolist()):
        kind = "bar unusual" if row.is_unusual(t) else "bar"
        x, width = columns.percent(float(columns.edges[t])), columns.percent(fill * float(columns.widths[t]))
        yield (
            f'<rect class="{kind}" data-t="{t}" x="{x}" width="{width}" y="{at(bottom - mean * tall)}" '
            f'height="{at(mean * tall)}"{crisp}/>'
        )
    if row.usual is not None:
        y = at(bottom - row.usual * tall)
        yield f'<line class="usual-line" x1="0" x2="100%" y1="{y}" y2="{y}"/>'
