"""The parts of an answer on memory and gradients, computed one by one.

Each is a generator that yields, as it goes, the share of its own work that it has done, and writes into the content.
"""

import math
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any

import numpy as np

from ...analysis.statistics import statistics
from ...recurrent.memory import distance, loss, timescales
from ...recurrent.memory.altered import spectra
from ...recurrent.memory.attribution import (
    gradient_times_input,
    integrated_gradients,
    logits_at,
    word_gradient,
    word_norms,
)
from ...recurrent.memory.distance import Array, By
from ...recurrent.modules import Direction
from ...store.models import ActivationStatistics
from ..wire.encoding import layer_info, typed_array
from .plan import KEPT, Plan

Content = dict[str, Any]
Job = Generator[float, None, Content]  # yields the share that is done; returns the content of a ``MemoryAnswer``
_Part = Callable[[Plan, Content], Iterator[float]]

_BY: Mapping[str, By] = {"states": "state", "inputs": "input"}


def job(plan: Plan) -> Job:
    """Do the work of ``plan``, and tell from time to time how much of it is done."""
    content: Content = {
        "model": plan.model.id,
        "alpha": plan.options.alpha,
        "weights": plan.options.weights,
        "steps": len(plan.trace),
        "start": plan.start,
        "stop": plan.stop,
        "tokens": [token._asdict() for token in plan.trace.tokens[plan.start : plan.stop]],
        "layers": [layer_info(each) for each in plan.trace.layers if each.layer in plan.layers],
    }
    work, done = plan.work(), 0.0
    total = sum(work.values())
    for name, (part, wanted) in _PARTS.items():
        if plan.parts & wanted:
            for own in part(plan, content):
                yield (done + own * work[name]) / total
            done += work[name]
    return content


def _pairs(plan: Plan, content: Content) -> Iterator[float]:
    """Norms over all pairs of steps, layer by layer."""
    n, done = plan.steps, 0
    layers = [each for each in plan.window if each[0].layer in plan.layers]
    kinds = [(part, by) for part, by in _BY.items() if part in plan.parts]
    for (each, jacobians), answer in zip(layers, content["layers"], strict=True):
        order = slice(None, None, -1 if each.direction == "backward" else 1)
        for part, by in kinds:
            norms = np.full((n, n), math.nan)
            for t, k, block in distance.norm_blocks(jacobians, by):
                norms[t : t + block.shape[0], k : k + block.shape[1]] = block
                done += block.size
                yield done / (n**2 * len(layers) * len(kinds))
            answer[part] = {"log10_norms": _matrix(plan, norms[order, order])}
            if by == "input":
                medians = timescales.by_distance(norms)
                answer[part] |= {"log10_medians": medians, "half_life": timescales.half_life(medians)}
            else:
                kept = None if jacobians.log_kept is None else distance.kept_norms(jacobians.log_kept)
                answer[part]["log10_kept"] = None if kept is None else _matrix(plan, kept[order, order])
        if "spectral" in plan.parts:
            t = plan.step - plan.start if each.direction == "forward" else plan.stop - 1 - plan.step
            row = np.full(n, math.nan)
            for back, norm in enumerate(distance.spectral_norms(jacobians, t)):
                row[t - back] = norm
                yield done / (n**2 * len(layers) * max(len(kinds), 1))
            answer["log10_spectral"] = row[order].copy()


def _words(plan: Plan, content: Content) -> Iterator[float]:
    """Norms of the outputs' gradients by the words."""
    reach, rows = plan.reach, []
    targets = range(plan.start - reach.start, plan.stop - reach.start)
    part = plan.trace.span(reach.start, reach.stop)
    for row in word_norms(plan.network, part, plan.reached, targets, plan.options.quantity, plan.output):
        rows.append(row[targets.start : targets.stop])
        yield len(rows) / len(targets)
    content["words"] = {
        "output": None if plan.output is None else plan.model.config.outputs[plan.output],
        "log10_norms": _matrix(plan, np.array(rows)),
    }


def _attribution(plan: Plan, content: Content) -> Generator[float, None, None]:
    """Each word's share in one output at the step looked back from."""
    network, quantity, step, reach = plan.network, plan.options.quantity, plan.step, plan.reach
    output = int(plan.trace.outputs[step].argmax()) if plan.output is None else plan.output
    part = plan.trace.span(reach.start, reach.stop)
    gradient = word_gradient(network, part, plan.reached, step - reach.start, output, quantity)
    read = plan.trace.tokens if network.config.bidirectional else plan.trace.tokens[: step + 1]
    integrated = yield from integrated_gradients(network, read, step, output, quantity)
    window = slice(plan.start - reach.start, plan.stop - reach.start)
    content["attribution"] = {
        "step": step,
        "output": plan.model.config.outputs[output],
        "log10_gradient": gradient.log10_norms().numpy()[window],
        "gradient_times_input": gradient_times_input(network, part, gradient)[window],
        "integrated_gradients": np.pad(integrated.values, (0, len(plan.trace) - len(read)))[plan.start : plan.stop],
        "difference": integrated.difference,
        "gap": integrated.gap,
        "points": integrated.points,
    }


