"""Edits bound to what they change: checked against its sizes, and lowered to what the engines take."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..cells import TABLE
from ..cells.cell import Cell
from ..engine.edits import NO_EDITS, Edits
from ..modules import Direction, Recurrent, directions_of
from .data import edits_from
from .edit import NO_RESOURCES, Affine, Array, Edit, EditError, Place, Resources, shown
from .swap import Swap

Part = tuple[int, Direction]


@dataclass(frozen=True)
class Subject:
    """What edits change: recurrent layers, over sequences that have ``lengths`` steps from step ``start`` on."""

    cell: Cell
    layers: int
    directions: tuple[Direction, ...]
    hidden_size: int
    projection: int = 0
    """P, or 0 where h is not projected."""
    lengths: Sequence[int] | None = None
    """None: not known yet, so that steps and sequences are not checked."""
    start: int = 0
    is_open: bool = False
    """Whether more steps may follow than ``lengths`` says, as of a cell that is called in a loop."""

    @classmethod
    def of_steps(cls, cell: Cell, hidden_size: int, lengths: Sequence[int] | None = None) -> "Subject":
        """Return that of a cell that is called step by step."""
        return cls(cell, 1, ("forward",), hidden_size, lengths=lengths, is_open=True)

    @classmethod
    def of(cls, cell: Cell, module: Recurrent, lengths: Sequence[int] | None = None, start: int = 0) -> "Subject":
        """Return that of a module."""
        sizes = module.hidden_size, module.proj_size
        return cls(cell, module.num_layers, directions_of(module), *sizes, lengths, start)

    def width(self, letter: str) -> int:
        """Return how many units a letter has."""
        return self.projection or self.hidden_size if letter == "h" else self.hidden_size


class Change(NamedTuple):
    """What one edit does to one letter of one layer and direction: x ← scale · x + shift + take · source."""

    edit: int  # its place in the list
    steps: Sequence[int]
    units: Array
    sequences: Sequence[int] | slice
    scale: Array  # (1, n), or (steps, n)
    shift: Array
    take: Array

    def at(self, places: Array) -> list[Array]:
        """Return scale, shift and take, (S, n), at S of its steps."""
        return [each[places] if len(each) > 1 else each for each in (self.scale, self.shift, self.take)]

    def where(self, steps: int) -> Any:
        """Return the index of its sequences and units in (B, ``steps``, H)."""
        is_all = isinstance(self.sequences, slice)
        if is_all:
            return slice(None), slice(None), self.units
        return np.ix_(self.sequences, range(steps), self.units)  # type: ignore[arg-type]

    @property
    def varies(self) -> bool:
        """Return whether it differs from step to step."""
        return max(map(len, (self.scale, self.shift, self.take))) > 1


class Remark(NamedTuple):
    """What to know about an edit of a list, in which edits are named by their places."""

    edit: int
    short: str  # the edit
    later: tuple[int, ...] = ()  # those that set the same places after it, so that it changes nothing
    unknown: str | None = None  # the token that a swap puts in, if the vocabulary lacks it

    def __str__(self) -> str:
        if self.unknown is not None:
            return f"edits[{self.edit}]: the vocabulary lacks {shown(self.unknown)}, which is read as unknown"
        later, verb = " and ".join(f"edits[{each}]" for each in self.later), "sets" if len(self.later) == 1 else "set"
        return f"edits[{self.edit}] ({self.short}) changes nothing: {later} {verb} the same places after it"


@dataclass(frozen=True)
class Bound:
    """Edits that fit what they change."""

    edits: tuple[Edit, ...] = ()
    remarks: tuple[Remark, ...] = ()
    swaps: Mapping[int, int] = field(default_factory=dict)
    """Step → row of the embedding that is read in place of that of its token."""
    parts: Mapping[Part, Edits] = field(default_factory=dict)
    changes: Mapping[Part, Mapping[str, Sequence[Change]]] = field(default_factory=dict)
    """Part → letter → what the edits do to it, in their order."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what to know about the edits, such as one that a later one makes void."""
        return tuple(str(each) for each in self.remarks)

    def of(self, layer: int, direction: Direction, start: int, stop: int, order: Array | None = None) -> Edits:
        """Return those of one layer and direction in the steps from ``start`` to ``stop``, as the engines take them.

        ``order`` is the order in which the sequences of a batch run.
        """
        edits = self.parts.get((layer, direction), NO_EDITS)
        if len(edits.first) == 0:
            return NO_EDITS
        known = np.minimum(np.arange(start, stop + 1), len(edits.first) - 1)
        first = edits.first[known]
        edits = edits._replace(
            first=first - first[0],
            letters=edits.letters[first[0] : first[-1]],
            rows=edits.rows[first[0] : first[-1]],
        )
        if order is None or len(edits.scale) == 1:
            return edits
        return edits._replace(scale=edits.scale[order], shift=edits.shift[order], take=edits.take[order])

    def of_sequence(self, sequence: int) -> "Bound":
        """Return what changes one sequence of a batch, for a trace to know: without ``parts``, which run a batch."""
        numbers = [n for n, each in enumerate(self.edits) if each.sequences is None or sequence in each.sequences]
        place_of = {n: place for place, n in enumerate(numbers)}
        changes = {
            part: {
                letter: [each._replace(edit=place_of[each.edit]) for each in changes if each.edit in place_of]
                for letter, changes in by_letter.items()
            }
            for part, by_letter in self.changes.items()
        }
        edits = tuple(replace(self.edits[n], sequences=None) for n in numbers)
        remarks = []
        for each in self.remarks:
            later = tuple(place_of[n] for n in each.later if n in place_of)
            if each.edit in place_of and (later or not each.later):
                edit = place_of[each.edit]
                remarks.append(each._replace(edit=edit, short=str(edits[edit]), later=later))
        return Bound(edits, tuple(remarks), self.swaps, changes=changes)


