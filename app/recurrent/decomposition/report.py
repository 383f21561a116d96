"""Decomposition: the memory as a sum of what each word wrote and what is left of it; and the function that makes it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..cells import CellName, cell_named
from ..cells.cell import Memory
from ..modules import Direction
from ..option_error import OptionError
from ..trace import LayerTrace, Trace
from .output import Head, Logit, Output, logit_of
from .pairs import Array, pair_sums
from .path import INITIAL, InDouble, Path, Reading, edited, edited_reading, reading
from .state_edits import StateEdit, state_edits_of, tokens_read

INITIAL_COLUMN = "initial state"


class NoPathError(ValueError):
    """A cell has no path of memory: it keeps nothing apart."""


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
        return _in_order(array, self._order)


def decompose(
    trace: Trace,
    head: Head | None = None,
    output: Output | Sequence[Output] | None = None,
    *,
    layer: int | None = None,
    direction: Direction = "forward",
) -> Decomposition:
    """Return what the memory is made of at each step: how much of what each word wrote is left, and what it does.

    >>> import torch
    >>> import gatescope
    >>> lstm, head = torch.nn.LSTM(input_size=5, hidden_size=7), torch.nn.Linear(7, 1)
    >>> trace = gatescope.trace_module(lstm, torch.randn(20, 5))
    >>> parts = gatescope.decompose(trace, head=(head.weight, head.bias))
    >>> parts.amounts.shape  # at each of 20 steps, what is left of each of them and of the initial state
    (20, 21)
    >>> logits = torch.from_numpy(trace.layer()["h"]) @ head.weight[0].detach() + parts.bias
    >>> bool(abs(parts.shares.sum(axis=1) + parts.bias - logits.numpy()).max() < 1e-5)
    True

    This is exact, but not causal: gates depend on earlier words. Arithmetic is in float64, over the gates of the trace:
    of a float64 trace the parts add up to its states, and of a float32 one to the states that its gates give in
    float64, from which its own differ by rounding. T steps of H units take O(T²·H) operations, and O(T² + T·H) memory.

    Args:
        trace: Of a text or of a module, with edits or without; a part of a longer trace starts from the states before
            it. Each edit of a state of this layer and direction has a column.
        head: Weight (outputs, H·directions) and bias (outputs,), or None, of what reads the last layer; that of the
            trace if None. Without any there are amounts and no shares.
        output: The output, by its number or name, whose logit the shares add up to; or two of them, one against the
            other. If None, the only one, the model's verdict, or, of a softmax, the most probable one against the
            second after the last step.
        layer: From 0; the last if None. Only the last has shares.
        direction: That of the layer. The shares of both directions add up to the logit.

    Raises:
        OptionError: A ValueError: the option that it names does not fit the trace.
        NoPathError: A ValueError: the cell has no path of memory.
        ValueError: The trace has no steps, or weights have changed since it was made.
    """
    if not isinstance(trace, Trace):
        raise TypeError(f"a decomposition is of one trace, not of a {type(trace).__name__}: pick one of a batch")
    if not len(trace):
        raise ValueError("there is nothing to decompose: the trace has no steps")
    traced = _layer_of(trace, layer, direction)
    memory = memory_of(traced.cell)
    is_asked = head is not None or output is not None
    if traced.layer != trace.layers[-1].layer and is_asked:
        reason = f"the head reads only the last layer, {trace.layers[-1].layer}: layer {traced.layer} has no shares"
        raise OptionError("output" if head is None else "head", reason)
    has_shares = traced.layer == trace.layers[-1].layer and (is_asked or trace.head is not None)
    logit = logit_of(trace, traced, head, output) if has_shares else None
    order = slice(None, None, -1 if direction == "backward" else 1)
    steps = len(traced["h"])
    each = InDouble(traced, order)
    unedited_keep = np.ascontiguousarray(memory.keep(each))
    size = unedited_keep.shape[1]
    initial = _initial(traced, memory.state, size)
    path = Path(unedited_keep, memory.write(each), initial, {})
    named, edits = state_edits_of(trace, traced, dict.fromkeys((memory.state, "h")))
    of_state = [edit for edit in edits if edit.letter == memory.state]
    if of_state:
        path = edited(path, of_state)
    state = each[memory.state] = path.state()
    reads = None if logit is None else _reading(traced, memory, each, logit, path, edits)
    columns = (*_names(trace, steps), INITIAL_COLUMN, *named)
    amounts = np.zeros((steps, len(columns)))
    shares = None if reads is None else np.zeros((steps, len(columns)))
    words, others = _in_order(amounts, order)
    words_shared, others_shared = (None, None) if shares is None else _in_order(shares, order)
    pair_sums(path.keep, None if reads is None else reads.read, path.write, words_shared, words)
    for place in range(len(named) + 1):
        number = place + INITIAL
        if number != INITIAL or initial.any() or edits:
            part = path.part(number)
            others[:, place] = np.abs(part).sum(axis=1)
            if reads is not None and others_shared is not None:
                others_shared[:, place] = reads.share(number, part)
    return Decomposition(
        layer=traced.layer,
        direction=direction,
        cell=traced.cell,
        letter=memory.state,
        columns=columns,
        state=state[order],
        amounts=amounts,
        shares=shares,
        logit=logit,
        _path=path,
        _reading=reads,
        _edits=of_state,
        _unedited_keep=unedited_keep,
        _order=order,
    )


def _layer_of(trace: Trace, layer: int | None, direction: Direction) -> LayerTrace:
    """Return one layer in one direction. Raises OptionError if there is none."""
    number, last = trace.layers[-1].layer if layer is None else layer, trace.layers[-1].layer
    try:
        return trace.layer(number, direction)
    except KeyError:
        if not 0 <= number <= last:
            raise OptionError("layer", f"there is no layer {number}: choose from 0 to {last}") from None
        directions = " or ".join(dict.fromkeys(each.direction for each in trace.layers))
        raise OptionError("direction", f"there is no {direction!r}: choose {directions}") from None


def memory_of(name: CellName) -> Memory:
    """Return the path of memory of a cell. Raises NoPathError if it has none."""
    cell = cell_named(name)
    if cell.memory is None:
        raise NoPathError(
            f"{cell.noun} keeps nothing apart, as it rewrites its whole state at every step: there is no path of "
            "memory to decompose"
        )
    return cell.memory


def _initial(layer: LayerTrace, letter: str, size: int) -> Array:
    """Return a state (H,) before the first step that is taken."""
    return np.zeros(size) if layer.initial is None else layer.initial[letter].astype(np.float64)


def _reading(
    layer: LayerTrace, memory: Memory, each: InDouble, logit: Logit, path: Path, edits: Sequence[StateEdit]
) -> Reading:
    """Return how ``logit`` is read from the state, which ``each`` holds with the other activations."""
    let_out = None if memory.let_out is None else memory.let_out(each)
    projection = None
    if layer.projection is not None:
        projection = layer.projection.numbers("the projection of the module")
        _require_projection_of(layer, projection, edits)
    of_h = [edit for edit in edits if edit.letter == "h"]
    if let_out is None or not of_h:
        return reading(let_out, logit.weights, projection, each[memory.state].shape)
    initial_h = _initial(layer, "h", len(logit.weights))
    return edited_reading(path, each[memory.state], let_out, logit.weights, projection, initial_h, of_h)


def _require_projection_of(layer: LayerTrace, projection: Array, edits: Sequence[StateEdit]) -> None:
    """Raise ValueError if ``projection`` gives another h than the trace's: not every write to a weight is counted."""
    memory, order = memory_of(layer.cell), slice(None)
    edited_places = {int(place) for edit in edits if edit.letter == "h" for place in edit.places}
    last = len(layer["h"]) - 1
    t = 0 if layer.direction == "backward" else last  # the last step that is taken
    if memory.let_out is None or last in edited_places:
        return
    each = InDouble(replace(layer, activations={k: a[t : t + 1] for k, a in layer.activations.items()}), order)
    h = projection @ (memory.let_out(each) * each[memory.state])[0]
    scale = np.abs(projection).sum(axis=1).max()
    if np.abs(h - layer["h"][t]).max() > 1000 * np.finfo(layer["h"].dtype).eps * max(1.0, scale):
        raise ValueError(
            "the projection of the module has changed since the trace was made: trace again, and decompose that trace"
        )


def _names(trace: Trace, steps: int) -> Iterator[str]:
    """Yield the name of each step: its token, or, of a module, its number."""
    return iter(tokens_read(trace)) if trace.tokens else map(str, range(steps))


def _in_order(array: Array, order: slice) -> tuple[Array, Array]:
    """Return the columns of words and the others of an array (T, K), in the order in which steps are taken: views."""
    steps = len(array)
    in_order = array[order]
    return in_order[:, :steps][:, order], in_order[:, steps:]


def _ratio(part: Array, whole: Array) -> Array:
    """Return part / whole; NaN for 0 / 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return part / whole
