"""The runs of a ranking as batches: every sequence is the same, and is edited in its own parts."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ..edits.binding import Bound
from ..engine.edits import NO_EDITS, Edits
from ..modules import directions_of
from ..overflow import RangeError
from ..trace import FloatArray, Trace, activations_of, layer_traces
from .chosen_output import ChosenOutput
from .plan import Integers, RankingPlan

Array = NDArray[np.float64]


class Ran(NamedTuple):
    """What came of a batch."""

    activations: list[dict[str, FloatArray]]  # layer by layer, from the one that is ranked
    hidden: Array  # (count + 1, H·directions): the last layer's h after the last step

    def output(self, plan: RankingPlan) -> ChosenOutput:
        """Return the output that the plan asks for. Raises OptionError if there is none such."""
        return ChosenOutput.of(self._plain(plan), plan.options.head, plan.options.output)

    def _plain(self, plan: RankingPlan) -> Trace:
        """Return the trace of the plain run, from the layer that is ranked on, without the probabilities."""
        subject, steps = plan.subject, len(plan.subject)
        layers = layer_traces(plan.layers, subject.cell.name, self.activations, None, 0, steps)
        nothing = np.empty((steps, 0))
        return subject.named(Trace(subject.tokens, layers, nothing, head=subject.head, bound=subject.bound))


@dataclass(frozen=True, eq=False)
class Batch:
    """Runs over one sequence: a plain one, and ``count`` more, with each of ``parts`` edited in that of ``runs``."""

    count: int
    runs: Integers  # (n,): from 1, 0 being the plain one
    parts: Integers  # (n,): places in the plan's grid

    def run(self, plan: RankingPlan) -> "Ran":
        """Run. Raises RangeError if a number overflows."""
        subject, steps = plan.subject, len(plan.subject)
        # Of bounded cells what an edit puts in has a bound as well, and only edits that every run has may exceed it.
        is_bounded = subject.cell.bounded and not subject.bound.edits
        parts = dict(subject.bound.parts)
        if len(self.parts):
            parts[plan.layer, plan.options.direction] = self.edits(plan)
        with torch.inference_mode(), torch.autocast(subject.inputs.device.type, enabled=False):
            activations = activations_of(
                plan.layers,
                subject.cell,
                plan.inputs[:, None].expand(-1, self.count + 1, -1),
                [steps] * (self.count + 1),
                None,
                plan.engine,
                overflow="keep" if is_bounded else "refuse",
                bound=Bound(parts=parts),
            )
        last = activations[-len(directions_of(subject.module)) :]
        hidden = np.concatenate([each["h"][-1] for each in last], axis=-1, dtype=np.float64)
        if not np.isfinite(hidden).all():
            raise RangeError(f"h of layer {subject.module.num_layers - 1}", steps - 1, last[0]["h"].dtype)
        return Ran(activations, hidden)

    def edits(self, plan: RankingPlan) -> Edits:
        """Return the edits of the plan's layer and direction, those that every run has before those of its own."""
        letters, steps, units = np.unravel_index(self.parts, plan.axes)
        edits, rows = (_step_by_step if plan.kind.each_step else _as_a_whole)(plan, letters, steps)
        runs, at = self.runs[:, None, None], np.array(plan.units)
        at = at[units][:, None, None] if plan.kind.each_unit else at
        dtype = np.float32 if plan.subject.inputs.dtype == torch.float32 else np.float64
        tables = []
        for neutral, values in zip((1, 0, 0), edits[3:], strict=True):
            table = np.full((self.count + 1, *values.shape[1:]), neutral, dtype)
            table[runs, rows[..., None], at] = values[0, rows[..., None], at]
            tables.append(table)
        common = plan.subject.bound.parts.get((plan.layer, plan.options.direction), NO_EDITS)
        return one_after_the_other(common, Edits(*edits[:3], *tables))


def _as_a_whole(plan: RankingPlan, letters: Integers, _: Integers) -> tuple[Edits, Integers]:
    """Return the edits of which parts take their units, and the rows of their tables, (n, rows), that each part takes.

    Each part is of all steps.
    """
    of_letter = [np.unique(plan.whole.rows[plan.whole.letters == place]) for place in _places(plan)]
    return plan.whole, np.array(of_letter)[letters]


def _step_by_step(plan: RankingPlan, letters: Integers, steps: Integers) -> tuple[Edits, Integers]:
    """Return what ``_as_a_whole`` does, with a row for each letter and step of which there is a part."""
    whole, places = plan.whole, _places(plan)
    row_at = np.empty((len(plan.subject.cell.activations), len(plan.subject)), np.int64)
    row_at[whole.letters, np.repeat(np.arange(len(plan.subject)), np.diff(whole.first))] = whole.rows
    used, rows = np.unique(np.array(plan.steps)[steps] * len(places) + letters, return_inverse=True)  # by step first
    at, of = np.divmod(used, len(places))
    tables = (each[:, row_at[places[of], at]] for each in whole[3:])
    first = np.searchsorted(at, np.arange(len(plan.subject) + 1))
    return Edits(first, places[of], np.arange(len(used)), *tables), rows[:, None]


def _places(plan: RankingPlan) -> Integers:
    """Return the places of the plan's letters among those of the cell."""
    return np.array([plan.subject.cell.activations.index(letter) for letter in plan.letters])


def one_after_the_other(first: Edits, then: Edits) -> Edits:
    """Return the edits of both, at each step those of ``first`` before those of ``then``, which has a full batch."""
    if len(first.first) == 0:
        return then
    (batch, _, size), shared = then.scale.shape, first.scale.shape[1]
    steps = [np.repeat(np.arange(len(each.first) - 1), np.diff(each.first)) for each in (first, then)]
    order = np.argsort(np.concatenate(steps), kind="stable")
    tables = (
        np.concatenate([np.broadcast_to(a, (batch, shared, size)), b], axis=1, dtype=b.dtype, casting="unsafe")
        for a, b in zip(first[3:], then[3:], strict=True)
    )
    return Edits(
        first.first + then.first,
        np.concatenate([first.letters, then.letters])[order],
        np.concatenate([first.rows, then.rows + shared])[order],
        *tables,
    )


def plain_output(plan: RankingPlan) -> ChosenOutput:
    """Return the output that the plan asks for, by a plain run.

    Raises OptionError if there is none such, and RangeError if a number overflows.
    """
    nothing = np.empty(0, np.int64)
    return Batch(0, nothing, nothing).run(plan).output(plan)
