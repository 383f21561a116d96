"""What is to be ranked: checked, with an estimate of the work, and not yet computed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..decomposition.output import Head, Output
from ..edits.ablate import Ablate
from ..edits.binding import Subject as EditSubject
from ..edits.binding import bind
from ..edits.edit import Edit, EditError, indices
from ..edits.patch import Patch
from ..engine.edits import Edits
from ..modules import Direction, LayerWeights, directions_of, layer_weights_of
from ..option_error import OptionError
from ..trace import Engine, activations_of
from . import KINDS
from .kind import Choices, Kind, Value
from .subject import Subject

Integers = NDArray[np.int64]

By = Literal["size", "rise", "fall"]
MOST_DRAWS = 100
MOST_RUNS = 256  # at a time
HELD = 2**23  # numbers that these may hold, unless a single run holds more: some tens of megabytes


@dataclass(frozen=True, kw_only=True)
class RankingOptions:
    """What to rank, and by what. ``rank`` describes each option."""

    output: Output | Sequence[Output] | None = None
    head: Head | None = None
    layer: int | None = None
    direction: Direction = "forward"
    choices: Choices = field(default_factory=Choices)
    by: By = "size"
    together: Sequence[int] | None = None
    draws: int = 0


@dataclass(frozen=True, eq=False)
class RankingPlan:
    """The parts to rank, in a grid of letters, steps and units.

    An axis on which parts are not told apart has length 1: such a part is of all the steps or units chosen.
    """

    subject: Subject
    kind: Kind
    options: RankingOptions
    engine: Engine
    layer: int
    edits: tuple[Edit, ...]  # the operation done to all parts at once, letter by letter
    steps: tuple[int, ...]  # those chosen, also where they are not parts of their own
    units: tuple[int, ...]
    whole: Edits  # what ``edits`` do, as the engines take it
    axes: tuple[int, int, int]  # the lengths of the grid
    together: tuple[int, ...]  # sizes of the groups

    @classmethod
    def of(cls, subject: Subject, kind: str, options: RankingOptions, engine: Engine = "compiled") -> "RankingPlan":
        """Return the plan for ``options``. Raises OptionError if one does not fit, NoPathError as ``rank`` says."""
        if kind not in KINDS:
            raise OptionError("kind", f"there is no kind {kind!r}: choose from {', '.join(KINDS)}")
        _require_known("by", options.by, By)
        _require_known("to", options.choices.to, Value)
        chosen, last = KINDS[kind], subject.module.num_layers - 1
        layer = last if options.layer is None else options.layer
        try:
            edits = _whole(chosen, subject, options, layer)
            place = EditSubject.of(subject.cell, subject.module, [len(subject)])
            bound = bind(edits, place, subject.resources)
        except EditError as error:
            raise OptionError(_OPTION_OF.get(error.field, error.field), error.what) from None
        given, width = edits[0], place.width(edits[0].letter or "")
        steps = tuple(range(len(subject))) if given.steps is None else given.steps
        units = tuple(range(width)) if given.units is None else given.units
        axes = len(edits), len(steps) if chosen.each_step else 1, len(units) if chosen.each_unit else 1
        together = _together(options, math.prod(axes))
        whole = bound.parts[layer, options.direction]
        return cls(subject, chosen, options, engine, layer, edits, steps, units, whole, axes, together)

    @property
    def letters(self) -> str:
        """The letters, in the order of the grid."""
        return "".join(each.letter or "" for each in self.edits)

    def __len__(self) -> int:
        """Return the number of parts."""
        return math.prod(self.axes)

    @property
    def runs(self) -> int:
        """How often the sequence is run over: with each part edited, and with each group."""
        return len(self) + len(self.together) * (1 + self.options.draws)

    @cached_property
    def inputs(self) -> Tensor:
        """What the ranked layer reads, (T, E), or (T, H·directions) of the layer below.

        Raises RangeError if a number overflows there.
        """
        subject, below = self.subject, [each for each in self._every_layer if each.layer < self.layer]
        if not below:
            return subject.inputs
        x, device = subject.inputs[:, None], subject.inputs.device
        with torch.inference_mode(), torch.autocast(device.type, enabled=False):
            activations = activations_of(
                below, subject.cell, x, [len(subject)], None, self.engine, overflow="refuse", bound=subject.bound
            )
        top = activations[-len(directions_of(subject.module)) :]
        return torch.from_numpy(np.concatenate([each["h"][:, 0] for each in top], axis=-1)).to(device)

    @cached_property
    def layers(self) -> list[LayerWeights]:
        """The layers that the runs go through: those below are the same in all runs."""
        return [each for each in self._every_layer if each.layer >= self.layer]

    @cached_property
    def _every_layer(self) -> list[LayerWeights]:
        return layer_weights_of(self.subject.module)

    @cached_property
    def work_of_a_run(self) -> int:
        """Estimate the multiply-adds of a run."""
        weights = [each for layer in self.layers for each in layer.weights if each is not None and each.dim() == 2]
        return len(self.subject) * sum(each.numel() for each in weights)

    def work(self) -> int:
        """Estimate the multiply-adds."""
        return self.runs * self.work_of_a_run

    @cached_property
    def runs_at_a_time(self) -> int:
        """How many runs are made as one batch."""
        runs = min(self.runs, MOST_RUNS)
        while runs > 1 and runs * self._numbers_of_a_run(runs) > HELD:
            runs //= 2
        return runs

    def numbers_held(self) -> int:
        """Estimate how many numbers are held at a time."""
        return self.runs_at_a_time * self._numbers_of_a_run(self.runs_at_a_time) + 4 * self.runs

    def _numbers_of_a_run(self, runs: int) -> int:
        size = self.subject.module.hidden_size
        rows = min(runs, math.prod(self.axes[:2])) if self.kind.each_step else self.whole.scale.shape[1]
        return size * (len(self.subject) * len(self.subject.cell.activations) * len(self.layers) + 3 * rows)


# The options that an edit's own fields come from.
_OPTION_OF = {"ablate": "to", "patch": "other", "hold": "kind"}


def _whole(kind: Kind, subject: Subject, options: RankingOptions, layer: int) -> tuple[Edit, ...]:
    """Return the edits, one for each letter, that do the operation to all parts at once.

    Raises OptionError or EditError if a choice does not fit.
    """
    choices, cell = options.choices, subject.cell
    kind.require(choices)
    letters = kind.letters(cell)
    if choices.letter is not None:
        if not kind.each_unit and choices.letter not in tuple(letters):
            reason = f"{choices.letter!r} is not a gate of {cell.noun}: choose from {', '.join(letters)}"
            raise OptionError("letter", reason)
        letters = [choices.letter]
    operation = kind.operation(cell, choices)
    if isinstance(operation, Ablate) and operation.to == "mean" and subject.resources.mean is None:
        reason = "the mean is that of a model's statistics, and there are none here: take 'zero'"
        raise OptionError("to", f"{reason}, or rank a model that has statistics.json")
    if isinstance(operation, Patch):
        _require_equal_length(subject, operation)
    places: dict[str, Any] = {"units": indices("units", choices.units), "steps": indices("steps", choices.steps)}
    return tuple(Edit(operation, letter, layer, options.direction, **places) for letter in letters)


def _require_equal_length(subject: Subject, patch: Patch) -> None:
    """Raise OptionError if what a patch takes its values from is not as long as the sequence."""
    source = patch.trace
    try:
        if source is None and subject.resources.trace is not None:
            source = patch.traced(subject.resources.trace)
    except ValueError as error:
        raise OptionError("other", str(error)) from None
    if source is not None and len(source) != len(subject):
        steps = "1 step" if len(source) == 1 else f"{len(source)} steps"
        reason = f"has {steps}, and the sequence has {len(subject)}: a patch map needs two of equal length"
        raise OptionError("other", reason)


def _require_known(option: str, value: str | None, choice: Any) -> None:
    if value is not None and value not in get_args(choice):
        raise OptionError(option, f"there is no {value!r}: choose from {', '.join(get_args(choice))}")


def _together(options: RankingOptions, count: int) -> tuple[int, ...]:
    """Return the sizes of the groups: by default the powers of two, and all parts."""
    if not 0 <= options.draws <= MOST_DRAWS:
        raise OptionError("draws", f"{options.draws} does not lie between 0 and {MOST_DRAWS}")
    if options.together is None:
        return (*(2**power for power in range((count - 1).bit_length())), count)
    for size in options.together:
        if not 1 <= size <= count:
            raise OptionError("together", f"there is no group of {size}: take from 1 to all {count} parts together")
    return tuple(options.together)
