"""What a request for memory and gradients comes to: its network, its trace, and how much work it is."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

import numpy as np
from fastapi_problem.error import Problem

from ...recurrent.memory.altered import untrained, with_recurrence
from ...recurrent.memory.attribution import POINTS, Layers
from ...recurrent.memory.jacobians import layer_jacobians
from ...recurrent.network import Network
from ...recurrent.tokenizer import Token
from ...recurrent.trace import Trace, trace
from ...settings import Settings
from ...store.models import Model
from ..traces import plan as trace_plan
from ..traces.schemas import TraceOptions
from ..wire import problems
from .schemas import MemoryBody, Part

BACKWARD = 3  # a pass forward and one back, in passes forward
SPECTRUM = 25  # singular values and eigenvalues of a matrix, in cubes of its size
KEPT = {"lstm": "f", "gru": "z"}  # the gate that keeps the state
GRAPH = 15  # numbers a unit that automatic differentiation keeps of a step


@dataclass(frozen=True)
class Plan:
    """Work that fits its model and the limits, not yet done."""

    model: Model
    options: MemoryBody
    start_network: Network  # before the options' alpha
    network: Network
    trace: Trace  # over all tokens
    start: int
    stop: int
    layers: frozenset[int]

    @property
    def parts(self) -> frozenset[Part]:
        """What is wanted."""
        return frozenset(get_args(Part) if self.options.parts is None else self.options.parts)

    @property
    def steps(self) -> int:
        """n, the number of steps wanted."""
        return self.stop - self.start

    @property
    def step(self) -> int:
        """The step looked back from."""
        return self.stop - 1 if self.options.step is None else self.options.step

    @cached_property
    def window(self) -> Layers:
        """Every layer with the Jacobians of the steps wanted."""
        return list(layer_jacobians(self.network, self.trace, self.start, self.stop))

    @cached_property
    def whole(self) -> Layers:
        """Every layer with the Jacobians of all steps."""
        is_all = self.steps == len(self.trace)
        return self.window if is_all else list(layer_jacobians(self.network, self.trace))

    @property
    def reach(self) -> range:
        """The steps by which the outputs wanted may depend on the words wanted: of two directions, all."""
        return range(len(self.trace)) if self.network.config.bidirectional else range(self.start, self.stop)

    @property
    def reached(self) -> Layers:
        """Every layer with the Jacobians of the steps in ``reach``."""
        return self.whole if self.network.config.bidirectional else self.window

    @property
    def output(self) -> int | None:
        """The output that the words are asked about; None: all of several."""
        return 0 if self.network.config.outputs == 1 else self.options.output

    def work(self) -> Mapping[str, float]:
        """Multiply-adds, about, of the parts by the name of what does them."""
        config, parts, n, steps = self.network.config, self.parts, self.steps, len(self.trace)
        hidden, directions = config.hidden_size, len(config.directions)
        states, blocks = hidden * (2 if config.cell == "lstm" else 1), len(config.cell_definition.blocks)
        inputs = {0: config.embedding_size}  # of each layer; above the first, what the one below gives
        widths = [(layer, inputs.get(layer, hidden * directions)) for layer, _ in self.network.layers()]
        back = sum(states * (hidden + width) for _, width in widths)  # a row of derivatives through a step
        forward = sum(blocks * hidden * (hidden + width) for _, width in widths)
        rows = 1 if self.output is not None else min(config.outputs, hidden * directions)
        selected = sum(layer in self.layers for layer, _ in widths)
        product = states**2 * hidden
        cuts = n * (math.log2(n) * (product + states**3) + n / 2 * states**2)
        of_pairs = len(parts & {"states", "inputs"}) * cuts + n * (product + 10 * states**3) * ("spectral" in parts)
        return {
            "pairs": selected * of_pairs,
            "words": n * rows * len(self.reach) * back * ("words" in parts),
            "attribution": (len(self.reach) * back + POINTS * BACKWARD * steps * forward) * ("attribution" in parts),
            "loss": steps * (back + BACKWARD * forward) * ("loss" in parts),
            "gates": steps * forward + blocks * SPECTRUM * hidden**3 * len(widths) * ("spectra" in parts),
        }

    def numbers(self) -> float:
        """Numbers, about, that are held at a time."""
        config, steps = self.network.config, len(self.trace)
        hidden, places = config.hidden_size, config.layers * len(config.directions)
        states = hidden * (2 if config.cell == "lstm" else 1)
        width = max(config.embedding_size, hidden * len(config.directions) * (config.layers > 1))
        is_whole = "loss" in self.parts or config.bidirectional
        jacobians = (steps if is_whole else self.steps) * places * states * (hidden + width)
        pairs = 2 * self.steps * states**2
        graph = steps * places * hidden * GRAPH * (16 if "attribution" in self.parts else 1)
        return jacobians + pairs + graph


def plan(model: Model, options: MemoryBody, settings: Settings) -> Plan:
    """The work that ``options`` ask for. Raises a problem that names the option and what would be right."""
    text = TraceOptions(text=options.text, layers=options.layers, start=options.start, stop=options.stop)
    asked = trace_plan.plan(model, text, settings, streamed=True)
    config = model.config.network
    if options.step is not None and not asked.start <= options.step < asked.stop:
        reason = f"{options.step} is not among the steps asked for, {asked.start} to {asked.stop - 1}"
        raise problems.invalid_request("step", reason)
    if options.output is not None and options.output >= config.outputs:
        _refuse("output", options.output, model, config.outputs - 1)
    if options.target is not None and options.target >= max(config.outputs, 2):
        _refuse("target", options.target, model, max(config.outputs, 2) - 1)
    network = start_network(model, options)
    varied = with_recurrence(network, options.alpha)
    parts = get_args(Part) if options.parts is None else options.parts
    whole = trace(varied, asked.tokens, None, settings.engine, "time_scales" in parts and config.cell in KEPT)
    _check_finite(whole, asked.tokens, options.alpha)
    found = Plan(model, options, network, varied, whole, asked.start, asked.stop, asked.selection.layers)
    _check_size(found, settings)
    return found


def start_network(model: Model, options: MemoryBody) -> Network:
    """The network with the weights that are asked for."""
    if options.weights == "trained":
        return model.network
    try:
        return untrained(model.config.network, options.seed, 1.0 if options.weights != "untrained" else None)
    except ValueError as error:
        raise problems.invalid_request("weights", f"{error}; send 'untrained'") from None


def _refuse(field: str, value: int, model: Model, most: int) -> None:
    raise problems.invalid_request(field, f"there is no {field} {value}: {model.id} has 0 to {most}")


def _check_finite(whole: Trace, tokens: list[Token], alpha: float) -> None:
    """Raise a problem if a state has passed the range of floats, as those of a relu RNN may."""
    for layer in whole.layers:
        bad = ~np.isfinite(layer["h"]).all(axis=1)
        if bad.any():
            t = int(np.flatnonzero(bad)[-1 if layer.direction == "backward" else 0])
            raise Problem(
                "States overflow",
                "states-overflow",
                f"With alpha {alpha:g} the hidden states of layer {layer.layer} {layer.direction} pass the largest "
                f"{layer['h'].dtype} at step {t} of {len(tokens):,}. Lower alpha, or send a shorter text.",
                422,
            )


def _check_size(found: Plan, settings: Settings) -> None:
    """Raise a problem if the work, what it holds or what it sends is too much for one answer."""
    matrices = 3 * sum(layer in found.layers for layer, _ in found.network.layers()) + 1
    for what, figure, limit in (
        ("multiply-adds", sum(found.work().values()), settings.max_work),
        ("numbers held at a time", found.numbers(), settings.max_held),
        ("numbers sent", matrices * found.steps**2, settings.max_values),
    ):
        if figure > limit:
            raise Problem(
                "Too much work",
                "too-much-work",
                f"For {found.steps:,} steps of {len(found.trace):,} this takes {figure:.2g} {what}; this server takes "
                f"up to {limit:.2g} for an answer. Narrow the request with start and stop, layers or parts, or send a "
                "shorter text.",
                413,
                limit=limit,
            )