NOTHING_BOUND = Bound()


def bind(edits: Iterable[Edit | Mapping[str, Any]], subject: Subject, resources: Resources = NO_RESOURCES) -> Bound:
    """Return ``edits``, in the order in which they apply, bound to ``subject``.

    Raises EditError, which names the edit and its field, if one does not fit.
    """
    listed = edits_from(edits)
    if not listed:
        return NOTHING_BOUND
    changes: dict[Part, dict[str, list[Change]]] = {}
    swapped: dict[int, list[tuple[int, int]]] = {}  # step → edits with the rows that they read
    remarks = []
    for number, edit in enumerate(listed):
        try:
            letters = _letters(edit, subject.cell)
            steps = _require_place(edit, letters, subject)
            if isinstance(edit.operation, Swap):
                token, known = _token(edit.operation, resources)
                for step in steps:
                    swapped.setdefault(step, []).append((number, token))
                if not known:
                    remarks.append(Remark(number, str(edit), unknown=edit.operation.token))
            for part in _parts(edit, subject):
                for letter in letters:
                    change = _change(number, edit, letter, part, steps, subject, resources)
                    changes.setdefault(part, {}).setdefault(letter, []).append(change)
        except EditError as error:
            raise error.at(number) from None
    live, over = set[int](), dict[int, set[int]]()
    parts = {part: _lowered(by_letter, subject, live, over) for part, by_letter in changes.items()}
    for listing in swapped.values():
        live.add(listing[-1][0])
        for number, _ in listing[:-1]:
            over.setdefault(number, set()).add(listing[-1][0])
    remarks += [Remark(n, str(listed[n]), tuple(sorted(over[n]))) for n in sorted(over.keys() - live)]
    swaps = {step: listing[-1][1] for step, listing in swapped.items()}
    return Bound(listed, tuple(remarks), swaps, parts, changes)


