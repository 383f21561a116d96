"""Measure the ``Memory`` of a network, part by part."""

import math
from collections.abc import Collection, Generator, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ..module_call import States
from ..modules import Direction
from ..tokenizer import Token
from ..trace import Engine, LayerTrace
from ..watching import finished
from . import distance, loss
from .altered import Spectrum, spectra
from .attribution import (
    Quantity,
    gradient_times_input,
    integrated_gradients,
    logits_at,
    occlusion,
    word_gradient,
    word_norms,
)
from .distance import Array
from .plan import OF_PAIRS, LossSteps, MemoryOptions, MemoryPart, MemoryPlan
from .report import (
    Attribution,
    InputNorms,
    LayerMemory,
    Learning,
    Memory,
    Occlusion,
    Saturation,
    StateNorms,
    TimeScales,
    WordNorms,
)
from .saturation import is_open, is_shut
from .subject import Source, subject_of
from .timescales import by_distance, half_life, time_scales_of_logarithms
from .work import work

Place = tuple[int, Direction]
Result = TypeVar("Result")
Steps = Generator[float, None, Result]  # yields the share of its work that is done


def memory(
    source: Source,
    x: str | Sequence[Token] | Sequence[Sequence[float]] | NDArray[Any] | Tensor,
    parts: Collection[MemoryPart] | None = None,
    *,
    alpha: float = 1.0,
    layers: Collection[int] | None = None,
    start: int = 0,
    stop: int | None = None,
    step: int | None = None,
    output: int | None = None,
    quantity: Quantity = "probability",
    target: int | None = None,
    loss: LossSteps | None = None,
    clip: float = 1.0,
    engine: Engine = "compiled",
    hx: States | None = None,
) -> Memory:
    """Return how far back ``source`` remembers over ``x``, and where its gradients go.

    >>> import torch
    >>> import gatescope
    >>> gru = torch.nn.GRU(input_size=5, hidden_size=7)
    >>> memory = gatescope.memory(gru, torch.randn(20, 5))
    >>> layer = memory.layer()
    >>> layer.inputs.log10_norms.shape  # ‖∂h_t/∂x_k‖ of every pair of steps
    (20, 20)
    >>> layer.time_scales.letter, layer.time_scales.tau.shape  # for how long each unit keeps, by its update gate
    ('z', (7,))

    T steps of H units take O(T·log T) products of matrices H × H and O(T·H²) memory.

    Args:
        source: A model from ``load_model``, a ``Network``, or a module that ``trace_module`` can trace, without a
            projection.
        x: The text or the values (T, E) that a model reads, the tokens that a network reads, or the sequence (T, E)
            that a module reads.
        parts: What to measure; everything possible except ``occlusion`` if None. ``states`` ‖∂s_t/∂s_k‖; ``inputs``
            ‖∂h_t/∂x_k‖ and the half-life; ``spectral`` the largest singular values at ``step``; ``time_scales``;
            ``saturation`` of the gates; ``spectra`` of the recurrent weights. Only of a model or a network: ``words``
            ‖∂(output at t)/∂(embedding of word k)‖; ``attribution``, each word's share in an output at ``step``;
            ``occlusion``, what that output loses without each word; ``loss``, the gradient of a loss through time,
            before and after clipping.
        alpha: Factor on the recurrent weights, W_hh of all layers, from 0.1 to 3.
        layers: The layers wanted, from 0; all if None.
        start: The first step wanted, from 0. The network always runs from the first.
        stop: One past the last step wanted; all if None.
        step: The step that ``spectral``, ``attribution`` and ``occlusion`` look back from; the last one wanted if None.
        output: The output that ``words``, ``attribution`` and ``occlusion`` are about. If None, ``words`` are about all
            outputs at once, the others about the most probable one at ``step``.
        quantity: Whether the derivatives are of an output's probability or its logit.
        target: The class that the loss takes as right: an output; of a single output 1 or 0. If None, the next token
            for a model that predicts it, and otherwise what the network itself ends up saying.
        loss: Whether the loss is the cross-entropy after the last judged step or its mean over all of them; if None,
            ``every`` for next tokens and ``last`` for a class.
        clip: The largest norm that clipping leaves to the gradient of the parameters.
        engine: What runs the trace; see ``trace``.
        hx: The states that a module starts from, as it takes them with one sequence; zeros if None.

    Raises:
        TypeError: ``source`` and ``x`` are of other kinds, or do not belong together.
        ValueError: An option does not fit; the message names it, and a part that a module does not have. Or the module
            cannot be traced.
        OverflowError: Hidden states leave the range of the dtype; the message names the layer and the step.
    """
    options = MemoryOptions(parts, alpha, layers, start, stop, step, output, quantity, target, loss, clip)
    return finished(memory_steps(MemoryPlan.of(subject_of(source, x, hx), options, engine)))


