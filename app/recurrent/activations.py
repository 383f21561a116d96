"""The activations of a network's layers: every gate, candidate and state, from what the lowest of them reads."""

from collections.abc import Collection, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .cells.cell import Activations, Cell, double, unchanged
from .edits.binding import NOTHING_BOUND, Bound
from .engine import compiled, stepped
from .engine.edits import Edits
from .modules import LayerWeights
from .overflow import RangeError, require_finite
from .watching import tell

Engine = Literal["compiled", "reference"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
Overflow = Literal["keep", "refuse"]
FloatArray = NDArray[np.floating]


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
    kept: Collection[int] | None = None,
) -> list[dict[str, FloatArray]]:
    """Return every activation, letter → (T, B, ·), of every layer and direction for the inputs ``x`` (T, B, E).

    ``x`` is what the first of ``layers`` reads, which may be a layer above the network's first. Sequence b has
    ``lengths[b]`` steps, the longest, T, first; its rows past them have no meaning. ``initial`` holds the states (B, ·)
    that each layer and direction starts from, zeros if it is None. ``pre_activations`` adds the same arrays as in
    ``trace``; all sequences must then have the same length. The steps of the edits in ``bound`` count from 0, the first
    of ``x`` being ``start``; ``order`` holds the place of each sequence in the batch that they are about. Of a
    layer that is not ``kept`` nothing is held once the next has run, and nothing returned, but the h of the last; None:
    all are kept.

    Raises:
        RangeError: ``overflow`` is ``"refuse"`` and a number overflows; the error counts its step from ``start``.
        ValueError: There is no such ``engine``.
    """
    if engine not in ENGINES:
        raise ValueError(f"there is no engine {engine!r}: choose from {', '.join(ENGINES)}")
    is_compiled, is_strict = engine == "compiled" and compiled.serves(x), overflow == "refuse"
    activations: list[dict[str, FloatArray]] = []
    outputs: list[FloatArray] = []
    is_kept = True
    for number, directions in groupby(layers, key=attrgetter("layer")):
        is_kept = kept is None or number in kept
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
                if pre_activations and is_kept:
                    arrays |= _pre_activations(cell, layer, x, arrays, states, edited=len(edits.first) > 0)
                if is_strict and (pre_activations or weights is None or len(edits.first) > 0):
                    require_finite(arrays, lengths, reverse=is_backward)
            except RangeError as error:
                what = f"{error.what} of layer {layer.layer} {layer.direction}"
                raise RangeError(what, start + error.step, error.dtype) from None
            outputs.append(arrays["h"])
            activations.append(arrays if is_kept else {})
    if not is_kept:  # the arrays of a layer may share one block of memory: a copy of h does not hold the others
        activations[-len(outputs) :] = ({"h": h.copy()} for h in outputs)
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
