"""Trace: every gate, candidate and state of a network over one sequence, and the functions that make it."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import labelled
from .cells import CellName, cell_named
from .cells.cell import Activations, Cell, double, unchanged
from .editing import edits_of
from .edits.binding import NOTHING_BOUND, Bound, Subject, bind
from .edits.data import edits_from
from .edits.edit import NO_RESOURCES, Edit, Resources
from .engine import compiled, stepped
from .engine.edits import Edits
from .modules import Direction, LayerWeights, layer_weights_of
from .network import Head, Network
from .overflow import RangeError, require_finite
from .tokenizer import Token
from .watching import tell

Engine = Literal["compiled", "reference"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
Overflow = Literal["keep", "refuse"]
FloatArray = NDArray[np.floating]
State = list[Activations]  # the last step of every layer and direction, to continue from


class Weight(NamedTuple):
    """A weight as it was when a trace was made: not a copy, but what tells whether it has changed since."""

    tensor: Tensor
    version: int | None  # PyTorch's count of what was written to it; None: not counted

    @classmethod
    def of(cls, tensor: Tensor) -> "Weight":
        """Return ``tensor`` as it is now."""
        return cls(tensor, None if tensor.is_inference() else tensor._version)

    def __reduce__(self) -> tuple[Callable[[Tensor], "Weight"], tuple[Tensor]]:
        """Count writes anew in a copy, or where a pickle is loaded: there the tensor is another one."""
        return Weight.of, (self.tensor,)

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
        """Return the (T, H) array of an activation."""
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
    head gives after each step; ``start`` is the position of the first token in the sequence, above 0 for a part of it.
    Without a head, ``outputs`` is (T, 0) and ``head`` None; of a bare module ``tokens`` is empty, too. Of a sequence of
    numbers, ``tokens`` are the steps, with their labels.

    Everything that a trace holds follows from its ``edits``, except ``tokens``, which stay those of the text where a
    swap puts others at the input.
    """

    tokens: tuple[Token, ...]
    layers: tuple[LayerTrace, ...]
    outputs: FloatArray  # (T, outputs)
    start: int = 0
    state: State = field(default_factory=list, repr=False)  # empty if the trace cannot be continued
    head: Readout | None = field(default=None, repr=False)
    bound: Bound = field(default=NOTHING_BOUND, repr=False)  # the edits, with what they do at each place
    remarks: tuple[str, ...] = ()  # what to know about where the numbers come from

    def __len__(self) -> int:
        """Return T, the number of steps."""
        return len(self.outputs)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """Return the edits that were applied, in their order."""
        return self.bound.edits

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what to know about the numbers and the edits, such as an edit that a later one makes void."""
        return (*self.remarks, *self.bound.notes)

    def layer(self, layer: int = 0, direction: Direction = "forward") -> LayerTrace:
        """Return one layer in one direction. Raises KeyError if the network does not have it."""
        for candidate in self.layers:
            if (candidate.layer, candidate.direction) == (layer, direction):
                return candidate
        raise KeyError(f"layer {layer} {direction}")

    def to_xarray(self) -> Any:
        """Return an ``xarray.Dataset``: a variable for each letter, (layer, direction, step, unit), and ``outputs``.

        Coordinates are layer, direction, step, unit and, of a text, token; a projected h has ``projected_unit``. Needs
        the extra ``gatescope[data]``; raises ImportError without it.
        """
        return labelled.dataset(self)

    def to_dataframe(self) -> Any:
        """Return a tidy ``pandas.DataFrame``: a row for each number, with its step, token, layer, direction and letter.

        Needs the extra ``gatescope[data]``; raises ImportError without it.
        """
        return labelled.frame(self)

    def span(self, start: int, stop: int) -> "Trace":
        """Return the steps from ``start`` up to ``stop``, which count as in a slice; arrays are views.

        The states before its first step become its initial states.
        """
        start, stop, _ = slice(start, stop).indices(len(self))
        layers = tuple(each.span(start, stop) for each in self.layers)
        part = self.tokens[start:stop], layers, self.outputs[start:stop]
        return replace(self, tokens=part[0], layers=part[1], outputs=part[2], start=self.start + start, state=[])


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
    """Run ``network`` over ``tokens``, from zero states or from where the trace ``after`` ended.

    Arrays have the dtype of the network's parameters. ``engine`` is ``"compiled"``, the kernels for float32 on the CPU,
    or ``"reference"``, the cells stepped by PyTorch, which also serves whatever the kernels do not. With
    ``pre_activations`` each gate and candidate, and the h of a plain RNN, comes with the sum that it is the sigmoid,
    tanh or relu of, named ``a_f`` and so on, computed in float64 from the inputs and the previous states.

    A number that overflows becomes infinite or NaN, as in PyTorch, unless ``overflow`` is ``"refuse"``.

    ``edits`` change activations inside the steps, so that all that depends on them follows (docs/experiments.md); their
    steps count from the first token of the whole sequence. ``resources`` are what edits may need of a model.

    Raises:
        ValueError: ``tokens`` is empty, or ``after`` holds no state to continue from: it is a span of a trace, or the
            trace of a bidirectional network, whose backward layers need the whole sequence.
        EditError: An edit does not fit; a ValueError that names the edit and its field.
        RangeError: ``overflow`` is ``"refuse"`` and a number overflows.
    """
    if not tokens:
        raise ValueError("there is nothing to trace: the sequence is empty")
    if after is not None and not after.state:
        raise ValueError(
            "this trace holds no state to continue from: it is a span of a trace, or of a bidirectional network"
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

    Those that are in force here, within ``gatescope.edit``, come before them. What is bound already stays as it is:
    ``trace`` takes that too, also for the first part of the sequence.
    """
    if isinstance(edits, Bound):
        return edits
    inside = edits_of(network.recurrent)
    if (
        not inside and isinstance(edits, tuple | list) and not edits
    ):  # as usual: what follows takes as long as a few steps
        return NOTHING_BOUND
    return bind(
        (*inside, *edits_from(edits)),
        Subject.of(network.config.cell_definition, network.recurrent, [length], start),
        resources,
    )


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
    config, device = network.config, network.device
    cell = config.cell_definition
    start = after.start + len(after) if after is not None else 0
    initial = after.state if after is not None else None
    layers = layer_weights_of(network.recurrent)
    with torch.autocast(device.type, enabled=False):
        x = network.embedded(tokens, bound.swaps, start)[:, None]  # (T, 1, E)
        activations = activations_of(
            layers,
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
        outputs = _outputs(network, activations)
    state = [{k: torch.from_numpy(each[k][-1]).to(device) for k in cell.states} for each in activations]
    if overflow == "refuse" and (bad := np.isnan(outputs).any(axis=-1)).any():
        raise RangeError("a sum of the head", start + int(bad.argmax()), outputs.dtype)
    traces = layer_traces(layers, config.cell, activations, initial, 0, len(tokens))
    final = [] if config.bidirectional else state
    return Trace(tuple(tokens), traces, outputs, start, final, readout_of(network), bound)


def readout_of(network: Network) -> Readout | None:
    """Return the head of ``network`` as a trace holds it; None if it has none."""
    head = network.head
    return None if head is None else Readout(Weight.of(head.weight), Weight.of(head.bias), network.config.head)


def _outputs(network: Network, activations: Sequence[dict[str, FloatArray]]) -> FloatArray:
    """Return the output probabilities (T, outputs) for the result of ``activations_of``."""
    last = activations[-len(network.config.directions) :]
    top = np.concatenate([each["h"][:, 0] for each in last], axis=-1)  # (T, H·directions)
    if network.head is None:
        return top[:, :0]
    h = torch.from_numpy(top).to(network.device)
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
    """Yield the trace of ``tokens`` in consecutive chunks of ``size`` steps, each as soon as it is computed.

    A bidirectional network yields its chunks only after its last step, and so does a relu RNN, or an edited run, with
    ``overflow="refuse"``, which may overflow at any step. The other options are those of ``trace``.

    Raises:
        ValueError: ``size`` is below 1, ``tokens`` is empty, or an edit does not fit.
    """
    if size < 1:
        raise ValueError(f"the size of a chunk is {size}: it must be at least 1")
    config = network.config
    if not tokens:
        raise ValueError("there is nothing to trace: the sequence is empty")
    bound = bound_to(network, len(tokens), edits, resources)
    is_bounded = config.cell_definition.bounded and not bound.edits
    if config.bidirectional or (overflow == "refuse" and not is_bounded):
        whole = _trace(network, tokens, None, engine, pre_activations, overflow, bound)
        yield from (whole.span(start, start + size) for start in range(0, len(tokens), size))
        return
    chunk = None
    for start in range(0, len(tokens), size):
        chunk = _trace(network, tokens[start : start + size], chunk, engine, pre_activations, overflow, bound)
        yield chunk


def activations_of(
    layers: Sequence[LayerWeights],
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
    """Return every activation, letter → (T, B, ·), of every layer and direction for the inputs ``x`` (T, B, E).

    ``x`` is what the first of ``layers`` reads, which may be a layer above the network's first. Sequence b has
    ``lengths[b]`` steps, the longest, T, first; its rows past them have no meaning. ``initial`` holds the states (B, ·)
    that each layer and direction starts from, zeros if it is None. ``pre_activations`` adds the same arrays as in
    ``trace``; all sequences must then have the same length. The steps of the edits in ``bound`` count from 0, the first
    of ``x`` being ``start``; ``order`` holds the place of each sequence in the batch that they are about.

    Raises:
        RangeError: ``overflow`` is ``"refuse"`` and a number overflows; the error counts its step from ``start``.
        ValueError: There is no such ``engine``.
    """
    if engine not in ENGINES:
        raise ValueError(f"there is no engine {engine!r}: choose from {', '.join(ENGINES)}")
    is_compiled, is_strict = engine == "compiled" and compiled.serves(x), overflow == "refuse"
    activations: list[dict[str, FloatArray]] = []
    outputs: list[FloatArray] = []
    for _, directions in groupby(layers, key=attrgetter("layer")):
        if outputs:  # of the layer below: (T, B, H·directions)
            x = torch.from_numpy(np.concatenate(outputs, axis=-1) if len(outputs) > 1 else outputs[0]).to(x.device)
        outputs = []
        for layer in directions:
            tell()
            states = initial[len(activations)] if initial is not None else None
            is_backward = layer.direction == "backward"
            weights = layer.arrays if is_compiled else None
            edits = bound.of(layer.layer, layer.direction, start, start + lengths[0], order)
            options: dict[str, Any] = {"reverse": is_backward, "strict": is_strict, "edits": edits}
            try:
                if weights is not None:
                    arrays = compiled.unroll(cell, weights, x, lengths, states, **options)
                else:
                    arrays = _reference(cell, layer, x, lengths, states, edits)
                if pre_activations:
                    arrays |= _pre_activations(cell, layer, x, arrays, states, edited=len(edits.first) > 0)
                if is_strict and (pre_activations or weights is None or len(edits.first) > 0):
                    require_finite(arrays, lengths, reverse=is_backward)
            except RangeError as error:
                what = f"{error.what} of layer {layer.layer} {layer.direction}"
                raise RangeError(what, start + error.step, error.dtype) from None
            activations.append(arrays)
            outputs.append(arrays["h"])
    return activations


def _reference(
    cell: Cell, layer: LayerWeights, x: Tensor, lengths: Sequence[int], initial: Activations | None, edits: Edits
) -> dict[str, FloatArray]:
    """Return what ``compiled.unroll`` returns, computed by PyTorch from the cells' equations."""
    is_backward = layer.direction == "backward"
    with torch.inference_mode(), torch.autocast(x.device.type, enabled=False):
        activations = stepped.unroll(cell, layer.weights, x, lengths, initial, reverse=is_backward, edits=edits)
        # PyTorch's sigmoid is 0 where e^−a overflows, although the true value may be a float: round that of float64.
        if x.dtype != torch.float64 and any(not activations[letter].all() for letter in cell.gates):
            weights, states = layer.weights.double(), initial and double(initial)
            activations = stepped.unroll(cell, weights, x.double(), lengths, states, reverse=is_backward, edits=edits)
        return {letter: tensor.to(x.dtype).cpu().numpy() for letter, tensor in activations.items()}


def _pre_activations(
    cell: Cell,
    layer: LayerWeights,
    x: Tensor,
    arrays: dict[str, FloatArray],
    initial: Activations | None,
    *,
    edited: bool,
) -> dict[str, FloatArray]:
    """Return the sums that the activations are the sigmoid, tanh or relu of, computed in float64 from ``arrays``.

    In an edited run they are the sums before any edit, of gates and states as ``arrays`` holds them.
    """

    def traced(letter: str, activation: Tensor, _: Tensor | None = None, /) -> Tensor:
        return torch.from_numpy(arrays[letter]).to(activation)

    before = {}
    for letter in cell.states:
        states = torch.from_numpy(arrays[letter]).to(x.device)
        first = torch.zeros_like(states[:1]) if initial is None else initial[letter][None]
        before[letter] = torch.cat([states[1:], first] if layer.direction == "backward" else [first, states[:-1]])
    step = cell.step(x.double(), double(before), layer.weights.double(), traced if edited else unchanged)
    return {name: step[name].to(x.dtype).cpu().numpy() for name in cell.pre_activations}


def layer_traces(
    layers: Sequence[LayerWeights],
    cell: CellName,
    activations: Sequence[dict[str, FloatArray]],
    initial: Sequence[Activations] | None,
    b: int,
    length: int,
) -> tuple[LayerTrace, ...]:
    """Return the first ``length`` steps of sequence ``b`` of the result of ``activations_of``; arrays are views.

    ``initial`` is what it was given.
    """
    return tuple(
        LayerTrace(
            layer.layer,
            layer.direction,
            cell,
            {letter: a[:length, b] for letter, a in arrays.items()},
            None
            if initial is None
            else {k: state[b].detach().cpu().numpy().copy() for k, state in initial[at].items()},
            None if layer.weights.w_hr is None else Weight.of(layer.weights.w_hr),
        )
        for at, (layer, arrays) in enumerate(zip(layers, activations, strict=True))
    )
