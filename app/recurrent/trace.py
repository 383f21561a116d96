"""Trace: every gate, candidate and state of a network over one sequence; and the function that makes it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import compiled, reference
from .cells import Activations, Cell, CellName
from .modules import Direction, Part, parts_of
from .network import Network
from .tokenizer import Token

Engine = Literal["compiled", "reference"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
FloatArray = NDArray[np.floating]
State = list[Activations]  # the last step of every layer and direction, to go on from


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """All activations of one layer in one direction; row t belongs to token t, in either direction."""

    layer: int  # from 0
    direction: Direction
    cell: CellName
    activations: dict[str, FloatArray]  # letter → (T, H); h is (T, P) under a projection

    def __getitem__(self, letter: str) -> FloatArray:
        """The (T, H) array of an activation."""
        return self.activations[letter]


@dataclass(frozen=True, eq=False)
class Trace:
    """What a network did with one sequence: the noun that every view reads.

    ``layers`` are ordered by layer, forward before backward; ``outputs`` (T, outputs) are the probabilities that the
    head says after each step; ``start`` is the position of the first token in the sequence, above 0 for a part of it.
    A bare module, which has neither tokens nor a head, leaves ``tokens`` empty and ``outputs`` (T, 0).
    """

    tokens: tuple[Token, ...]
    layers: tuple[LayerTrace, ...]
    outputs: FloatArray  # (T, outputs)
    start: int = 0
    state: State = field(default_factory=list, repr=False)  # empty where no step can follow

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
        """The part from token ``start`` up to ``stop`` of this trace, as of a slice; arrays are views."""
        start, stop, _ = slice(start, stop).indices(len(self))
        return Trace(
            self.tokens[start:stop],
            tuple(
                LayerTrace(
                    each.layer, each.direction, each.cell, {k: a[start:stop] for k, a in each.activations.items()}
                )
                for each in self.layers
            ),
            self.outputs[start:stop],
            self.start + start,
        )


@torch.inference_mode()
def trace(network: Network, tokens: Sequence[Token], after: Trace | None = None, engine: Engine = "compiled") -> Trace:
    """Run ``network`` over ``tokens`` from zero states, or on from where the trace ``after`` ended.

    Arrays have the dtype of the network's parameters. ``engine`` is the compiled kernels, which serve float32 on the
    CPU, or the reference, the cells stepped by PyTorch, which also serves whatever the kernels do not. Raises
    ValueError for an empty sequence, and where ``after`` holds no state: a part of a trace, or the trace of a
    bidirectional network, whose backward layers need it whole.
    """
    if not tokens:
        raise ValueError("there is nothing to trace: the sequence is empty")
    if after is not None and not after.state:
        raise ValueError(
            "this trace holds no state to go on from: it is a part of a trace, or of a bidirectional network"
        )
    config, device = network.config, network.embedding.weight.device
    ids = torch.from_numpy(np.array([token.id for token in tokens])).to(device)
    initial = after.state if after is not None else None
    parts = parts_of(network.recurrent)
    with torch.autocast(device.type, enabled=False):
        x = network.embedding(ids)[:, None]  # (T, 1, E)
        found = activations_of(parts, config.cell_definition, x, [len(tokens)], initial, engine)
        top = np.concatenate(
            [each["h"][:, 0] for each in found[-len(config.directions) :]], axis=-1
        )  # (T, H·directions)
        outputs = network.probabilities(network.read(torch.from_numpy(top).to(device))).cpu().numpy()
    state = [{k: torch.from_numpy(each[k][-1]).to(x.device) for k in config.cell_definition.states} for each in found]
    start = after.start + len(after) if after is not None else 0
    layers = layer_traces(parts, config.cell, found, 0, len(tokens))
    return Trace(tuple(tokens), layers, outputs, start, [] if config.bidirectional else state)


def trace_in_chunks(
    network: Network, tokens: Sequence[Token], size: int, engine: Engine = "compiled"
) -> Iterator[Trace]:
    """The trace of ``tokens`` in consecutive parts of ``size`` steps, each yielded as soon as it is computed.

    A bidirectional network's parts come after its last step. Raises ValueError for a size below 1.
    """
    if size < 1:
        raise ValueError(f"the size of a part is {size}: it must be at least 1")
    if network.config.bidirectional:
        whole = trace(network, tokens, engine=engine)
        yield from (whole.span(start, start + size) for start in range(0, len(tokens), size))
        return
    part = None
    for start in range(0, len(tokens) or 1, size):
        part = trace(network, tokens[start : start + size], part, engine)
        yield part


def activations_of(
    parts: Sequence[Part],
    cell: Cell,
    x: Tensor,
    lengths: Sequence[int],
    initial: Sequence[Activations] | None,
    engine: Engine,
) -> list[dict[str, FloatArray]]:
    """Every activation, letter → (T, B, ·), of every layer and direction for the inputs ``x`` (T, B, E).

    Sequence b has ``lengths[b]`` steps, the longest, T, first; what stands in its rows past them is of no meaning.
    ``initial`` holds the states (B, ·) that each layer and direction starts from, zeros if it is None.
    """
    if engine not in ENGINES:
        raise ValueError(f"there is no engine {engine!r}: choose from {', '.join(ENGINES)}")
    is_compiled = engine == "compiled" and compiled.serves(x)
    found: list[dict[str, FloatArray]] = []
    outputs: list[FloatArray] = []
    for index, layer in groupby(parts, key=attrgetter("layer")):
        if index > 0:  # (T, B, H·directions)
            x = torch.from_numpy(np.concatenate(outputs, axis=-1) if len(outputs) > 1 else outputs[0]).to(x.device)
        outputs = []
        for part in layer:
            start = initial[len(found)] if initial is not None else None
            if is_compiled and part.arrays is not None:
                arrays = compiled.unroll(cell, part.arrays, x, lengths, start, reverse=part.direction == "backward")
            else:
                arrays = _reference(cell, part, x, lengths, start)
            found.append(arrays)
            outputs.append(arrays["h"])
    return found


def _reference(cell: Cell, part: Part, x: Tensor, *sequences: Any) -> dict[str, FloatArray]:
    """As ``compiled.unroll``, by the cells."""
    with torch.inference_mode(), torch.autocast(x.device.type, enabled=False):
        found = reference.unroll(cell, part.weights, x, *sequences, reverse=part.direction == "backward")
        return {letter: tensor.cpu().numpy() for letter, tensor in found.items()}


def layer_traces(
    parts: Sequence[Part], cell: CellName, found: Sequence[dict[str, FloatArray]], b: int, length: int
) -> tuple[LayerTrace, ...]:
    """The first ``length`` steps of sequence ``b`` of what ``activations_of`` found; arrays are views."""
    return tuple(
        LayerTrace(part.layer, part.direction, cell, {letter: a[:length, b] for letter, a in arrays.items()})
        for part, arrays in zip(parts, found, strict=True)
    )
