"""The path of memory through a trace, and how its state is read: what a decomposition is computed from.

All arrays are float64, with a row for each step in the order in which steps are taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..cells import CellName, cell_named
from ..cells.cell import Memory
from ..trace import LayerTrace
from .pairs import NOTHING, Array, accumulate
from .state_edits import StateEdit

INITIAL = -1  # in the place of the column of an edit


class NoPathError(ValueError):
    """A cell has no path of memory: it keeps nothing apart."""


def memory_of(name: CellName) -> Memory:
    """Return the path of memory of a cell. Raises NoPathError if it has none."""
    cell = cell_named(name)
    if cell.memory is None:
        raise NoPathError(
            f"{cell.noun} keeps nothing apart, as it rewrites its whole state at every step: there is no path of "
            "memory to decompose"
        )
    return cell.memory


class InDouble(dict[str, Array]):
    """The activations of a layer in float64, each converted when it is asked for."""

    def __init__(self, layer: LayerTrace, order: slice) -> None:
        super().__init__()
        self._layer, self._order = layer, order

    def __missing__(self, letter: str) -> Array:
        self[letter] = array = np.ascontiguousarray(self._layer[letter][self._order], dtype=np.float64)
        return array


@dataclass(frozen=True, eq=False)
class Path:
    """s_t = keep_t ⊙ s_{t-1} + write_t, and what edits put in: what each of these wrote is kept on alike."""

    keep: Array  # (T, H)
    write: Array  # (T, H)
    initial: Array  # (H,)
    put_in: Mapping[int, Array]  # column of an edit → (T, H)

    def part(self, number: int) -> Array:
        """Return what is left at each step, (T, H), of the initial state or of what an edit put in."""
        if number == INITIAL:
            return self._kept(NOTHING, self.initial)
        return self._kept(self.put_in.get(number, NOTHING), np.zeros_like(self.initial))

    def word(self, k: int) -> Array:
        """Return what is left at each step, (T, H), of what step ``k`` wrote."""
        part = np.zeros_like(self.keep)
        part[k] = self.write[k]
        accumulate(self.keep[k + 1 :], NOTHING, part[k], part[k + 1 :])
        return part

    def words_at(self, t: int) -> Array:
        """Return what is left at step ``t`` of what each step wrote, (T, H)."""
        parts, kept = np.zeros_like(self.write), np.ones_like(self.write[: t + 1])
        accumulate(self.keep[t:0:-1].copy(), NOTHING, kept[0], kept[1:])  # from t back to k
        parts[: t + 1] = self.write[: t + 1] * kept[::-1]
        return parts

    def state(self) -> Array:
        """Return the sum of all parts, (T, H): the state."""
        return self._kept(sum(self.put_in.values(), self.write), self.initial)

    def _kept(self, write: Array, initial: Array) -> Array:
        out = np.empty_like(self.keep)
        accumulate(self.keep, write, initial, out)
        return out


def edited(path: Path, edits: Sequence[StateEdit]) -> Path:
    """Return ``path`` with the edits of its state, which apply in their order."""
    keep, write, put_in = path.keep.copy(), path.write.copy(), dict[int, Array]()
    for edit in edits:
        at = np.ix_(edit.places, edit.units)
        for each in (keep, write, *put_in.values()):
            each[at] = np.where(edit.scale == 0, 0, each[at] * edit.scale)
        keep[at] += edit.take
        if edit.shift.any():
            put_in.setdefault(edit.column, np.zeros_like(keep))[at] += edit.shift
    return replace(path, keep=keep, write=write, put_in=put_in)


@dataclass(frozen=True, eq=False)
class Reading:
    """How an output's logit is read: Σ_units read_t ⊙ s_t, and what edits put into h itself."""

    read: Array  # (T, H)
    direct: Mapping[int, Array]  # column of an edit, or INITIAL → (T, H), or (T, P) under a projection: what it adds

    def share(self, number: int, part: Array) -> Array:
        """Return the share (T,) of an edit or of the initial state, of whose ``part`` (T, H) is left in the state."""
        share: Array = np.einsum("th,th->t", self.read, part)
        return share + self.direct[number].sum(axis=1) if number in self.direct else share


def reading(let_out: Array | None, weights: Array, projection: Array | None, shape: tuple[int, ...]) -> Reading:
    """Return how an output reads h = let_out ⊙ s, (T, H), or h = s if that is None.

    ``weights`` are those of the output, (H,), or (P,) for a ``projection`` (P, H); ``shape`` is (T, H).
    """
    read = np.empty(shape)
    np.multiply(1.0 if let_out is None else let_out, weights if projection is None else weights @ projection, out=read)
    return Reading(read, {})


def edited_reading(
    path: Path,
    state: Array,
    let_out: Array,
    weights: Array,
    projection: Array | None,
    initial_h: Array,
    edits: Sequence[StateEdit],
) -> Reading:
    """Return what ``reading`` does where edits change h, which is read from ``state``, the sum of all parts.

    What an edit puts into h is its own. An h that keeps its last value, as its state does, is read as it was before; if
    its state changes meanwhile, that value belongs to the edit that keeps it.
    """
    gain = np.ones((len(let_out), len(weights)))  # of h
    row_of = np.repeat(
        np.arange(len(let_out))[:, None], let_out.shape[1], axis=1
    )  # (T, H): the row of let_out in force
    direct: dict[int, Array] = {}  # what edits put into h
    stays = (path.keep == 1) & (path.write == 0) & ~np.any([each != 0 for each in path.put_in.values()], axis=0)

    def h_at(t: int) -> Array:
        if t < 0:
            return initial_h
        read = let_out[row_of[t], np.arange(len(row_of[t]))] * state[t]
        h: Array = gain[t] * (read if projection is None else projection @ read) + sum(
            each[t] for each in direct.values()
        )
        return h

    def put(number: int, t: int, units: NDArray[np.intp], values: Array) -> None:
        direct.setdefault(number, np.zeros_like(gain))[t, units] += values

    in_turn = sorted((place, n, row) for n, edit in enumerate(edits) for row, place in enumerate(edit.places))
    for t, n, row in in_turn:
        edit = edits[n]
        units, scale, take = edit.units, edit.scale[row], edit.take[row]
        gain[t, units] = np.where(scale == 0, 0, gain[t, units] * scale)
        for each in direct.values():
            each[t, units] = np.where(scale == 0, 0, each[t, units] * scale)
        if edit.shift[row].any():
            put(edit.column, t, units, edit.shift[row])
        if not take.any():
            continue
        if t == 0:
            put(INITIAL, t, units, take * initial_h[units])
        elif (stays[t].all() and len(units) == len(weights)) if projection is not None else stays[t, units].all():
            gain[t, units] = gain[t - 1, units]
            of_state = slice(None) if projection is not None else units
            row_of[t, of_state] = row_of[t - 1, of_state]
            for each in direct.values():
                each[t, units] = each[t - 1, units]
        else:
            put(edit.column, t, units, take * h_at(t - 1)[units])
    folded = weights * gain if projection is None else (weights * gain) @ projection
    read = np.take_along_axis(let_out, row_of, axis=0) * folded
    return Reading(read, {number: weights * each for number, each in direct.items()})