def memory_steps(plan: MemoryPlan) -> Steps[Memory]:
    """Do the work of ``plan``: yield now and then the share that is done, and return the ``Memory``.

    Raises RangeError if hidden states overflow.
    """
    shares, done = work(plan), 0.0
    total = sum(shares.values())

    def stage(name: str, steps: Steps[Result]) -> Steps[Result]:
        """Run one stage of the work, its shares turned into shares of the whole."""
        nonlocal done
        while True:
            try:
                share = next(steps)
            except StopIteration as end:
                done += shares[name]
                result: Result = end.value
                return result
            yield (done + share * shares[name]) / total

    traced = [each for each in plan.trace.layers if each.layer in plan.layers]
    done += shares["trace"]
    yield done / total
    pairs = (yield from stage("pairs", _pairs(plan))) if plan.parts & OF_PAIRS else {}
    words = (yield from stage("words", _words(plan))) if "words" in plan.parts else None
    attribution = (yield from stage("attribution", _attribution(plan))) if "attribution" in plan.parts else None
    occluded = (yield from stage("occlusion", _occlusion(plan))) if "occlusion" in plan.parts else None
    learned = (yield from stage("loss", _learning(plan))) if "loss" in plan.parts else None
    by_loss, learning = learned or ({}, None)
    stretched = _spectra(plan) if "spectra" in plan.parts else {}
    return Memory(
        steps=len(plan.trace),
        start=plan.start,
        stop=plan.stop,
        alpha=plan.options.alpha,
        tokens=plan.trace.tokens[plan.start : plan.stop] if plan.subject.has_tokens else (),
        layers=tuple(
            LayerMemory(
                layer=each.layer,
                direction=each.direction,
                cell=each.cell,
                hidden_size=each["h"].shape[1],
                **pairs.get(_place(each), _NO_PAIRS)._asdict(),
                log10_loss=by_loss.get(_place(each)),
                time_scales=_time_scales(plan, each) if "time_scales" in plan.parts else None,
                saturation=_saturation(plan, each) if "saturation" in plan.parts else None,
                spectra=stretched.get(_place(each)),
            )
            for each in traced
        ),
        words=words,
        attribution=attribution,
        occlusion=occluded,
        learning=learning,
    )


def _place(each: LayerTrace) -> Place:
    return each.layer, each.direction


def _order(direction: Direction) -> slice:
    """Return what turns steps in the order in which they are taken into the order of the sequence, and back."""
    return slice(None, None, -1 if direction == "backward" else 1)


class _Pairs(NamedTuple):
    states: StateNorms | None
    inputs: InputNorms | None
    log10_spectral: Array | None


_NO_PAIRS = _Pairs(None, None, None)


def _pairs(plan: MemoryPlan) -> Steps[dict[Place, _Pairs]]:
    """Return the norms over all pairs of steps, layer by layer."""
    n, done, measured = plan.steps, 0, {}
    layers = [each for each in plan.window if each[0].layer in plan.layers]
    kinds = len(plan.parts & {"states", "inputs"})
    for each, jacobians in layers:
        order, states, inputs, spectral = _order(each.direction), None, None, None
        norms: dict[distance.By, Array] = {}
        for part, by in _BY.items():
            if part in plan.parts:
                norms[by] = np.full((n, n), math.nan)
                for t, k, block in distance.norm_blocks(jacobians, by):
                    norms[by][t : t + block.shape[0], k : k + block.shape[1]] = block
                    done += block.size
                    yield done / (n**2 * len(layers) * kinds)
        if "state" in norms:
            log_kept = jacobians.log_kept
            kept = None if log_kept is None else distance.kept_norms(log_kept)[order, order]
            states = StateNorms(norms["state"][order, order], kept)
        if "input" in norms:
            medians = by_distance(norms["input"])
            inputs = InputNorms(norms["input"][order, order], medians, half_life(medians))
        if "spectral" in plan.parts:
            t = plan.step - plan.start if each.direction == "forward" else plan.stop - 1 - plan.step
            spectral = np.full(n, math.nan)
            for back, norm in enumerate(distance.spectral_norms(jacobians, t)):
                spectral[t - back] = norm
                yield done / (n**2 * len(layers) * max(kinds, 1))
            spectral = spectral[order]
        measured[_place(each)] = _Pairs(states, inputs, spectral)
    return measured


_BY: dict[MemoryPart, distance.By] = {"states": "state", "inputs": "input"}


def _words(plan: MemoryPlan) -> Steps[WordNorms]:
    """Return the norms of the outputs' gradients by the words."""
    reach, rows = plan.reach, []
    targets = range(plan.start - reach.start, plan.stop - reach.start)
    reached = plan.trace.span(reach.start, reach.stop)
    for row in word_norms(plan.network, reached, plan.reached, targets, plan.options.quantity, plan.output):
        rows.append(row[targets.start : targets.stop])
        yield len(rows) / len(targets)
    return WordNorms(plan.output, np.array(rows))


