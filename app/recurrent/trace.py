"""Trace: every gate, candidate and state of a network over one sequence; and the function that makes it."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .cells import CellName
from .cells.cell import Activations, Cell, double, unchanged
from .edits.binding import NOTHING_BOUND, Bound, Subject, bind
from .edits.edit import NO_RESOURCES, Edit, Resources
from .engine import compiled, stepped
from .engine.edits import Edits
from .modules import Direction, Part, parts_of
from .network import Network
from .overflow import RangeError, require_finite
from .tokenizer import Token

Engine = Literal["compiled", "reference"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
Overflow = Literal["keep", "refuse"]
FloatArray = NDArray[np.floating]
State = list[Activations]  # the last step of every layer and direction, to go on from


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """All activations of one layer in one direction; row t belongs to token t, in either direction."""

    layer: int  # from 0
    direction: Direction
    cell: CellName
    activations: dict[str, FloatArray]  # letter, or a_f and its like, → (T, H); h is (T, P) under a projection

    def __getitem__(self, letter: str) -> FloatArray:
        """The (T, H) array of an activation."""
        return self.activations[letter]


@dataclass(frozen=True, eq=False)
class Trace:
    """What a network did with one sequence: the noun that every view reads.

    ``layers`` are ordered by layer, forward before backward; ``outputs`` (T, outputs) are the probabilities that the
    head says after each step; ``start`` is the position of the first token in the sequence, above 0 for a part of it.
    A bare module, which has neither tokens nor a head, leaves ``tokens`` empty and ``outputs`` (T, 0). ``edits`` are
    those that were applied, in their order: everything that a trace holds follows from them, except ``tokens``, which
    stay those of the text where a swap puts others at the input. ``notes`` say what to know about them.
    """

    tokens: tuple[Token, ...]
    layers: tuple[LayerTrace, ...]
    outputs: FloatArray  # (T, outputs)
    start: int = 0
    state: State = field(default_factory=list, repr=False)  # empty where no step can follow
    edits: tuple[Edit, ...] = ()
    notes: tuple[str, ...] = ()

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
            edits=self.edits,
            notes=self.notes,
        )


def trace(
    network: Network,
    tokens: Sequence[Token],
    after: Trace | None = None,
    engine: Engine = "compiled",
    pre_activations: bool = False,  # noqa: FBT001, FBT002
    overflow: Overflow = "keep",
    *,
    edits: Iterable[Edit | Mapping[str, Any]] | Bound = (),
    resources: Resources = NO_RESOURCES,
) -> Trace:
    """Run ``network`` over ``tokens`` from zero states, or on from where the trace ``after`` ended.

    Arrays have the dtype of the network's parameters. ``engine`` is the compiled kernels, which serve float32 on the
    CPU, or the reference, the cells stepped by PyTorch, which also serves whatever the kernels do not. With
    ``pre_activations`` each gate and candidate, and the h of a plain RNN, comes with the sum that it is the sigmoid,
    tanh or relu of, as ``a_f`` and so on, computed in float64 from the inputs and the states before.

    ``edits`` change activations inside the steps, so that all that depends on them follows (docs/experiments.md); their
    steps count from the first token of the whole sequence. ``resources`` are what edits may need of a model.

    Raises EditError, a ValueError, for an edit that does not fit; ValueError for an empty sequence, and where ``after``
    holds no state: a part of a trace, or the trace of a bidirectional network, whose backward layers need it whole. A
    number that overflows is infinite or NaN, as in PyTorch, or raises RangeError if ``overflow`` is to be refused.
    """
    if not tokens:
        raise ValueError("there is nothing to trace: the sequence is empty")
    if after is not None and not after.state:
        raise ValueError(
            "this trace holds no state to go on from: it is a part of a trace, or of a bidirectional network"
        )
    start = after.start + len(after) if after is not None else 0
    bound = bound_to(network, len(tokens), edits, resources, start)
    return _trace(network, tokens, after, engine, pre_activations, overflow, bound)


def bound_to(
    network: Network,
    length: int,
    edits: Iterable[Edit | Mapping[str, Any]] | Bound,
    resources: Resources = NO_RESOURCES,
    start: int = 0,
) -> Bound:
    """Return ``edits`` bound to ``network`` over a sequence of ``length`` steps. Raises EditError if one does not fit.

    What is bound already stays as it is: ``trace`` takes that too, also for the first part of the sequence.
    """
    if isinstance(edits, Bound):
        return edits
    if isinstance(edits, tuple | list) and not edits:  # as usual: what follows takes as long as a few steps
        return NOTHING_BOUND
    return bind(edits, Subject.of(network.config.cell_definition, network.recurrent, [length], start), resources)


@torch.inference_mode()
def _trace(
    network: Network,
    tokens: Sequence[Token],
    after: Trace | None,
    engine: Engine,
    pre_activations: bool,  # noqa: FBT001
    overflow: Overflow,
    bound: Bound,
) -> Trace:
    config, device = network.config, network.embedding.weight.device
    cell = config.cell_definition
    start = after.start + len(after) if after is not None else 0
    read = [bound.swaps.get(step, token.id) for step, token in enumerate(tokens, start)]
    ids = torch.from_numpy(np.array(read)).to(device)
    initial = after.state if after is not None else None
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
            bound=bound,
        )
        outputs = _outputs(network, found)
    state = [{k: torch.from_numpy(each[k][-1]).to(device) for k in cell.states} for each in found]
    if overflow == "refuse" and (bad := np.isnan(outputs).any(axis=-1)).any():
        raise RangeError("a sum of the head", start + int(bad.argmax()), outputs.dtype)
    layers = layer_traces(parts, config.cell, found, 0, len(tokens))
    final = [] if config.bidirectional else state
    return Trace(tuple(tokens), layers, outputs, start, final, bound.edits, bound.notes)


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
    *,
    edits: Iterable[Edit | Mapping[str, Any]] | Bound = (),
    resources: Resources = NO_RESOURCES,
) -> Iterator[Trace]:
    """The trace of ``tokens`` in consecutive parts of ``size`` steps, each yielded as soon as it is computed.

    The parts of a bidirectional network come after its last step; so do those of a relu RNN, or of an edited run, if an
    overflow is to be refused, which may come at any step. Raises ValueError for a size below 1, and as ``trace`` does,
    whose options the others are.
    """
    if size < 1:
        raise ValueError(f"the size of a part is {size}: it must be at least 1")
    config = network.config
    if not tokens:
        raise ValueError("there is nothing to trace: the sequence is empty")
    bound = bound_to(network, len(tokens), edits, resources)
    is_bounded = config.cell_definition.bounded and not bound.edits
    if config.bidirectional or (overflow == "refuse" and not is_bounded):
        whole = _trace(network, tokens, None, engine, pre_activations, overflow, bound)
        yield from (whole.span(start, start + size) for start in range(0, len(tokens), size))
        return
    part = None
    for start in range(0, len(tokens), size):
        part = _trace(network, tokens[start : start + size], part, engine, pre_activations, overflow, bound)
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
    bound: Bound = NOTHING_BOUND,
    order: NDArray[np.int64] | None = None,
) -> list[dict[str, FloatArray]]:
    """Every activation, letter → (T, B, ·), of every layer and direction for the inputs ``x`` (T, B, E).

    Sequence b has ``lengths[b]`` steps, the longest, T, first; what stands in its rows past them is of no meaning.
    ``initial`` holds the states (B, ·) that each layer and direction starts from, zeros if it is None.
    ``pre_activations`` are added as ``trace`` says, for sequences of one length. Where a number overflows and
    this is to be refused, raises RangeError, at a step that is counted from ``start``, as those of the edits in
    ``bound`` are. ``order`` holds, for each sequence of ``x``, its place in the batch that the edits are about.
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
            edits = bound.of(part.layer, part.direction, start, start + lengths[0], order)
            options: dict[str, Any] = {"reverse": is_backward, "strict": is_strict, "edits": edits}
            try:
                if weights is not None:
                    arrays = compiled.unroll(cell, weights, x, lengths, states, **options)
                else:
                    arrays = _reference(cell, part, x, lengths, states, edits)
                if pre_activations:
                    arrays |= _pre_activations(cell, part, x, arrays, states, edited=len(edits.first) > 0)
                if is_strict and (pre_activations or weights is None or len(edits.first) > 0):
                    require_finite(arrays, lengths, reverse=is_backward)
            except RangeError as error:
                what = f"{error.what} of layer {part.layer} {part.direction}"
                raise RangeError(what, start + error.step, error.dtype) from None
            found.append(arrays)
            outputs.append(arrays["h"])
    return found


