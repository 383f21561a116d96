"""The noun Ranking: which parts of a layer matter for an output."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..cells import CellName
from ..decomposition.output import Logit
from ..edits.edit import Edit
from ..modules import Direction
from ..tokenizer import Token
from . import KINDS

Array = NDArray[np.float64]


class Part(NamedTuple):
    """What is edited in one run."""

    letter: str
    unit: int | None  # None: all that were chosen
    step: int | None  # None: all that were chosen


class Group(NamedTuple):
    """The first parts of a ranking, edited together."""

    size: int
    effect: float
    probability: float | None
    random: Array  # (draws,): the effects of as many parts, drawn at random


@dataclass(frozen=True, eq=False)
class Ranking:
    """What an edit of each part of a layer does to an output after the last step, the greatest effect first.

    An effect is the logit of the output in the edited run, less that in the plain one; of two outputs, one against the
    other, it is about the difference of their logits. All numbers are float64.
    """

    kind: str
    layer: int
    direction: Direction
    cell: CellName
    tokens: tuple[Token, ...]  # (T,); empty for a module
    output: Logit  # ``outputs``, one or two, and their ``names``
    logit: float  # without the edits that are ranked
    probability: float | None  # of the first of the outputs; None: the head's function is not known
    effects: Array  # (n,)
    probabilities: Array | None  # (n,): in the edited runs
    groups: tuple[Group, ...]
    whole: tuple[Edit, ...]  # what is done, to all parts at once: one edit for each letter
    steps: tuple[int, ...]  # those chosen
    units: tuple[int, ...]  # those chosen
    given: tuple[Edit, ...]  # that every run has
    notes: tuple[str, ...]  # about those
    axes: tuple[int, int, int] = field(repr=False)  # of the grid
    order: NDArray[np.intp] = field(repr=False)  # (n,): the places of the parts in the grid

    def __len__(self) -> int:
        """Return n, the number of parts."""
        return len(self.order)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The parts, in the order of their effects."""
        kind, letters = KINDS[self.kind], [each.letter or "" for each in self.whole]
        return tuple(
            Part(letters[a], self.units[c] if kind.each_unit else None, self.steps[b] if kind.each_step else None)
            for a, b, c in zip(*(each.tolist() for each in np.unravel_index(self.order, self.axes)), strict=True)
        )

    @property
    def grid(self) -> Array:
        """The effects by letter, step and unit, in the order of ``whole``, ``steps`` and ``units``.

        An axis has length 1 where parts are not told apart: of all units silenced in turn it is (1, 1, H), of a patch
        map (1, T, H).
        """
        grid = np.empty(len(self))
        grid[self.order] = self.effects
        return grid.reshape(self.axes)

    def edits(self, count: int | None = None) -> list[Edit]:
        """Return the edits of the first ``count`` parts, or of all: a trace with them has their joint effect."""
        of_letter = {each.letter: each for each in self.whole}
        return [
            replace(
                whole := of_letter[part.letter],
                units=whole.units if part.unit is None else (part.unit,),
                steps=whole.steps if part.step is None else (part.step,),
            )
            for part in self.parts[:count]
        ]
