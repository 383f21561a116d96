"""Trace: every gate, candidate and state of a network over one sequence; and the function that makes it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .cells import Activations, Cell, CellName, CellWeights
from .network import Direction, Network
from .tokenizer import Token

FloatArray = NDArray[np.floating]
State = list[Activations]  # the last step of every layer, to go on from


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """All activations of one layer in one direction; row t belongs to token t, in either direction."""

    layer: int  # from 0
    direction: Direction
    cell: CellName
    activations: dict[str, FloatArray]  # letter → (T, H)

    def __getitem__(self, letter: str) -> FloatArray:
        """The (T, H) array of an activation."""
        return self.activations[letter]


@dataclass(frozen=True, eq=False)
class Trace:
    """What a network did with one sequence: the noun that every view reads.

    ``layers`` are ordered by layer, forward before backward; ``outputs`` (T, outputs) are the probabilities that the
    head says after each step; ``start`` is the position of the first token in the sequence, above 0 for a part of it.
    """

    tokens: tuple[Token, ...]
    layers: tuple[LayerTrace, ...]
    outputs: FloatArray  # (T, outputs)
    start: int = 0
    state: State = field(default_factory=list, repr=False)  # empty where no step can follow

    def __len__(self) -> int:
        """T, the number of steps."""
        return len(self.tokens)

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
def trace(network: Network, tokens: Sequence[Token], after: Trace | None = None) -> Trace:
    """Run ``network`` over ``tokens`` from zero states, or on from where the trace ``after`` ended.

    Arrays have the dtype of the network's parameters. Raises ValueError for an empty sequence, and where ``after``
    holds no state: a part of a trace, or the trace of a bidirectional network, whose backward layers need it whole.
    """
    if not tokens:
        raise ValueError("there is nothing to trace: the sequence is empty")
    if after is not None and not after.state:
        raise ValueError(
            "this trace holds no state to go on from: it is a part of a trace, or of a bidirectional network"
        )
    config = network.config
    cell = config.cell_definition
    device = network.embedding.weight.device
    x = network.embedding(torch.tensor([token.id for token in tokens], device=device))  # (T, E)
    layers, state = [], []
    for layer in range(config.layers):
        outputs = []
        for direction in config.directions:
            initial = after.state[layer] if after is not None else None
            activations = _unroll(cell, network.weights(layer, direction), x, direction, initial)
            outputs.append(activations["h"])
            state.append({letter: activations[letter][-1] for letter in cell.states})
            arrays = {letter: activations[letter].cpu().numpy() for letter in cell.activations}
            layers.append(LayerTrace(layer, direction, config.cell, arrays))
        x = torch.cat(outputs, dim=-1)  # (T, H·directions)
    said = network.probabilities(network.read(x)).cpu().numpy()
    start = after.start + len(after) if after is not None else 0
    return Trace(tuple(tokens), tuple(layers), said, start, [] if config.bidirectional else state)


def trace_in_chunks(network: Network, tokens: Sequence[Token], size: int) -> Iterator[Trace]:
    """The trace of ``tokens`` in consecutive parts of ``size`` steps, each yielded as soon as it is computed.

    A bidirectional network's parts come after its last step. Raises ValueError for a size below 1.
    """
    if size < 1:
        raise ValueError(f"the size of a part is {size}: it must be at least 1")
    if network.config.bidirectional:
        whole = trace(network, tokens)
        yield from (whole.span(start, start + size) for start in range(0, len(tokens), size))
        return
    part = None
    for start in range(0, len(tokens) or 1, size):
        part = trace(network, tokens[start : start + size], after=part)
        yield part


def _unroll(
    cell: Cell, weights: CellWeights, x: Tensor, direction: Direction, initial: Activations | None
) -> Activations:
    """Step through ``x`` (T, E) and stack every activation to (T, H), in the order of the tokens."""
    zeros = x.new_zeros(weights.w_hh.shape[1])
    step: Activations = initial or dict.fromkeys(cell.states, zeros)
    steps = []
    for x_t in x if direction == "forward" else x.flip(0):
        step = cell.step(x_t, step, weights)
        steps.append(step)
    if direction == "backward":
        steps.reverse()
    return {letter: torch.stack([each[letter] for each in steps]) for letter in cell.activations}
