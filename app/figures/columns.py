"""Where the columns of a picture stand: one for each step, as wide as its word, or all equally wide."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .numbers import at
from .text_width import text_width

LARGEST = 38.0  # px, of a word over its column
LEGIBLE = 13.0  # below this, columns are equally wide and words stand only where there is room
LONGEST = 40  # steps, whose columns may differ
LEAST_COLUMN = 40.0  # px: room for a gate's number
TRANSITION = 0.16  # of the narrower column: half of the way from one plateau to the next
LONGEST_TRANSITION = 26.0


@dataclass(frozen=True)
class Columns:
    """The columns of T steps, in pixels of a chart that is ``width`` wide."""

    width: float
    edges: NDArray[np.float64]  # (T + 1,)
    starts: NDArray[np.float64]  # (T,): where each plateau begins
    ends: NDArray[np.float64]  # (T,)
    size: float  # of the words, in pixels; 0 where columns are equal
    is_legible: bool
    """Whether each word stands over its column."""

    @property
    def centres(self) -> NDArray[np.float64]:
        """(T,): the middle of each column."""
        return (self.edges[1:] + self.edges[:-1]) / 2

    @property
    def widths(self) -> NDArray[np.float64]:
        """(T,): the width of each column."""
        return np.diff(self.edges)

    def mirrored(self) -> "Columns":
        """Return the same columns from right to left."""
        return _columns(self.widths[::-1], self.width, self.size)

    def percent(self, x: float) -> str:
        """Return an x as a share of the width, so that it stays in place when the chart is shown wider."""
        return f"{100 * x / self.width:.2f}".rstrip("0").rstrip(".") + "%"


def columns_of(words: Sequence[str], width: float, *, longest: int = LONGEST) -> Columns:
    """Return columns for ``words``: as wide as these at the largest size that fits, or equal ones.

    Columns are equal where words would be smaller than ``LEGIBLE``, or where there are more than ``longest``.
    """
    ems = np.array([text_width(word, 1, bold=True) for word in words])
    size = _largest_size(ems, width) if len(words) <= longest else 0.0
    if size < LEGIBLE:
        return _columns(np.full(len(words), width / len(words)), width, 0.0)
    widths = _widths(ems, size)
    return _columns(widths * (width / widths.sum()), width, size)


def curve_path(columns: Columns, ys: NDArray[np.float64]) -> str:
    """Return a line that is level over each plateau, from the first edge to the last."""
    y = [at(each) for each in ys.tolist()]
    starts, ends, edges = ([at(x) for x in each.tolist()] for each in (columns.starts, columns.ends, columns.edges))
    path = [f"M{edges[0]} {y[0]}"]
    path += [
        f"H{ends[t - 1]}C{edges[t]} {y[t - 1]} {edges[t]} {y[t]} {starts[t]} {y[t]}"
        for t in range(1, len(y))
        if y[t] != y[t - 1]
    ]
    return "".join([*path, f"H{edges[-1]}"])


def _widths(ems: NDArray[np.float64], size: float) -> NDArray[np.float64]:
    return np.maximum(ems * size + max(0.5 * size, 6), LEAST_COLUMN)


def _largest_size(ems: NDArray[np.float64], width: float) -> float:
    low, high = 0.0, LARGEST
    if _widths(ems, high).sum() <= width:
        return high
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if _widths(ems, middle).sum() <= width else (low, middle)
    return np.floor(10 * low) / 10  # type: ignore[no-any-return]


def _columns(widths: NDArray[np.float64], width: float, size: float) -> Columns:
    edges = np.concatenate([[0.0], np.cumsum(widths)])
    halves = np.minimum(TRANSITION * np.minimum(widths[1:], widths[:-1]), LONGEST_TRANSITION)
    first = min(TRANSITION * widths[0], LONGEST_TRANSITION)
    starts = edges[:-1] + np.concatenate([[first], halves])
    ends = edges[1:] - np.concatenate([halves, [0.0]])
    return Columns(width, edges, starts, ends, size, size > 0)