def _reference(
    cell: Cell, part: Part, x: Tensor, lengths: Sequence[int], initial: Activations | None, edits: Edits
) -> dict[str, FloatArray]:
    """As ``compiled.unroll``, by the cells."""
    is_backward = part.direction == "backward"
    with torch.inference_mode(), torch.autocast(x.device.type, enabled=False):
        found = stepped.unroll(cell, part.weights, x, lengths, initial, reverse=is_backward, edits=edits)
        # PyTorch's sigmoid is 0 from where e^−a overflows, and its value may not be: then float64 is rounded.
        if x.dtype != torch.float64 and any(not found[letter].all() for letter in cell.gates):
            weights, states = part.weights.double(), initial and double(initial)
            found = stepped.unroll(cell, weights, x.double(), lengths, states, reverse=is_backward, edits=edits)
        return {letter: tensor.to(x.dtype).cpu().numpy() for letter, tensor in found.items()}


def _pre_activations(
    cell: Cell,
    part: Part,
    x: Tensor,
    arrays: dict[str, FloatArray],
    initial: Activations | None,
    *,
    edited: bool,
) -> dict[str, FloatArray]:
    """Return what each of ``arrays`` is the sigmoid, tanh or relu of before any edit, computed forward in float64.

    In an edited run the sums that are of gates, such as the reset gate's product, are of those that the trace holds.
    """

    def traced(letter: str, activation: Tensor, _: Tensor | None = None, /) -> Tensor:
        return torch.from_numpy(arrays[letter]).to(activation)

    before = {}
    for letter in cell.states:
        states = torch.from_numpy(arrays[letter]).to(x.device)
        first = torch.zeros_like(states[:1]) if initial is None else initial[letter][None]
        before[letter] = torch.cat([states[1:], first] if part.direction == "backward" else [first, states[:-1]])
    step = cell.step(x.double(), double(before), part.weights.double(), traced if edited else unchanged)
    return {name: step[name].to(x.dtype).cpu().numpy() for name in cell.pre_activations}


def layer_traces(
    parts: Sequence[Part], cell: CellName, found: Sequence[dict[str, FloatArray]], b: int, length: int
) -> tuple[LayerTrace, ...]:
    """The first ``length`` steps of sequence ``b`` of what ``activations_of`` found; arrays are views."""
    return tuple(
        LayerTrace(part.layer, part.direction, cell, {letter: a[:length, b] for letter, a in arrays.items()})
        for part, arrays in zip(parts, found, strict=True)
    )
