"""Chosen columns of the input: a small curve for each, on the time axis of the picture, over a scale of its own."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from .columns import Columns, curve_path
from .input_column import InputColumn
from .numbers import at, short
from .svg import text
from .text_width import fitted, text_width

TOP = 8.0  # px, above the first curve
HEIGHT = 48.0  # of one curve, with its margins
TALL = 30.0  # of the line
NAMED = 20.0  # where its name stands above it
NAME, SMALL = 16.0, 13.0


def height_of(inputs: Sequence[InputColumn], *, is_named: bool = False) -> float:
    """Return how much room the curves take; more where each has its name above it."""
    return len(inputs) * (HEIGHT + NAMED * is_named) + TOP if inputs else 0.0


def curves_svg(inputs: Sequence[InputColumn], columns: Columns, *, is_named: bool = False) -> Iterator[str]:
    """Yield the curves and the ends of their scales, for the part of a picture that is stretched."""
    for each, top in zip(inputs, _tops(inputs, is_named=is_named), strict=True):
        low, high = each.ends
        zero = [top + TALL * high / (high - low)] if low < 0 < high else []
        for y in (top, *zero, top + TALL):
            yield f'<path class="rule" d="M0 {at(y)}H{at(columns.width)}"/>'
        yield f'<path class="curve input" d="{_path(each, columns, top)}"/>'


def names_svg(inputs: Sequence[InputColumn], width: float) -> Iterator[str]:
    """Yield what the curves are, for the left margin."""
    for each, top in zip(inputs, _tops(inputs), strict=True):
        yield text(0, top + 13, NAME, fitted(each.name, NAME, width, bold=True), "verb")
        if below := each.unit or each.note:
            yield text(0, top + 30, SMALL, fitted(below, SMALL, width), "muted")


def scales_svg(inputs: Sequence[InputColumn]) -> Iterator[str]:
    """Yield the numbers at the ends of the scales, for the right margin."""
    for each, top in zip(inputs, _tops(inputs), strict=True):
        low, high = each.ends
        places = ((low, TALL / 2),) if low == high else ((high, 0.0), (low, TALL))
        for value, y in places:
            yield text(8, top + y + 5, SMALL, short(value), "muted")


def named_svg(inputs: Sequence[InputColumn], width: float) -> Iterator[str]:
    """Yield the names and spans above the curves, where there is no margin."""
    for each, top in zip(inputs, _tops(inputs, is_named=True), strict=True):
        name = fitted(each.name, SMALL, 0.55 * width, bold=True)
        yield text(0, top - 6, SMALL, name, "strong start")
        room = width - text_width(name, SMALL, bold=True) - 8
        yield text("100%", top - 6, SMALL, fitted(each.span, SMALL, room), "muted end")


def _tops(inputs: Sequence[InputColumn], *, is_named: bool = False) -> Sequence[float]:
    """Return the y of the upper end of each scale."""
    named = NAMED * is_named
    return [TOP + named + place * (HEIGHT + named) for place in range(len(inputs))]


def _path(each: InputColumn, columns: Columns, top: float) -> str:
    """Return the line, in a piece for each run of steps without a gap."""
    heights = each.heights
    bounds = np.flatnonzero(np.diff(np.isfinite(heights), prepend=False, append=False)).tolist()
    pieces = []
    for first, end in zip(bounds[::2], bounds[1::2], strict=True):
        part = replace(
            columns,
            edges=columns.edges[first : end + 1],
            starts=columns.starts[first:end],
            ends=columns.ends[first:end],
        )
        pieces.append(curve_path(part, top + (1 - heights[first:end]) * TALL))
    return "".join(pieces)
