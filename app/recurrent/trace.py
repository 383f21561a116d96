"""Trace: every gate, candidate and state of a network over one sequence, and the functions that make it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from . import labelled
from .activations import ENGINES, Engine, FloatArray, Overflow, activations_of
from .cells import CellName, cell_named
from .cells.cell import Activations
from .editing import edits_of
from .edits.binding import NOTHING_BOUND, Bound, Subject, bind
from .edits.data import edits_from
from .edits.edit import NO_RESOURCES, Edit, Resources
from .modules import Direction, LayerWeights, layer_weights_of
from .network import Network
from .overflow import RangeError
from .reading import Integers, Reading, likeliest_of
from .readout import Readout, Weight
from .tokenizer import Token

__all__ = [
    "ENGINES",
    "Engine",
    "FloatArray",
    "LayerTrace",
    "Overflow",
    "Readout",
    "State",
    "Trace",
    "Weight",
    "activations_of",
    "bound_to",
    "layer_traces",
    "trace",
    "trace_in_chunks",
]

State = list[Activations]  # the last step of every layer and direction, to continue from


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
    numbers, ``tokens`` are the steps, with their labels. With a ``reading``, which computes them where they are asked
    for, ``outputs`` is (T, 0) as well. A trace that was asked for some layers holds these, and the last with only
    its h if it is not among them.

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
    reading: Reading | None = field(default=None, repr=False)  # None: the outputs are there

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

    def outputs_after(self, step: int) -> FloatArray:
        """Return the probabilities (outputs,) after ``step``, which counts as in a list; they need not be there."""
        return self.outputs[step] if self.reading is None else self.reading.after(step)

    def probability(self, steps: Integers, outputs: Integers) -> FloatArray:
        """Return the probabilities (n, m) of ``outputs`` (n, m) after ``steps`` (n,)."""
        return self.outputs[steps[:, None], outputs] if self.reading is None else self.reading.at(steps, outputs)

    def likeliest(self, count: int, others: Integers) -> tuple[Integers, FloatArray, FloatArray]:
        """Return the most probable outputs after each step, as ``Reading.likeliest`` does."""
        if self.reading is None:
            return likeliest_of(self.outputs, count, others)
        return self.reading.likeliest(count, others)

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
        tokens, outputs = self.tokens[start:stop], self.outputs[start:stop]
        reading = self.reading and self.reading.span(start, stop)
        at = self.start + start
        return replace(self, tokens=tokens, layers=layers, outputs=outputs, start=at, state=[], reading=reading)


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
    layers: Collection[int] | None = None,
    on_demand: bool = False,
) -> Trace:
    """Run ``network`` over ``tokens``, from zero states or from where the trace ``after`` ended.

    Arrays have the dtype of the network's parameters. ``engine`` is ``"compiled"``, the kernels for float32 on the CPU,
    or ``"reference"``, the cells stepped by PyTorch, which also serves whatever the kernels do not. With
    ``pre_activations`` each gate and candidate, and the h of a plain RNN, comes with the sum that it is the sigmoid,
    tanh or relu of, named ``a_f`` and so on, computed in float64 from the inputs and the previous states.

    A number that overflows becomes infinite or NaN, as in PyTorch, unless ``overflow`` is ``"refuse"``.

    ``edits`` change activations inside the steps, so that all that depends on them follows (docs/experiments.md); their
    steps count from the first token of the whole sequence. ``resources`` are what edits may need of a model. With
    ``on_demand``, the trace has a ``reading`` in place of its outputs, by the weights that the head then has.

    ``layers`` are those that the trace holds, from 0, and the h of the last, so that of a deep network memory is needed
    for two at a time; None: all. A trace without some of them cannot be continued.

    Raises:
        ValueError: ``tokens`` is empty, or ``after`` holds no state to continue from: it is a span of a trace, or the
            trace of a bidirectional network, whose backward layers need the whole sequence, or it lacks layers.
        EditError: An edit does not fit; a ValueError that names the edit and its field.
        RangeError: ``overflow`` is ``"refuse"`` and a number overflows.
    """
    if not tokens:
        raise ValueError("there is nothing to trace: the sequence is empty")
    if after is not None and not after.state:
        raise ValueError(
            "this trace holds no state to continue from: it is a span of a trace, has only some layers, or is of a "
            "bidirectional network"
        )
    start = after.start + len(after) if after is not None else 0
    bound = bound_to(network, len(tokens), edits, resources, start)
    return _trace(network, tokens, after, engine, pre_activations, overflow, bound, on_demand, layers)


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
    on_demand: bool,  # noqa: FBT001
    kept: Collection[int] | None = None,
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
            kept=kept,
        )
        last = activations[-len(config.directions) :]
        top = np.concatenate([each["h"][:, 0] for each in last], axis=-1)  # (T, H·directions)
        reading = None if network.head is None else Reading(network, torch.from_numpy(top).to(device))
        outputs = top[:, :0] if reading is None or on_demand else reading.all()
    if overflow == "refuse" and (bad := _first_overflow(outputs, reading if on_demand else None)) is not None:
        raise RangeError("a sum of the head", start + bad, outputs.dtype)
    traces = layer_traces(layers, config.cell, activations, initial, 0, len(tokens))
    held = tuple(each for each in traces if each.activations)
    state: State = []
    if not config.bidirectional and kept is None:
        state = [{k: torch.from_numpy(each[k][-1]).to(device) for k in cell.states} for each in activations]
    later = reading if on_demand else None
    return Trace(tuple(tokens), held, outputs, start, state, readout_of(network), bound, reading=later)


def _first_overflow(outputs: FloatArray, reading: Reading | None) -> int | None:
    """Return the first step at which a sum of the head overflows; None if there is none."""
    if reading is not None:
        return reading.first_overflow()
    bad = np.isnan(outputs).any(axis=-1)
    return int(bad.argmax()) if bad.any() else None


def readout_of(network: Network) -> Readout | None:
    """Return the head of ``network`` as a trace holds it; None if it has none."""
    head = network.head
    return None if head is None else Readout(Weight.of(head.weight), Weight.of(head.bias), network.config.head)


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
    on_demand: bool = False,
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
        whole = _trace(network, tokens, None, engine, pre_activations, overflow, bound, on_demand)
        yield from (whole.span(start, start + size) for start in range(0, len(tokens), size))
        return
    chunk = None
    for start in range(0, len(tokens), size):
        chunk = _trace(
            network, tokens[start : start + size], chunk, engine, pre_activations, overflow, bound, on_demand
        )
        yield chunk


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
