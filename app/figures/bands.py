"""The bands of a memory: what was written at each word, stacked; a height is an amount, all on one scale.

A band begins in the column of its word, as high as what is written there, and goes on through the later columns, as
high as what remains of it. Old bands lie at the bottom. From where a band is too thin to see, it is drawn with all
others that are: as the ground behind the bands, in the colour of their pushes together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .columns import Columns
from .numbers import at, phrase_of
from .push_colours import levels
from .subject import Array, Subject

THIN = 1.5  # px, of a band that is drawn by itself
DENSE = 6.0  # px from one band to the next, below which outlines would hide what they go round
MOST = 4000  # parts of bands in a picture, one for each column that a band goes through
OLDEST = 2  # of the ages that have a colour: this word, the one before, older


@dataclass(frozen=True)
class Bands:
    """G bands over T steps, from the bottom up."""

    names: Sequence[str]
    columns: Sequence[int]  # of the decomposition: the first that each band holds
    firsts: Sequence[int]  # the step at which each begins
    heights: Array  # (T, G), in pixels
    colours: NDArray[np.int64]  # (T, G): the steps of pushes, or ages
    prefix: str  # of the classes of colours: "p" or "age"
    ground: NDArray[np.int64]  # (T,): the colour of what is too thin to draw
    thin: float  # px: a band is drawn by itself up to the last column in which it is as high as this
    base: float  # the y at which the lowest begins
    is_backward: bool = False  # whether steps are taken from the last to the first: bands then go on to the left

    @property
    def tops(self) -> Array:
        """(T, G): the y of the upper edge of each band."""
        return self.base - np.cumsum(self.heights, axis=1)

    def newest(self, step: int) -> int:
        """Return the band that is written at a step; that after the last if none is, as inside a word."""
        return self.firsts.index(step, 1) if step in self.firsts[1:] else len(self.firsts)

    def steps(self, band: int) -> range:
        """Return the steps through which a band goes, in the order in which they are taken."""
        first = self.firsts[band]
        return range(first, -1, -1) if self.is_backward else range(first, len(self.heights))

    def mirrored(self) -> "Bands":
        """Return the same bands with their steps in the reverse order."""
        last = len(self.heights) - 1
        return replace(
            self,
            firsts=[last - first for first in self.firsts],
            heights=self.heights[::-1],
            colours=self.colours[::-1],
            ground=self.ground[::-1],
            is_backward=not self.is_backward,
        )

    def last(self, band: int) -> int | None:
        """Return the last step at which a band is drawn by itself, where bands go on to the right; None: nowhere."""
        drawn = np.flatnonzero(self.heights[:, band] >= self.thin)
        return int(drawn[-1]) if len(drawn) else None


def pushing_bands(subject: Subject, per_amount: float, scale: float, base: float) -> Bands:
    """Return a band for each column of the decomposition, coloured by its push; ``per_amount`` is in pixels."""
    parts, shares = subject.parts, subject.shares
    if parts is None or shares is None:
        raise ValueError("there are no shares to colour the bands by")
    steps = len(subject)
    is_backward = parts.direction == "backward"
    words = range(steps)[:: -1 if is_backward else 1]
    order = [steps, *words, *range(steps + 1, len(parts.columns))]  # the initial state lies below all words
    heights = parts.amounts[:, order] * per_amount
    thin = _thin(heights)
    faded = np.where(heights < thin, shares[:, order], 0).sum(axis=1)
    return Bands(
        names=[subject.words[column] if column < steps else phrase_of(parts.columns[column]) for column in order],
        columns=order,
        firsts=[column if column < steps else words[0] for column in order],
        heights=heights,
        colours=levels(shares[:, order], scale),
        prefix="p",
        ground=levels(faded, scale),
        thin=thin,
        base=base,
        is_backward=is_backward,
    )


def ageing_bands(subject: Subject, per_amount: float, base: float) -> Bands:
    """Return a band for each word, which may be of several characters, coloured by how many words ago it was."""
    parts = subject.parts
    if parts is None:
        raise ValueError("the cell has no path of memory: there are no bands")
    is_backward, steps = parts.direction == "backward", len(subject)
    starts = words_in(subject)
    names, order = word_names(subject, starts), slice(None, None, -1 if is_backward else 1)
    of_words = np.add.reduceat(parts.amounts[:, :steps], starts, axis=1)[:, order]
    others = parts.amounts[:, steps:]
    heights = np.concatenate([others[:, :1], of_words, others[:, 1:]], axis=1) * per_amount
    place = np.searchsorted(starts, np.arange(steps), side="right") - 1  # of each step
    age = np.clip(np.abs(place[:, None] - np.arange(len(starts))), 0, OLDEST)[:, order]
    oldest, edits = np.full((steps, 1), OLDEST), np.zeros((steps, others.shape[1] - 1), dtype=np.int64)
    begins = [*starts[1:] - 1, steps - 1][::-1] if is_backward else starts.tolist()
    begin = steps - 1 if is_backward else 0
    return Bands(
        names=[parts.columns[steps], *names[order], *map(phrase_of, parts.columns[steps + 1 :])],
        columns=[steps, *starts[order].tolist(), *range(steps + 1, len(parts.columns))],
        firsts=[begin, *map(int, begins), *[begin] * edits.shape[1]],
        heights=heights,
        colours=np.concatenate([oldest, age, edits], axis=1),
        prefix="age",
        ground=np.full(steps, OLDEST),
        thin=_thin(heights),
        base=base,
        is_backward=is_backward,
    )


def words_in(subject: Subject) -> NDArray[np.intp]:
    """Return the steps at which words begin: every one, or, where steps read characters, the ends of words.

    What stands between two words belongs to the second.
    """
    tokens = [token.text for token in subject.trace.tokens]
    if not subject.terms.is_character or not tokens:
        return np.arange(len(subject))
    ends = (not token.isalnum() and before.isalnum() for before, token in pairwise(tokens))
    return np.flatnonzero([True, *ends])


def word_names(subject: Subject, starts: NDArray[np.intp], stop: int | None = None) -> list[str]:
    """Return the word that begins at each of ``starts``, without what stands before it if there is more to it.

    The last ends before the step ``stop``, or with the text.
    """
    names = []
    for start, end in pairwise([*starts.tolist(), len(subject) if stop is None else stop]):
        letters = [subject.words[t] for t in range(start, end) if subject.words[t].isalnum()]
        names.append("".join(letters or subject.words[start:end]))
    return names


def _thin(heights: Array) -> float:
    """Return the height from which bands are drawn by themselves, so that they are not too many."""
    thin = THIN
    while np.count_nonzero(heights >= thin) > MOST:
        thin *= 1.5
    return thin


def band_paths(bands: Bands, columns: Columns, name: str) -> Iterator[str]:
    """Yield the ground and the paths of ``bands`` as SVG, with their gradients, whose ids begin with ``name``."""
    if bands.is_backward:
        yield f'<g transform="matrix(-1 0 0 1 {at(columns.width)} 0)">'
        yield from band_paths(bands.mirrored(), columns.mirrored(), name)
        yield "</g>"
        return
    curve = _Curve(columns)
    tops = np.concatenate([np.full((len(bands.heights), 1), bands.base), bands.tops], axis=1)
    last = len(tops) - 1
    kind = "band dense" if columns.width < DENSE * len(bands.names) else "band"
    ground = curve.silhouette(tops[:, -1], np.array([tops[t, bands.newest(t)] for t in range(last + 1)]), bands.base)
    yield _painted("ground", ground, columns, range(last + 1), bands.prefix, bands.ground, f"{name}-ground")
    for band, first in enumerate(bands.firsts):
        if (end := bands.last(band)) is None:
            continue
        below, above = tops[:, band], tops[:, band + 1]
        before = tops[first - 1, band] if first else bands.base
        path = curve.outline(first, min(end, last), below, above, before, goes_on=end < last)
        colours = bands.colours[first : end + 1, band]
        key = f"{name}-{bands.columns[band]}"
        yield _painted(kind, path, columns, range(first, end + 1), bands.prefix, colours, key, bands.columns[band])


class _Curve:
    """Edges of bands: level over a plateau, and a cubic curve from one to the next."""

    def __init__(self, columns: Columns) -> None:
        self.starts = [at(x) for x in columns.starts.tolist()]
        self.ends = [at(x) for x in columns.ends.tolist()]
        self.edges = [at(x) for x in columns.edges.tolist()]
        self.rise = [at(x) for x in ((columns.edges[:-1] + columns.starts) / 2).tolist()]
        self.quarter = [at(x) for x in ((3 * columns.edges[:-1] + columns.starts) / 4).tolist()]

    def outline(self, first: int, last: int, below: Array, above: Array, low: float, *, goes_on: bool = False) -> str:
        """Return the path round a band from the step ``first`` to ``last``, in whose column before it is at ``low``."""
        drawn = range(first, last + (2 if goes_on else 1))
        upper, lower = ({t: at(float(edge[t])) for t in drawn} for edge in (above, below))
        middle = (low + below[first]) / 2
        path = [f"M{self.edges[first]} {at(middle)}C{self.rise[first]} {at(middle)} {self.rise[first]} {upper[first]} "]
        path.append(f"{self.starts[first]} {upper[first]}")
        path += [self._on(t, upper[t], upper[t + 1]) for t in range(first, last)]
        if goes_on:
            path.append(f"{self._on(last, upper[last], upper[last + 1])}V{lower[last + 1]}")
            path.append(self._back(last, lower[last + 1], lower[last]))
        else:
            path.append(f"H{self.ends[last]}V{lower[last]}")
        path += [self._back(t, lower[t + 1], lower[t]) for t in range(last - 1, first - 1, -1)]
        path.append(f"H{self.starts[first]}C{self.rise[first]} {lower[first]} {self.quarter[first]} ")
        path.append(f"{at((middle + below[first]) / 2)} {self.edges[first]} {at(middle)}Z")
        return "".join(path)

    def silhouette(self, above: Array, below_new: Array, base: float) -> str:
        """Return the path round all bands; ``below_new`` is where that of each step begins, at whose edge they bend."""
        upper = above.tolist()
        path = [f"M{self.edges[0]} {at(base)}C{self.rise[0]} {at(base)} {self.rise[0]} {at(upper[0])} "]
        path.append(f"{self.starts[0]} {at(upper[0])}")
        for t in range(1, len(upper)):
            old, end, edge = upper[t - 1], float(self.ends[t - 1]), float(self.edges[t])
            bend = (old + float(below_new[t])) / 2
            path.append(f"H{self.ends[t - 1]}C{at((end + edge) / 2)} {at(old)} {at((end + 3 * edge) / 4)} ")
            path.append(f"{at((old + bend) / 2)} {self.edges[t]} {at(bend)}C{self.rise[t]} {at(bend)} {self.rise[t]} ")
            path.append(f"{at(upper[t])} {self.starts[t]} {at(upper[t])}")
        return "".join([*path, f"H{self.ends[-1]}V{at(base)}Z"])

    def _on(self, t: int, y: str, after: str) -> str:
        if y == after:
            return ""
        edge = self.edges[t + 1]
        return f"H{self.ends[t]}C{edge} {y} {edge} {after} {self.starts[t + 1]} {after}"

    def _back(self, t: int, y: str, before: str) -> str:
        if y == before:
            return ""
        edge = self.edges[t + 1]
        return f"H{self.starts[t + 1]}C{edge} {y} {edge} {before} {self.ends[t]} {before}"


def _painted(
    kind: str,
    path: str,
    columns: Columns,
    steps: range,
    prefix: str,
    colours: NDArray[np.int64],
    key: str,
    column: int | None = None,
) -> str:
    """Return a path with its colour: one class, or a gradient where it changes from step to step."""
    of_column = "" if column is None else f' data-k="{column}"'
    listed = colours.tolist()
    if len(set(listed)) == 1:
        return f'<path class="{kind} {prefix}{listed[0]}"{of_column} d="{path}"/>'
    begin, end = columns.starts[steps[0]], columns.ends[steps[-1]]
    stops = "".join(_stops(columns, steps, listed, prefix, begin, end))
    return (
        f'<linearGradient id="{key}" gradientUnits="userSpaceOnUse" x1="{at(begin)}" x2="{at(end)}" y1="0" y2="0">'
        f'{stops}</linearGradient><path class="{kind}"{of_column} fill="url(#{key})" d="{path}"/>'
    )


def _stops(
    columns: Columns, steps: range, colours: Sequence[int], prefix: str, begin: float, end: float
) -> Iterator[str]:
    """Yield the stops of a gradient; none where the colour stays."""

    def stop(x: float, colour: int) -> str:
        return f'<stop offset="{(x - begin) / (end - begin):.3f}" class="{prefix}{colour}"/>'.replace('"0.', '".')

    last = len(colours) - 1
    for place, (step, colour) in enumerate(zip(steps, colours, strict=True)):
        if place == 0 or colours[place - 1] != colour:
            yield stop(columns.starts[step], colour)
        if place < last and colours[place + 1] != colour:
            yield stop(columns.ends[step], colour)
