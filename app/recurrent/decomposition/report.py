"""Decomposition: the memory as a sum of what each word wrote and what is left of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..cells import CellName
from ..modules import Direction
from ..option_error import OptionError
from .output import Logit
from .pairs import Array, pair_sums
from .path import INITIAL, Path, Reading, edited, memory_of
from .state_edits import StateEdit


class Change(NamedTuple):
    """How the shares change from one word to the next: the two add up to the change.

    NaN where there is nothing to compare with: for a word from its own row on, for what an edit puts in at that step,
    and in the row of the first step that is taken.
    """

    forgetting: Array  # (T, K): ½ (P₁ − P₀)(γ₀ + γ₁) · w
    letting_out: Array  # (T, K): ½ (P₀ + P₁)(γ₁ − γ₀) · w


class UnitParts(NamedTuple):
    """Unit by unit, n rows: one for each step, or one for each column."""

    parts: Array  # (n, H), signed
    shares: Array | None  # (n, H); None: no head
    memory_weights: Array | None  # (n, H); None as in ``Decomposition``


@dataclass(frozen=True, eq=False)
class Decomposition:
    """What the memory of one layer and direction is made of at each step.

    The state s_t is the sum of parts P[k, t]: what step k wrote, times what every later step kept of it. Arrays are
    float64, (T, K) or (T,), in the order of the sequence. Columns are the T words, the initial state, and each edit of
    a state. The parts add up to the state that the gates of the trace give in float64, ``state``.
    """

    layer: int
    direction: Direction
    cell: CellName
    letter: str  # of the state
    columns: tuple[str, ...]
    state: Array  # (T, H)
    amounts: Array  # Σ_units |P[k, t]|: how much of what k wrote is left at t
    shares: Array | None  # signed shares of the logit: they add up to it, less ``bias``; None: no head was asked for
    logit: Logit | None
    _path: Path = field(repr=False)
    _reading: Reading | None = field(repr=False)
    _edits: Sequence[StateEdit] = field(repr=False)  # of the state that is decomposed
    _unedited_keep: Array = field(repr=False)  # (T, H)
    _order: slice = field(repr=False)
    notes: tuple[str, ...] = ()  # what to know about the trace, such as that recorded inputs were replayed

    def __len__(self) -> int:
        """T, the number of steps."""
        return len(self.state)

    @property
    def bias(self) -> float | None:
        """The head's bias of the chosen output; None without a head."""
        return None if self.logit is None else self.logit.bias

    @cached_property
    def remaining(self) -> Array:
        """(T,): of what was there at the step before, how much is left; NaN where nothing was there."""
        before, left = np.empty(len(self)), np.zeros(len(self))
        words, others = self._in_order(self.amounts)
        before[0], before[1:] = np.abs(self._path.initial).sum(), (words.sum(axis=1) + others.sum(axis=1))[:-1]
        left += words.sum(axis=1) - words.diagonal() + others[:, 0]
        for number in range(others.shape[1] - 1):
            part = self._path.part(number)
            left[1:] += np.abs(self._path.keep[1:] * part[:-1]).sum(axis=1)
        return _ratio(left, before)[self._order]

    @cached_property
    def new(self) -> Array:
        """(T,): of what is there, how much this step wrote; NaN where nothing is there."""
        words, _ = self._in_order(self.amounts)
        return _ratio(words.diagonal()[self._order], self.amounts.sum(axis=1))

    @cached_property
    def cancellation(self) -> Array | None:
        """(T,): Σ |shares| / |Σ shares|, at least 1; infinite where they cancel out; None without a head."""
        if self.shares is None:
            return None
        return _ratio(np.abs(self.shares).sum(axis=1), np.abs(self.shares.sum(axis=1)))

    @cached_property
    def _weighting(self) -> Path | None:
        """The path on which weights travel, where parts are weighted: see ``memory_weights``."""
        if not memory_of(self.cell).averages or any(each.scale.any() for each in self._edits):
            return None
        keep = self._unedited_keep
        path = Path(keep, 1 - keep, np.ones_like(keep[0]), {})
        return edited(path, [each._replace(shift=1 - each.take) for each in self._edits]) if self._edits else path

    @cached_property
    def memory_weights(self) -> Array | None:
        """(T, K): the weight of each candidate in the state, the mean over the units; rows add up to 1.

        None for a cell that does not write 1 − keep of its candidate, and where an edit scales the state or adds to it.
        """
        if (path := self._weighting) is None:
            return None
        weights = np.zeros_like(self.amounts)
        words, others = self._in_order(weights)
        size = path.keep.shape[1]
        pair_sums(path.keep, np.full_like(path.keep, 1 / size), path.write, words)
        for place, number in self._numbers():
            others[:, place] = path.part(number).mean(axis=1)
        return weights

    @cached_property
    def change(self) -> Change | None:
        """How the shares change from one word to the next; None without a head."""
        if (reading := self._reading) is None:
            return None
        change = Change(np.full_like(self.amounts, np.nan), np.full_like(self.amounts, np.nan))
        keep, read = self._path.keep, reading.read
        mean, step = (read[1:] + read[:-1]) / 2, read[1:] - read[:-1]
        is_there = np.tri(len(self) - 1, dtype=bool)  # row t − 1, column k
        for of_step, out in (
            (mean * (keep[1:] - 1), change.forgetting),
            (step * (keep[1:] + 1) / 2, change.letting_out),
        ):
            sums = np.zeros((len(self) - 1,) * 2)
            pair_sums(keep[:-1], of_step, self._path.write[:-1], sums)
            self._in_order(out)[0][1:, :-1][is_there] = sums[is_there]
        for place, number in self._numbers():
            part, put_in = self._path.part(number), self._path.put_in.get(number)
            forgetting = np.einsum("th,th->t", mean, part[1:] - part[:-1])
            letting_out = np.einsum("th,th->t", step, (part[1:] + part[:-1]) / 2)
            if number in reading.direct:
                letting_out += np.diff(reading.direct[number].sum(axis=1))
            for of_part, out in ((forgetting, change.forgetting), (letting_out, change.letting_out)):
                if put_in is not None:
                    of_part[put_in[1:].any(axis=1)] = np.nan
                self._in_order(out)[1][1:, place] = of_part
        return change

    def per_unit(self, *, source: int | None = None, time: int | None = None) -> UnitParts:
        """Return one column unit by unit at every step, (T, H), or all columns at one step, (K, H).

        ``source`` is the number of a column and ``time`` that of a step, from 0; one of them must be given. What an
        edit puts into h itself under a projection belongs to no unit, and is not among the shares.

        Raises ValueError if it is neither or both, or does not exist.
        """
        if (source is None) == (time is None):
            raise ValueError("per_unit takes either source=, a column, or time=, a step")
        name, index, count = ("source", source, len(self.columns)) if time is None else ("time", time, len(self))
        if index is None or not 0 <= index < count:
            raise OptionError(
                name, f"there is no {'column' if time is None else 'step'} {index}: choose from 0 to {count - 1}"
            )
        of = self._of_column if time is None else self._of_step
        weights = None if self._weighting is None else of(self._weighting, index, None)[0]
        return UnitParts(*of(self._path, index, self._reading), weights)

    def _of_column(self, path: Path, column: int, reading: Reading | None) -> tuple[Array, Array | None]:
        """Return the parts of a column, (T, H), and its shares."""
        number = column - len(self) - 1
        part = path.word(self._step(column)) if column < len(self) else path.part(number)
        shares = None
        if reading is not None:
            shares = reading.read * part
            if column >= len(self) and number in reading.direct and reading.direct[number].shape == shares.shape:
                shares += reading.direct[number]
            shares = shares[self._order]
        return part[self._order], shares

    def _of_step(self, path: Path, step: int, reading: Reading | None) -> tuple[Array, Array | None]:
        """Return the parts of all columns at a step, (K, H), and their shares."""
        t = self._step(step)
        parts = np.concatenate([path.words_at(t)[self._order], *(path.part(n)[None, t] for _, n in self._numbers())])
        shares = None
        if reading is not None:
            shares = reading.read[t] * parts
            for place, number in self._numbers():
                if number in reading.direct and reading.direct[number].shape == reading.read.shape:
                    shares[len(self) + place] += reading.direct[number][t]
        return parts, shares

    def _step(self, t: int) -> int:
        """Return the place of a step of the sequence in the order in which steps are taken, or the reverse."""
        return range(len(self))[self._order][t]

    def _numbers(self) -> Iterator[tuple[int, int]]:
        """Yield the place behind the words, and the number in a ``Path``, of the initial state and of each edit."""
        yield from enumerate(range(INITIAL, len(self.columns) - len(self) - 1))

    def _in_order(self, array: Array) -> tuple[Array, Array]:
        """Return the columns of words and the others of an array (T, K), in the order in which steps are taken."""
        return in_order(array, self._order)


def in_order(array: Array, order: slice) -> tuple[Array, Array]:
    """Return the columns of words and the others of an array (T, K), in the order in which steps are taken: views."""
    steps = len(array)
    rows = array[order]
    return rows[:, :steps][:, order], rows[:, steps:]


def _ratio(part: Array, whole: Array) -> Array:
    """Return part / whole; NaN for 0 / 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return part / whole
