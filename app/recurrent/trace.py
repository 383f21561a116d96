"""Trace: every gate, candidate and state of a network over one sequence; and the function that makes it."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .cells import CellName, cell_named
from .cells.cell import Activations, Cell, double
from .engine import compiled, stepped
from .modules import Direction, Part, parts_of
from .network import Head, Network
from .overflow import RangeError, require_finite
from .tokenizer import Token

Engine = Literal["compiled", "reference"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
Overflow = Literal["keep", "refuse"]
FloatArray = NDArray[np.floating]
State = list[Activations]  # the last step of every layer and direction, to go on from


class Weight(NamedTuple):
    """A weight as it was when a trace was made: not a copy, but what tells whether it has changed since."""

    tensor: Tensor
    version: int | None  # PyTorch's count of what was written to it; None: not counted

    @classmethod
    def of(cls, tensor: Tensor) -> "Weight":
        """Return ``tensor`` as it is now."""
        return cls(tensor, None if tensor.is_inference() else tensor._version)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """Return it in float64. Raises ValueError, with its ``name``, if it was written to since the trace was made."""
        if self.version is not None and self.tensor._version != self.version:
            raise ValueError(f"{name} has changed since the trace was made: trace again, and decompose that trace")
        return self.tensor.detach().cpu().double().numpy()


@dataclass(frozen=True, eq=False)
class Readout:
    """The head of the network that a trace is of."""

    weight: Weight  # (outputs, H·directions)
    bias: Weight  # (outputs,)
    function: Head
    names: tuple[str, ...] = ()  # of the outputs; empty where they have none
    verdict: str | None = None  # the output of a sigmoid head that the task is about, if it has a name


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """All activations of one layer in one direction; row t belongs to token t, in either direction."""

    layer: int  # from 0
    direction: Direction
    cell: CellName
    activations: dict[str, FloatArray]  # letter, or a_f and its like, → (T, H); h is (T, P) under a projection
    initial: dict[str, FloatArray] | None = None  # the states (H,) before the first step that is taken; None: zeros
    projection: Weight | None = None  # (P, H)

    def __getitem__(self, letter: str) -> FloatArray:
        """The (T, H) array of an activation."""
        return self.activations[letter]

    def span(self, start: int, stop: int) -> "LayerTrace":
        """Return the part from step ``start`` up to ``stop``, which starts from the states before it."""
        before = stop if self.direction == "backward" else start - 1
        initial = self.initial
        if 0 <= before < len(self["h"]):
            states = cell_named(self.cell).states
            initial = {letter: self[letter][before] for letter in states if letter in self.activations}
        activations = {letter: array[start:stop] for letter, array in self.activations.items()}
        return replace(self, activations=activations, initial=initial)


@dataclass(frozen=True, eq=False)
class Trace:
    """What a network did with one sequence: the noun that every view reads.

    ``layers`` are ordered by layer, forward before backward; ``outputs`` (T, outputs) are the probabilities that the
    head says after each step; ``start`` is the position of the first token in the sequence, above 0 for a part of it.
    A bare module, which has neither tokens nor a head, leaves ``tokens`` empty, ``outputs`` (T, 0) and ``head`` None.
    """

    tokens: tuple[Token, ...]
    layers: tuple[LayerTrace, ...]
    outputs: FloatArray  # (T, outputs)
    start: int = 0
    state: State = field(default_factory=list, repr=False)  # empty where no step can follow
    head: Readout | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """T, the number of steps."""
        return len(self.outputs)

    def layer(self, layer: int = 0, direction: Direction = "forward") -> LayerTrace:
        """One layer in one direction. Raises KeyError if the network has none such."""
        for candidate in self.layers:
            if (candidate.layer, candidate.direction) == (layer, direction):
                return candidate
        raise KeyError(f"layer {layer} {direction}")

    def span(self, start: int, stop: int) -> "Trace":
        """The part from token ``start`` up to ``stop`` of this trace, as of a slice; arrays are views.

        The states before its first step become its initial states.
        """
        start, stop, _ = slice(start, stop).indices(len(self))
        layers = tuple(each.span(start, stop) for each in self.layers)
        return Trace(self.tokens[start:stop], layers, self.outputs[start:stop], self.start + start, head=self.head)


@torch.inference_mode()
def trace(
    network: Network,
    tokens: Sequence[Token],
    after: Trace | None = None,
    engine: Engine = "compiled",
    pre_activations: bool = False,  # noqa: FBT001, FBT002
    overflow: Overflow = "keep",
) -> Trace:
    """Run ``network`` over ``tokens`` from zero states, or on from where the trace ``after`` ended.

    Arrays have the dtype of the network's parameters. ``engine`` is the compiled kernels, which serve float32 on the
    CPU, or the reference, the cells stepped by PyTorch, which also serves whatever the kernels do not. With
    ``pre_activations`` each gate and candidate, and the h of a plain RNN, comes with the sum that it is the sigmoid,
    tanh or relu of, as ``a_f`` and so on, computed in float64 from the inputs and the states before.

    Raises ValueError for an empty sequence, and where ``after`` holds no state: a part of a trace, or the trace of a
    bidirectional network, whose backward layers need it whole. A number that overflows is infinite or NaN, as in
    PyTorch, or raises RangeError if ``overflow`` is to be refused.
    """
    if not tokens:
        raise ValueError("there is nothing to trace: the sequence is empty")
    if after is not None and not after.state:
        raise ValueError(
            "this trace holds no state to go on from: it is a part of a trace, or of a bidirectional network"
        )
    config, device = network.config, network.embedding.weight.device
    cell = config.cell_definition
    ids = torch.from_numpy(np.array([token.id for token in tokens])).to(device)
    initial = after.state if after is not None else None
    start = after.start + len(after) if after is not None else 0
    parts = parts_of(network.recurrent)
    with torch.autocast(device.type, enabled=False):
        x = network.embedding(ids)[:, None]  # (T, 1, E)
        found = activations_of(
            parts,
            cell,
            x,
            [len(tokens)],
            initial,
            engine,
            start=start,
            pre_activations=pre_activations,
            overflow=overflow,
        )
        outputs = _outputs(network, found)
    state = [{k: torch.from_numpy(each[k][-1]).to(device) for k in cell.states} for each in found]
    if overflow == "refuse" and (bad := np.isnan(outputs).any(axis=-1)).any():
        raise RangeError("a sum of the head", start + int(bad.argmax()), outputs.dtype)
    layers = layer_traces(parts, config.cell, found, initial, 0, len(tokens))
    head = Readout(Weight.of(network.head.weight), Weight.of(network.head.bias), config.head)
    return Trace(tuple(tokens), layers, outputs, start, [] if config.bidirectional else state, head)


def _outputs(network: Network, found: Sequence[dict[str, FloatArray]]) -> FloatArray:
    """Return the probabilities (T, outputs) that the head gives for what ``activations_of`` found."""
    last = found[-len(network.config.directions) :]
    top = np.concatenate([each["h"][:, 0] for each in last], axis=-1)  # (T, H·directions)
    h = torch.from_numpy(top).to(network.head.weight.device)
    logits = network.read(h)
    outputs: FloatArray = network.probabilities(logits).cpu().numpy()
    # Where e^−logit or a sum overflows, there is 0 or NaN for what the dtype may still hold.
    if not (outputs.min() > 0 and math.isfinite(logits.sum())):
        outputs = network.probabilities(network.read_in_double(h)).to(h.dtype).cpu().numpy()
    return outputs


def trace_in_chunks(
    network: Network,
    tokens: Sequence[Token],
    size: int,
    engine: Engine = "compiled",
    pre_activations: bool = False,  # noqa: FBT001, FBT002
    overflow: Overflow = "keep",
) -> Iterator[Trace]:
    """The trace of ``tokens`` in consecutive parts of ``size`` steps, each yielded as soon as it is computed.

    The parts of a bidirectional network come after its last step; so do those of a relu RNN if an overflow is to be
    refused, which may come at any step. Raises ValueError for a size below 1; other options are those of ``trace``.
    """
    if size < 1:
        raise ValueError(f"the size of a part is {size}: it must be at least 1")
    config = network.config
    if config.bidirectional or (overflow == "refuse" and not config.cell_definition.bounded):
        whole = trace(network, tokens, None, engine, pre_activations, overflow)
        yield from (whole.span(start, start + size) for start in range(0, len(tokens), size))
        return
    part = None
    for start in range(0, len(tokens) or 1, size):
        part = trace(network, tokens[start : start + size], part, engine, pre_activations, overflow)
        yield part


def activations_of(
    parts: Sequence[Part],
    cell: Cell,
    x: Tensor,
    lengths: Sequence[int],
    initial: Sequence[Activations] | None,
    engine: Engine,
    *,
    start: int = 0,
    pre_activations: bool = False,
    overflow: Overflow = "keep",
) -> list[dict[str, FloatArray]]:
    """Every activation, letter → (T, B, ·), of every layer and direction for the inputs ``x`` (T, B, E).

    Sequence b has ``lengths[b]`` steps, the longest, T, first; what stands in its rows past them is of no meaning.
    ``initial`` holds the states (B, ·) that each layer and direction starts from, zeros if it is None.
    ``pre_activations`` are added as ``trace`` says, for sequences of one length. Where a number overflows and
    this is to be refused, raises RangeError, at a step that is counted from ``start``.
    """
    if engine not in ENGINES:
        raise ValueError(f"there is no engine {engine!r}: choose from {', '.join(ENGINES)}")
    is_compiled, is_strict = engine == "compiled" and compiled.serves(x), overflow == "refuse"
    found: list[dict[str, FloatArray]] = []
    outputs: list[FloatArray] = []
    for index, layer in groupby(parts, key=attrgetter("layer")):
        if index > 0:  # (T, B, H·directions)
            x = torch.from_numpy(np.concatenate(outputs, axis=-1) if len(outputs) > 1 else outputs[0]).to(x.device)
        outputs = []
        for part in layer:
            states, is_backward = initial[len(found)] if initial is not None else None, part.direction == "backward"
            weights = part.arrays if is_compiled else None
            try:
                if weights is not None:
                    arrays = compiled.unroll(cell, weights, x, lengths, states, reverse=is_backward, strict=is_strict)
                else:
                    arrays = _reference(cell, part, x, lengths, states)
                if pre_activations:
                    arrays |= _pre_activations(cell, part, x, arrays, states)
                if is_strict and (pre_activations or weights is None):
                    require_finite(arrays, lengths, reverse=is_backward)
            except RangeError as error:
                what = f"{error.what} of layer {part.layer} {part.direction}"
                raise RangeError(what, start + error.step, error.dtype) from None
            found.append(arrays)
            outputs.append(arrays["h"])
    return found


def _reference(
    cell: Cell, part: Part, x: Tensor, lengths: Sequence[int], initial: Activations | None
) -> dict[str, FloatArray]:
    """As ``compiled.unroll``, by the cells."""
    is_backward = part.direction == "backward"
    with torch.inference_mode(), torch.autocast(x.device.type, enabled=False):
        found = stepped.unroll(cell, part.weights, x, lengths, initial, reverse=is_backward)
        # PyTorch's sigmoid is 0 from where e^−a overflows, and its value may not be: then float64 is rounded.
        if x.dtype != torch.float64 and any(not found[letter].all() for letter in cell.gates):
            weights, states = part.weights.double(), initial and double(initial)
            found = stepped.unroll(cell, weights, x.double(), lengths, states, reverse=is_backward)
        return {letter: tensor.to(x.dtype).cpu().numpy() for letter, tensor in found.items()}


def _pre_activations(
    cell: Cell, part: Part, x: Tensor, arrays: dict[str, FloatArray], initial: Activations | None
) -> dict[str, FloatArray]:
    """Return what each of ``arrays`` is the sigmoid, tanh or relu of, computed forward in float64."""
    before = {}
    for letter in cell.states:
        states = torch.from_numpy(arrays[letter]).to(x.device)
        first = torch.zeros_like(states[:1]) if initial is None else initial[letter][None]
        before[letter] = torch.cat([states[1:], first] if part.direction == "backward" else [first, states[:-1]])
    step = cell.step(x.double(), double(before), part.weights.double())
    return {name: step[name].to(x.dtype).cpu().numpy() for name in cell.pre_activations}


def layer_traces(
    parts: Sequence[Part],
    cell: CellName,
    found: Sequence[dict[str, FloatArray]],
    initial: Sequence[Activations] | None,
    b: int,
    length: int,
) -> tuple[LayerTrace, ...]:
    """The first ``length`` steps of sequence ``b`` of what ``activations_of`` found; arrays are views.

    ``initial`` is what it was given.
    """
    return tuple(
        LayerTrace(
            part.layer,
            part.direction,
            cell,
            {letter: a[:length, b] for letter, a in arrays.items()},
            None
            if initial is None
            else {k: state[b].detach().cpu().numpy().copy() for k, state in initial[at].items()},
            None if part.weights.w_hr is None else Weight.of(part.weights.w_hr),
        )
        for at, (part, arrays) in enumerate(zip(parts, found, strict=True))
    )
