"""Columns of the input for a terminal: a line of bars for each, as high as its values lie between its ends."""

from collections.abc import Iterator, Sequence

import numpy as np
from rich.cells import cell_len
from rich.text import Text

from .input_column import Array, InputColumn
from .terminal_text import BARS, cut, isolated

LEAST, LONGEST_TITLE = 8, 14  # cells, of the bars and of a title
GAP = "  "


def sparklines(inputs: Sequence[InputColumn], width: int) -> Iterator[Text]:
    """Yield a line for each column, at most ``width`` cells wide: its name, a bar for each step, what it lies between.

    Where steps do not fit, a bar is the mean of several, which is said behind it.
    """
    column = min(max((cell_len(each.name) for each in inputs), default=0), LONGEST_TITLE)
    room = max(width - column - max((cell_len(each.span) for each in inputs), default=0) - 2 * len(GAP), LEAST)
    for each in inputs:
        name = cut(each.name, column)
        heights = binned(each.heights, room)
        told = Text.assemble((isolated(name), "bold"), " " * (column - cell_len(name)), GAP, bars(heights), GAP)
        told.append(each.span, style="dim")
        yield told
    if inputs and (steps := len(inputs[0].values)) > room:
        yield Text(f"A bar is the mean of {steps // room} or {-(-steps // room)} steps.", style="dim")


def binned(heights: Array, most: int) -> Array:
    """Return the heights, or the means of ``most`` parts of about as many steps; NaN where there is no value."""
    if len(heights) <= most:
        return heights
    parts = [part[np.isfinite(part)] for part in np.array_split(heights, most)]
    return np.array([part.mean() if len(part) else np.nan for part in parts])


def bars(heights: Array) -> str:
    """Return a bar for each height between 0 and 1, and a space for each gap."""
    return "".join(
        BARS[min(int(each * len(BARS)), len(BARS) - 1)] if np.isfinite(each) else " " for each in heights.tolist()
    )
