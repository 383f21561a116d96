"""The path of memory through a trace, and how its state is read: what a decomposition is computed from.

All arrays are float64, with a row for each step in the order in which steps are taken.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..trace import LayerTrace
from .pairs import NOTHING, Array, accumulate
from .state_edits import StateEdit

INITIAL = -1  # in the place of the number of an edit


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
    put_in: Mapping[int, Array]  # number of an edit → (T, H)

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


def edits_of_state(edits: Sequence[StateEdit], letter: str) -> Iterator[tuple[int, StateEdit]]:
    """Yield the edits, with their numbers, that act on the state of this letter."""
    return ((number, each) for number, each in enumerate(edits) if each.kind == "freeze" or each.letter == letter)


def edited(path: Path, edits: Sequence[StateEdit], letter: str, step_of: Sequence[int]) -> Path:
    """Return ``path`` with the edits of its state, which has this letter.

    ``step_of`` gives, for a step of the sequence, its place in the order in which steps are taken.
    """
    acting = list(edits_of_state(edits, letter))
    keep, write, put_in = path.keep.copy(), path.write.copy(), dict[int, Array]()
    for number, edit in acting:  # in the order in which they act at a step
        for step in edit.steps:
            t = step_of[step]
            units, values = edit.at(step, keep.shape[1])
            if edit.kind != "add":
                factor = values if edit.kind == "scale" else 0
                for each in (keep, write, *put_in.values()):
                    each[t, units] *= factor
            if edit.kind == "freeze":
                keep[t, units] = 1
            elif edit.kind != "scale":
                put_in.setdefault(number, np.zeros_like(keep))[t, units] += values
    return replace(path, keep=keep, write=write, put_in=put_in)


@dataclass(frozen=True, eq=False)
class Reading:
    """How an output's logit is read: Σ_units read_t ⊙ s_t, and what edits put into h itself."""

    read: Array  # (T, H)
    direct: Mapping[int, Array]  # number of an edit, or INITIAL → (T, H), or (T, P) under a projection: what it adds

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
    let_out: Array,
    weights: Array,
    projection: Array | None,
    initial_h: Array,
    edits: Sequence[StateEdit],
    step_of: Sequence[int],
) -> Reading:
    """Return what ``reading`` does where h, which is not the state itself, is edited or frozen.

    Raises ValueError for a freeze of single units under a projection, whose h is not made unit by unit.
    """
    steps, size = let_out.shape
    gain = np.ones((steps, len(weights)))  # of h
    row_of = np.repeat(np.arange(steps)[:, None], size, axis=1)  # (T, H): the row of let_out that is in force
    direct: dict[int, Array] = {}  # what edits put into h

    def part(number: int) -> Array:
        return direct.setdefault(number, np.zeros_like(gain))

    at_step: dict[int, list[tuple[StateEdit, int, int]]] = {}
    for number, edit in edits_of_state(edits, "h"):
        for step in edit.steps:
            at_step.setdefault(step_of[step], []).append((edit, number, step))
    for t in sorted(at_step):
        for edit, number, step in at_step[t]:
            units, values = edit.at(step, size if edit.kind == "freeze" else len(weights))
            if edit.kind == "freeze":
                if projection is not None and len(np.unique(units)) < size:
                    raise ValueError(f"{edit.name} freezes single units: under a projection only all can be frozen")
                of_h = slice(None) if projection is not None else units
                if t == 0:  # h is what it was before any step
                    part(INITIAL)[0, of_h], gain[0, of_h] = initial_h[of_h], 0
                else:
                    gain[t, of_h], row_of[t, units] = gain[t - 1, of_h], row_of[t - 1, units]
                    for each in direct.values():
                        each[t, of_h] = each[t - 1, of_h]
            elif edit.kind == "add":
                part(number)[t, units] += values
            else:
                factor = values if edit.kind == "scale" else 0
                gain[t, units] *= factor
                for each in direct.values():
                    each[t, units] *= factor
                if edit.kind == "hold":
                    part(number)[t, units] = values
    folded = weights * gain if projection is None else (weights * gain) @ projection
    read = np.take_along_axis(let_out, row_of, axis=0) * folded
    return Reading(read, {number: weights * each for number, each in direct.items()})
