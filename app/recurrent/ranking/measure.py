"""Measure a ``Ranking``: all runs in batches, and the groups that follow from the order of the parts."""

from collections.abc import Generator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..decomposition.output import Head, Output
from ..edits.edit import Layers
from ..modules import Direction
from ..tokenizer import Token
from ..trace import Engine
from ..watching import finished
from .batch import Array, Batch
from .chosen_output import ChosenOutput
from .kind import Choices, Value
from .plan import By, Integers, RankingOptions, RankingPlan
from .report import Group, Ranking
from .subject import Edits, Source, subject_of

SEED = 0  # of the groups that are drawn


def rank(
    source: Source,
    x: str | Sequence[Token] | Sequence[Sequence[float]] | NDArray[Any] | Tensor,
    kind: str = "units",
    *,
    output: Output | Sequence[Output] | None = None,
    head: Head | None = None,
    layer: int | None = None,
    direction: Direction = "forward",
    letter: str | None = None,
    to: Value | None = None,
    other: "str | Layers | Sequence[Sequence[float]] | None" = None,
    units: Sequence[int] | None = None,
    steps: Sequence[int] | None = None,
    by: By = "size",
    together: Sequence[int] | None = None,
    draws: int = 0,
    edits: Edits = (),
    engine: Engine = "compiled",
) -> Ranking:
    """Return which parts of a layer matter for an output: what an edit of each does to it after the last step.

    >>> import torch
    >>> import gatescope
    >>> lstm, head = torch.nn.LSTM(input_size=5, hidden_size=7), torch.nn.Linear(7, 1)
    >>> ranking = gatescope.rank(lstm, torch.randn(20, 5), "units", head=head)
    >>> len(ranking), ranking.parts[0].letter  # each unit of the cell state silenced in turn
    (7, 'c')
    >>> [group.size for group in ranking.groups]  # the first of them together
    [1, 2, 4, 7]

    Every part is edited in a run of its own, and runs are made in batches: what ``trace`` with the edit of each would
    give, in a fraction of the time. A run takes O(T·H²) operations.

    Args:
        source: A model from ``load_model``, a ``Network``, or a plain ``nn.RNN``, ``nn.LSTM`` or ``nn.GRU``.
        x: The text or the values (T, E) that a model reads, the tokens that a network reads, or the sequence (T, E)
            that a module reads.
        kind: What is done. ``units``: each unit of ``letter`` is silenced, at all steps. ``gates``: each gate at each
            step is held at its held-out mean. ``words``: each word is kept from being written into the memory.
            ``patches``: each unit of ``letter`` at each step is put to its value in ``other`` (activation patching).
        output: The output that effects are on, by its number or name, or two, one against the other, as in
            ``decompose``. If None, the only one, the model's verdict, or, of a softmax, the most probable one against
            the second after the last step of the plain run.
        head: What reads the last layer of a module, as in ``decompose``.
        layer: From 0; the last if None.
        direction: That of the layer.
        letter: For ``units`` and ``patches``, the activation; if None, the state that carries information on, c of an
            LSTM and h of a GRU. For ``gates``, one gate; all if None.
        to: What stands in the place of an activation, for ``units`` and ``gates``: ``zero``, or each unit's held-out
            ``mean`` from the model's statistics. If None, zero for units, and the mean for gates.
        other: For ``patches``, a text of as many tokens, values of as many steps, or, of a module, the trace of a
            sequence as long.
        units: Those to rank; all if None.
        steps: Those to rank, or, for ``units``, those to silence at; all if None.
        by: The order of the parts. ``size``: the greatest effect first, whatever its sign; ``rise``: what raises the
            logit most first; ``fall``: what lowers it most.
        together: How many of the first parts to edit together; if None, 1, 2, 4 … and all.
        draws: How many groups of each size to draw at random, to compare with.
        edits: What every run has besides; see docs/experiments.md.
        engine: What runs; see ``trace``.

    Raises:
        TypeError: ``source`` and ``x`` are of other kinds, or do not belong together.
        OptionError: A ValueError: the option that it names does not fit.
        NoPathError: A ValueError: ``words`` of a cell without a path of memory.
        EditError: A ValueError that names the edit and its field: one of ``edits`` does not fit.
        ValueError: There is no step, or the module cannot be ranked.
        OverflowError: A number leaves the range of the dtype; the message names the layer and the step.
    """
    choices = Choices(letter=letter, to=to, other=other, units=units, steps=steps)
    options = RankingOptions(
        output=output,
        head=head,
        layer=layer,
        direction=direction,
        choices=choices,
        by=by,
        together=together,
        draws=draws,
    )
    return ranked(RankingPlan.of(subject_of(source, x, edits), kind, options, engine))


