"""What is to be measured of a network's memory: checked, with an estimate of what it holds, and not yet computed."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np

from ..network import Network
from ..option_error import OptionError
from ..overflow import RangeError
from ..trace import Engine, Trace, trace
from . import distance, jacobians
from .altered import LEAST, MOST, with_recurrence
from .attribution import OF_TWO_SEGMENTS, Layers, Quantity, at_a_time
from .differentiable import differentiated
from .jacobians import layer_jacobians
from .subject import Subject

MemoryPart = Literal[
    "states", "inputs", "spectral", "words", "attribution", "occlusion", "loss", "time_scales", "saturation", "spectra"
]
PARTS: tuple[MemoryPart, ...] = get_args(MemoryPart)
OF_PAIRS: frozenset[MemoryPart] = frozenset({"states", "inputs", "spectral"})
OF_HEAD: frozenset[MemoryPart] = frozenset({"words", "attribution", "occlusion", "loss"})  # these need outputs
_BY_JACOBIANS: frozenset[MemoryPart] = OF_PAIRS | {"words", "attribution", "loss"}
ONLY_IF_ASKED: frozenset[MemoryPart] = frozenset({"occlusion"})  # it takes a run for each word
LossSteps = Literal["last", "every"]

_SLOPES = 4  # arrays of the size of what an output has for a step, in the slopes of a head
_OF_LOGITS = 6  # numbers for each logit that is looked at: its probability, its slope, how far it is below the top


@dataclass(frozen=True)
class MemoryOptions:
    """What to measure. ``memory`` describes each option."""

    parts: Collection[MemoryPart] | None = None  # None: all that there are, except ``ONLY_IF_ASKED``
    alpha: float = 1.0
    layers: Collection[int] | None = None
    start: int = 0
    stop: int | None = None
    step: int | None = None
    output: int | None = None
    quantity: Quantity = "probability"
    target: int | None = None
    loss: LossSteps | None = None
    clip: float = 1.0


@dataclass(frozen=True)
class MemoryPlan:
    """What to measure of which network. Making it computes nothing; ``trace`` and the Jacobians come when asked for."""

    subject: Subject
    options: MemoryOptions
    engine: Engine
    network: Network  # with its recurrent weights times the options' alpha
    parts: frozenset[MemoryPart]
    layers: frozenset[int]
    start: int
    stop: int

    @classmethod
    def of(cls, subject: Subject, options: MemoryOptions, engine: Engine = "compiled") -> "MemoryPlan":
        """Return the plan for ``options``. Raises OptionError if one does not fit."""
        config, length = subject.network.config, len(subject.tokens)
        parts = _parts(subject, options)
        stop = length if options.stop is None else min(options.stop, length)
        if not 0 <= options.start < stop:
            reason = f"{options.start} is not below {stop}, where the steps asked for end, of {length} in all"
            raise OptionError("start", reason if options.start >= 0 else f"{options.start} is below 0")
        layers = range(config.layers) if options.layers is None else options.layers
        for layer in layers:
            _require_index("layers", "layer", layer, config.layers)
        if options.step is not None and not options.start <= options.step < stop:
            reason = f"{options.step} is not among the steps asked for, {options.start} to {stop - 1}"
            raise OptionError("step", reason)
        for name in ("output", "target"):
            if getattr(options, name) is not None and subject.network.head is None:
                raise OptionError(name, "the network has no head, and so no outputs: leave it out")
        if options.output is not None:
            _require_index("output", "output", options.output, config.outputs)
        if options.target is not None:
            _require_index("target", "target", options.target, max(config.outputs, 2))
        if not options.clip > 0:
            raise OptionError("clip", f"{options.clip} is not above 0")
        if not LEAST <= options.alpha <= MOST:
            raise OptionError("alpha", f"{options.alpha} does not lie between {LEAST} and {MOST}")
        cell = config.cell_definition
        if options.alpha != 1 and not cell.has_recurrent_weights:
            reason = f"{cell.noun} has no recurrent weights to multiply by {options.alpha:g}: leave alpha at 1"
            raise OptionError("alpha", reason)
        network = with_recurrence(subject.network, options.alpha)
        return cls(subject, options, engine, network, parts, frozenset(layers), options.start, stop)

    @property
    def steps(self) -> int:
        """n, the number of steps wanted."""
        return self.stop - self.start

    @property
    def step(self) -> int:
        """The step looked back from."""
        return self.stop - 1 if self.options.step is None else self.options.step

    @property
    def output(self) -> int | None:
        """The output that the words are asked about; None: all of several."""
        return 0 if self.network.config.outputs == 1 else self.options.output

    @property
    def reach(self) -> range:
        """The steps by which the outputs wanted may depend on the words wanted: of two directions, all."""
        return range(len(self.subject.tokens)) if self.network.config.bidirectional else range(self.start, self.stop)

    @cached_property
    def trace(self) -> Trace:
        """The trace of all tokens. Raises RangeError if hidden states overflow, as those of a relu RNN may."""
        sums = "time_scales" in self.parts and bool(self.network.config.cell_definition.gates)
        subject, engine = self.subject, self.engine
        whole = trace(self.network, subject.tokens, subject.before, engine, pre_activations=sums, on_demand=True)
        for layer in whole.layers:
            overflown = np.flatnonzero(~np.isfinite(layer["h"]).all(axis=1))
            if len(overflown):
                first = int(overflown[-1 if layer.direction == "backward" else 0])
                raise RangeError(f"h of layer {layer.layer} {layer.direction}", first, layer["h"].dtype)
        return whole

    @cached_property
    def window(self) -> Layers:
        """Every layer with the Jacobians of the steps wanted."""
        if not self._needs_all_steps:
            return list(layer_jacobians(self.network, self.trace, self.start, self.stop))
        ends = {"forward": (self.start, self.stop)}
        ends["backward"] = len(self.trace) - self.stop, len(self.trace) - self.start
        return [(each, of_all.span(*ends[each.direction])) for each, of_all in self.whole]

    @cached_property
    def whole(self) -> Layers:
        """Every layer with the Jacobians of all steps."""
        return list(layer_jacobians(self.network, self.trace))

    @property
    def _needs_all_steps(self) -> bool:
        """Whether a part needs Jacobians of steps that are not wanted."""
        of_two = self.network.config.bidirectional and self.parts & {"words", "attribution"}
        return "loss" in self.parts or bool(of_two)

    @property
    def reached(self) -> Layers:
        """Every layer with the Jacobians of the steps in ``reach``."""
        return self.whole if self.network.config.bidirectional else self.window

    def numbers_held(self) -> int:
        """Estimate how many numbers are held at a time, besides the weights, which no request makes fewer.

        They are those that all stages share, and of the stages, which come one after the other, those of the largest.
        """
        config, steps, reach = self.network.config, len(self.subject.tokens), len(self.reach)
        cell, top = config.cell_definition, config.hidden_size * len(config.directions)
        activations = len(cell.activations) + len(cell.pre_activations) * ("time_scales" in self.parts)
        outputs, states = max(config.outputs, 1), config.hidden_size * len(cell.states)
        asked, widest = 1 if self.output is not None else outputs, max(config.inputs, top, states)
        slopes, logits = _SLOPES * asked * top, _OF_LOGITS * outputs  # of a step
        graph = differentiated(config, steps)
        stages = {
            "states": distance.numbers_held(states, self.steps),
            "inputs": distance.numbers_held(states, self.steps),
            "spectral": 4 * states**2,
            "words": reach * (slopes + logits) + 3 * at_a_time(min(asked, top) * reach * widest, self.steps),
            "attribution": logits + at_a_time(graph, OF_TWO_SEGMENTS),
            "occlusion": at_a_time(steps * config.hidden_size * len(cell.activations), self.steps),
            "loss": graph + steps * logits,
        }
        shared = steps * config.layers * top * activations + self.numbers_returned()
        if self.parts & _BY_JACOBIANS:
            shared += jacobians.numbers_held(config, steps if self._needs_all_steps else self.steps)
        return shared + max((held for part, held in stages.items() if part in self.parts), default=0)

    def numbers_returned(self) -> int:
        """Return about how many numbers the answer holds: matrices over all pairs of steps."""
        matrices = 3 * sum(layer in self.layers for layer, _ in self.network.layers()) + 1
        return matrices * self.steps**2


def _parts(subject: Subject, options: MemoryOptions) -> frozenset[MemoryPart]:
    possible = frozenset(PARTS) - (OF_HEAD if subject.network.head is None else frozenset())
    if options.parts is None:
        return possible - ONLY_IF_ASKED
    for part in options.parts:
        if part not in PARTS:
            raise OptionError("parts", f"there is no part {part!r}: choose from {', '.join(PARTS)}")
        if part not in possible:
            choice = ", ".join(each for each in PARTS if each in possible)
            what = "a network without a head" if subject.has_tokens else "a bare module"
            raise OptionError("parts", f"{part!r} needs outputs, which {what} does not have: choose from {choice}")
    return frozenset(options.parts)


def _require_index(option: str, what: str, index: int, count: int) -> None:
    if not 0 <= index < count:
        raise OptionError(option, f"there is no {what} {index}: choose from 0 to {count - 1}")