def _letters(edit: Edit, cell: Cell) -> Sequence[str]:
    """Return the letters that an edit changes. Raises EditError if the cell lacks one."""
    letters = edit.operation.letters(edit, cell)
    for letter in letters if edit.letter is None else [edit.letter]:
        if letter not in tuple(cell.activations):
            raise EditError("letter", _missing(letter, cell))
    return letters


def _missing(letter: str, cell: Cell) -> str:
    """Say that a cell lacks a letter, and which gate does the work of a gate that it lacks."""
    choice = f"choose from {', '.join(cell.activations)}"
    elsewhere = {each.letter: each for other in TABLE for each in other.letters}
    if letter not in elsewhere:
        return f"{cell.noun} has no {shown(letter)}: {choice}"
    lacks = f"{cell.noun} has no {elsewhere[letter].name} {letter!r}"
    keepers = {other.memory.gate for other in TABLE if other.memory} | {
        each for other in TABLE for each in other.couples or ()
    }
    if letter in keepers and cell.memory and not cell.couples:
        return f"{lacks}: its {cell[cell.memory.gate].name} {cell.memory.gate!r} does that work; {choice}"
    return f"{lacks}: {choice}"


def _require_place(edit: Edit, letters: Sequence[str], subject: Subject) -> Sequence[int]:
    """Return the steps that an edit changes. Raises EditError if a place is not one of ``subject``."""
    if edit.layer is not None and edit.layer >= subject.layers:
        raise EditError("layer", f"there is no layer {edit.layer}: {_range('layer', 0, subject.layers)}")
    if edit.direction is not None and edit.direction not in subject.directions:
        raise EditError("direction", f"there is no {edit.direction} direction: the network only runs forward")
    for letter in letters:
        for unit in edit.units or ():
            if unit >= (width := subject.width(letter)):
                raise EditError("units", f"there is no unit {unit} of {letter}: {_range('unit', 0, width)}")
    if subject.lengths is None:
        return edit.steps or ()
    for sequence in edit.sequences or ():
        if sequence >= (count := len(subject.lengths)):
            raise EditError("sequences", f"there is no sequence {sequence}: {_range('sequence', 0, count)}")
    chosen = subject.lengths if edit.sequences is None else [subject.lengths[each] for each in edit.sequences]
    stop = subject.start + max(chosen, default=0)
    for step in edit.steps or ():
        if not subject.start <= step < stop:
            raise EditError("steps", f"there is no step {step}: {_range('step', subject.start, stop)}")
    return range(subject.start, stop) if edit.steps is None else edit.steps


def _range(what: str, start: int, stop: int) -> str:
    return f"the only {what} is {start}" if stop - start == 1 else f"{what}s go from {start} to {stop - 1}"


def _token(operation: Swap, resources: Resources) -> tuple[int, bool]:
    """Return the row of the embedding that a swap reads, and whether the vocabulary holds the token."""
    if resources.tokens is None:
        raise EditError("swap", "the input is numbers, which no token can replace: change the input itself")
    tokens = resources.tokens(operation.token)
    if len(tokens) != 1:
        raise EditError("swap", f"{operation.token!r} is {len(tokens)} tokens for this model: it must be one")
    return tokens[0].id, tokens[0].known


def _parts(edit: Edit, subject: Subject) -> list[Part]:
    layers = range(subject.layers) if edit.layer is None else [edit.layer]
    directions = subject.directions if edit.direction is None else (edit.direction,)
    return [(layer, direction) for layer in layers for direction in directions]