def ranked(plan: RankingPlan) -> Ranking:
    """Return the ``Ranking`` that ``plan`` asks for. Raises as ``ranking_steps`` does."""
    return finished(ranking_steps(plan))


def ranking_steps(plan: RankingPlan) -> Generator[float, None, Ranking]:
    """Do the work of ``plan``: yield the share that is done after each batch, and return the ``Ranking``.

    Raises OptionError if the output does not fit, and RangeError if a number overflows.
    """
    options, runs, every = plan.options, Runs(plan), np.arange(len(plan))
    effects, probabilities = yield from runs.moved(every, every)
    output, plain = runs.output, runs.plain
    order = np.argsort({"size": -np.abs(effects), "rise": -effects, "fall": effects}[options.by], kind="stable")
    of_groups = yield from _groups(plan, runs, order)
    probability = output.probabilities(plain)
    return Ranking(
        kind=plan.kind.name,
        layer=plan.layer,
        direction=options.direction,
        cell=plan.subject.cell.name,
        tokens=plan.subject.tokens,
        output=output.logit,
        logit=float(output.chosen(plain)[0]),
        probability=None if probability is None else float(probability[0]),
        effects=effects[order],
        probabilities=None if probabilities is None else probabilities[order],
        groups=of_groups,
        whole=plan.edits,
        steps=plan.steps,
        units=plan.units,
        given=plan.subject.bound.edits,
        notes=plan.subject.bound.notes,
        axes=plan.axes,
        order=order,
    )


class Runs:
    """The runs of a plan, as they are made."""

    def __init__(self, plan: RankingPlan) -> None:
        self._plan, self._done = plan, 0
        self.output: ChosenOutput  # both are there once a batch was run
        self.plain: Array  # (1, rows): the logits without the ranked edits

    def moved(self, runs: Integers, parts: Integers) -> Generator[float, None, tuple[Array, Array | None]]:
        """Edit each of ``parts`` in that of ``runs`` next to it, which rise from 0: return how far the logit moves.

        What is returned are these effects (runs,), and the probabilities of the output (runs,); None if they are not
        known. Yields the share of the plan's work that is done.
        """
        plan, effects, probabilities = self._plan, [], []
        count = int(runs[-1]) + 1
        for start in range(0, count, plan.runs_at_a_time):
            stop = min(start + plan.runs_at_a_time, count)
            these = slice(*np.searchsorted(runs, (start, stop)))
            ran = Batch(stop - start, runs[these] - start + 1, parts[these]).run(plan)
            if self._done == 0:
                self.output = ran.output(plan)
                self.plain = self.output.logits(ran.hidden[:1])
            moved, probable = self.output.moved(self.plain, ran.hidden)
            effects.append(moved)
            probabilities += [] if probable is None else [probable]
            self._done += stop - start
            yield self._done / plan.runs
        return np.concatenate(effects), np.concatenate(probabilities) if probabilities else None


def _groups(plan: RankingPlan, runs: Runs, order: Integers) -> Generator[float, None, tuple[Group, ...]]:
    """Return what the first parts in ``order`` do together, and as many that are drawn at random."""
    if not plan.together:
        return ()
    random, draws = np.random.default_rng(SEED), plan.options.draws
    chosen = [order[:size] for size in plan.together]
    chosen += [random.permutation(len(order))[:size] for size in plan.together for _ in range(draws)]
    numbers = np.repeat(np.arange(len(chosen)), [len(each) for each in chosen])
    effects, probabilities = yield from runs.moved(numbers, np.concatenate(chosen))
    count = len(plan.together)
    at_random = effects[count:].reshape(count, draws)
    return tuple(
        Group(size, float(effects[at]), None if probabilities is None else float(probabilities[at]), at_random[at])
        for at, size in enumerate(plan.together)
    )