def _attribution(plan: MemoryPlan) -> Steps[Attribution]:
    """Return each word's share in one output at the step looked back from."""
    network, quantity, step, reach = plan.network, plan.options.quantity, plan.step, plan.reach
    output, read = _output(plan), _read(plan)
    reached = plan.trace.span(reach.start, reach.stop)
    gradient = word_gradient(network, reached, plan.reached, step - reach.start, output, quantity)
    integrated = yield from integrated_gradients(network, read, step, output, quantity)
    window = slice(plan.start - reach.start, plan.stop - reach.start)
    return Attribution(
        step=step,
        output=output,
        log10_gradient=gradient.log10_norms().numpy()[window],
        gradient_times_input=gradient_times_input(network, reached, gradient)[window],
        integrated_gradients=np.pad(integrated.values, (0, len(plan.trace) - len(read)))[plan.start : plan.stop],
        difference=integrated.difference,
        gap=integrated.gap,
        points=integrated.points,
    )


def _occlusion(plan: MemoryPlan) -> Steps[Occlusion]:
    """Return what the output at the step looked back from loses without each word."""
    output, read = _output(plan), _read(plan)
    words = range(plan.start, min(plan.stop, len(read)))
    losses = yield from occlusion(plan.network, read, plan.step, output, plan.options.quantity, words)
    return Occlusion(plan.step, output, np.pad(losses, (0, plan.steps - len(words))))


def _output(plan: MemoryPlan) -> int:
    """Return the output asked about: the most probable one at the step looked back from, unless one is chosen."""
    return int(plan.trace.outputs_after(plan.step).argmax()) if plan.output is None else plan.output


def _read(plan: MemoryPlan) -> Sequence[Token]:
    """Return the tokens that the outputs at the step looked back from depend on."""
    return plan.trace.tokens if plan.network.config.bidirectional else plan.trace.tokens[: plan.step + 1]


def _learning(plan: MemoryPlan) -> Steps[tuple[dict[Place, Array], Learning] | None]:
    """Return the gradient of a loss through time and by all parameters; None where no next token can be judged."""
    options, places = plan.options, plan.subject.next_outputs
    config, tokens, target = plan.network.config, plan.trace.tokens, plan.options.target
    if target is None and places:
        if all(places[token.id] is None for token in tokens[1:]):
            return None
        every_step = options.loss != "last"
        targets = loss.next_tokens(tokens, config.outputs, places, head=config.head, every_step=every_step)
    else:
        if target is None:
            last = logits_at(plan.network, plan.trace.span(len(tokens) - 1, len(tokens)))[-1]
            target = int(last.argmax() if config.outputs > 1 else last[0] >= 0)
        targets = loss.label(len(tokens), config.outputs, target, every_step=options.loss == "every")
    norms = loss.loss_norms(plan.network, plan.trace, plan.whole, targets)
    window = slice(plan.start, plan.stop)
    by_loss = {place: each[window] for place, each in zip(plan.network.layers(), norms, strict=True)}
    yield 0.3
    value, norm = loss.parameter_gradient(plan.network, tokens, targets)
    return by_loss, Learning(target, value, norm, loss.clipped(norm, options.clip), options.clip)


def _time_scales(plan: MemoryPlan, each: LayerTrace) -> TimeScales | None:
    """Return for how long each unit keeps; None where no gate keeps the state."""
    path = plan.network.config.cell_definition.memory
    if path is None:
        return None
    order = _order(each.direction)
    # From the gate's pre-activation: the gate itself may be 0 to all its digits.
    sums = path.sign * each[f"a_{path.gate}"][order].astype(np.float64)
    tau = time_scales_of_logarithms(-np.logaddexp(0, -sums))
    known = np.where(tau <= len(tau), tau, np.nan)
    ranking = np.argsort(-tau[-1], kind="stable")
    return TimeScales(path.gate, known[-1], ranking, known[order][plan.start : plan.stop])


def _saturation(plan: MemoryPlan, each: LayerTrace) -> tuple[Saturation, ...]:
    return tuple(
        Saturation(letter, is_shut(each[letter]).mean(axis=0), is_open(each[letter]).mean(axis=0))
        for letter in plan.network.config.cell_definition.gates
    )


def _spectra(plan: MemoryPlan) -> dict[Place, tuple[Spectrum, ...]]:
    """Return the spectra of every layer's recurrent weights, times alpha."""
    measured: dict[Place, tuple[Spectrum, ...]] = {}
    for each in spectra(plan.subject.network, plan.layers):
        scaled = each._replace(
            largest_singular_value=plan.options.alpha * each.largest_singular_value,
            spectral_radius=plan.options.alpha * each.spectral_radius,
        )
        place = each.layer, each.direction
        measured[place] = (*measured.get(place, ()), scaled)
    return measured