def _change(
    number: int, edit: Edit, letter: str, part: Part, steps: Sequence[int], subject: Subject, resources: Resources
) -> Change:
    width, lengths = subject.width(letter), subject.lengths
    units = np.arange(width) if edit.units is None else np.array(edit.units)
    within = [step - subject.start for step in steps]
    length = None
    if lengths is not None and not subject.is_open:
        length = max(lengths if edit.sequences is None else [lengths[each] for each in edit.sequences], default=0)
    place = Place(subject.cell, letter, *part, units, width, within, length, resources)
    try:
        affine: Affine = edit.operation.at(place)
    except EditError:
        raise
    except ValueError as error:
        raise EditError(edit.operation.name, str(error)) from None
    scale, shift, take = (
        np.broadcast_to(array, (len(array) if array.ndim == 2 else 1, len(units)))
        for array in (np.asarray(each, np.float64) for each in affine)
    )
    return Change(number, steps, units, edit.sequences or slice(None), scale, shift, take)


def _lowered(
    by_letter: Mapping[str, Sequence[Change]], subject: Subject, live: set[int], over: dict[int, set[int]]
) -> Edits:
    """Return the changes of one layer and direction as the engines take them; steps that share changes share a row.

    Adds to ``live`` the edits of which something is left, and to ``over`` those that later ones replace, with these.
    """
    if subject.lengths is None:
        return NO_EDITS
    is_each = any(change.sequences != slice(None) for changes in by_letter.values() for change in changes)
    batch = len(subject.lengths) if is_each else 1
    entries: list[tuple[int, int, int]] = []  # step, letter, row
    tables: list[NDArray[np.float64]] = []  # (3, B, rows, H)
    count = 0  # of their rows
    for letter, changes in by_letter.items():
        at = subject.cell.activations.index(letter)
        of_step: dict[int, list[tuple[int, int]]] = {}  # changes, and which of their steps it is
        for number, change in enumerate(changes):
            for place, step in enumerate(change.steps):
                of_step.setdefault(step, []).append((number, place))
        alike: dict[tuple[int, ...], list[int]] = {}  # changes → the steps that have them
        for step, made in of_step.items():
            alike.setdefault(tuple(number for number, _ in made), []).append(step)
        for numbers, steps in alike.items():
            varies = any(changes[number].varies for number in numbers)
            places = np.array([[place for _, place in of_step[step]] for step in (steps if varies else steps[:1])]).T
            these = [(changes[number], each) for number, each in zip(numbers, places, strict=True)]
            tables.append(_rows(these, batch, places.shape[1], subject.hidden_size, live, over))
            entries += [(step, at, count + (row if varies else 0)) for row, step in enumerate(steps)]
            count += places.shape[1]
    if not tables:
        return NO_EDITS
    entries.sort()
    steps_of, letters, of_rows = np.array(entries, np.int64).T
    first = np.searchsorted(steps_of, np.arange(subject.start + max(subject.lengths) + 1))
    together = np.concatenate(tables, axis=2)
    return Edits(first.astype(np.int64), np.ascontiguousarray(letters), np.ascontiguousarray(of_rows), *together)


def _rows(
    changes: Sequence[tuple[Change, Array]],
    batch: int,
    steps: int,
    size: int,
    live: set[int],
    over: dict[int, set[int]],
) -> NDArray[np.float64]:
    """Return scale, shift and take, (3, B, S, H), of changes made one after the other, each at S of its steps."""
    scale, shift, take = np.ones((batch, steps, size)), *np.zeros((2, batch, steps, size))
    for change, places in changes:
        where, (factor, added, taken) = change.where(steps), change.at(places)
        with np.errstate(over="ignore", invalid="ignore"):
            for table, new in ((scale, 0.0), (shift, added), (take, taken)):
                table[where] = np.where(factor == 0, new, factor * table[where] + new)
    covered: NDArray[np.bool_] = np.zeros((batch, steps, size), bool)
    later: set[int] = set()
    for change, places in reversed(changes):
        where = change.where(steps)
        if not covered[where].all():
            live.add(change.edit)
        elif later:
            over.setdefault(change.edit, set()).update(later)
        if (empties := change.at(places)[0] == 0).any():
            covered[where] |= empties
            later.add(change.edit)
    return np.stack([scale, shift, take])