def _loss(plan: Plan, content: Content) -> Iterator[float]:
    """The gradient of a loss through time, and of all parameters; nothing where no next token can be judged."""
    options, every_step, names = plan.options, plan.options.loss == "every", plan.model.config.outputs
    config, tokens, target = plan.network.config, plan.trace.tokens, plan.options.target
    if target is None and plan.model.config.predicts_next:
        places, judges_all = plan.model.next_outputs, options.loss != "last"
        if all(places[token.id] is None for token in tokens[1:]):
            return
        targets = loss.next_tokens(tokens, config.outputs, places, head=config.head, every_step=judges_all)
    else:
        if target is None:
            last = logits_at(plan.network, plan.trace)[-1]
            target = int(last.argmax() if len(names) > 1 else last[0] >= 0)
        targets = loss.label(len(tokens), config.outputs, target, every_step=every_step)
    norms = dict(
        zip(plan.network.layers(), loss.loss_norms(plan.network, plan.trace, plan.whole, targets), strict=True)
    )
    for answer in content["layers"]:
        answer["log10_loss"] = norms[answer["layer"], answer["direction"]][plan.start : plan.stop]
    yield 0.3
    value, norm = loss.parameter_gradient(plan.network, tokens, targets)
    content["learning"] = {
        "target": None if target is None else _class_name(plan, target),
        "loss": value,
        "log10_norm": norm,
        "log10_clipped": loss.clipped(norm, options.clip),
        "clip": options.clip,
    }
    yield 1


def _class_name(plan: Plan, target: int) -> str:
    config = plan.model.config
    if len(config.outputs) > 1:
        return config.outputs[target]
    return config.outputs[0] if target else config.opposite or f"not {config.outputs[0]}"


def _gates(plan: Plan, content: Content) -> Iterator[float]:
    """What the gates and the recurrent matrices alone tell."""
    cell = plan.network.config.cell_definition
    here = {_place(each): each for each in statistics([plan.trace]).activations}
    usual = {_place(each): each for each in plan.model.statistics.activations} if plan.model.statistics else {}
    for answer in content["layers"]:
        place = answer["layer"], answer["direction"]
        if "time_scales" in plan.parts and (letter := KEPT.get(cell.name)):
            order = slice(None, None, -1 if place[1] == "backward" else 1)
            sums = plan.trace.layer(*place)[f"a_{letter}"][order].astype(np.float64)
            tau = timescales.time_scales_of_logarithms(-np.logaddexp(0, -sums))
            shown = np.where(tau <= len(tau), tau, np.nan)
            answer["time_scales"] = {
                "activation": letter,
                "tau": shown[-1],
                "ranking": np.argsort(-tau[-1], kind="stable"),
                "along": _matrix(plan, shown[order][plan.start : plan.stop]),
            }
        if "saturation" in plan.parts:
            answer["saturation"] = [
                {
                    "activation": letter,
                    "left": here[*place, letter].left_saturated,
                    "right": here[*place, letter].right_saturated,
                    "usual_left": usual[*place, letter].left_saturated if usual else None,
                    "usual_right": usual[*place, letter].right_saturated if usual else None,
                }
                for letter in cell.gates
            ]
        if "spectra" in plan.parts:
            answer["spectra"] = [
                {
                    "block": each.block,
                    "largest_singular_value": plan.options.alpha * each.largest_singular_value,
                    "spectral_radius": plan.options.alpha * each.spectral_radius,
                }
                for each in spectra(plan.start_network)
                if (each.layer, each.direction) == place
            ]
    yield 1


_PARTS: Mapping[str, tuple[_Part, frozenset[str] | set[str]]] = {
    "pairs": (_pairs, {"states", "inputs", "spectral"}),
    "words": (_words, {"words"}),
    "attribution": (_attribution, {"attribution"}),
    "loss": (_loss, {"loss"}),
    "gates": (_gates, {"time_scales", "saturation", "spectra"}),
}


def _place(each: ActivationStatistics) -> tuple[int, Direction, str]:
    return each.layer, each.direction, each.activation


def _matrix(plan: Plan, array: Array) -> object:
    """``array`` as it is sent; in JSON, what is not finite becomes null."""
    if plan.options.encoding == "base64":
        return typed_array(np.where(np.isfinite(array), array, np.nan))
    return np.ascontiguousarray(array, dtype=np.float32)
