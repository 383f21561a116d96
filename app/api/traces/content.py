"""A trace as the content of an answer: JSON in one piece, or JSON lines step by step."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson

from ...recurrent.comparison import Comparison
from ...recurrent.modules import Direction
from ...recurrent.overflow import RangeError
from ...recurrent.trace import FloatArray, LayerTrace, Trace
from ..wire.edits import edits_content
from ..wire.encoding import ENCODERS, layer_info
from ..wire.schemas import Encoding
from .outputs import Likely
from .windows import Window, norm_of_read, summary_of


@dataclass(frozen=True)
class Selection:
    """The part of a trace that is sent."""

    layers: frozenset[int]
    letters: Sequence[str]  # activations, in the order of the answer; pre-activations as a_f
    units: list[int] | None  # None: all of them, or those of the window
    directions: frozenset[Direction] | None = None  # None: all of them
    window: Window | None = None  # which units of each layer, in JSON
    summarised: bool = False  # whether JSON says what all units do together

    def layers_of(self, trace: Trace | Comparison) -> list[LayerTrace]:
        """Return the wanted layers of a trace, or of the difference of two."""
        return [layer for layer in trace.layers if self.has(layer.layer, layer.direction)]

    def has(self, layer: int, direction: Direction) -> bool:
        """Whether a layer is wanted in a direction."""
        return layer in self.layers and (self.directions is None or direction in self.directions)

    def units_of(self, trace: Trace) -> Sequence[int]:
        """Return the unit of each column of an array."""
        return range(trace.layers[0]["h"].shape[1]) if self.units is None else self.units

    def of(self, layer: LayerTrace, units: list[int] | None = None) -> dict[str, FloatArray]:
        """Return the wanted activations of a layer, each (T, units): of the given units, else of those wanted."""
        chosen = self.units if units is None else units
        arrays = ((letter, layer[letter]) for letter in self.letters)
        return {letter: array if chosen is None else array[:, chosen] for letter, array in arrays}


FLOAT32_MOST = np.finfo(np.float32).max


def require_float32(part: Trace, selection: Selection) -> None:
    """Raise RangeError for the first number that a typed array would turn into an infinity."""
    for layer in selection.layers_of(part):
        for letter, array in selection.of(layer).items():
            require_sendable(f"{letter} of layer {layer.layer} {layer.direction}", array, part.start, "base64")


def require_sendable(what: str, array: FloatArray, start: int, encoding: Encoding) -> None:
    """Raise RangeError for the first step of ``array``, whose rows begin at ``start``, that would be sent as infinite.

    That is a number that is infinite already, or that leaves float32 in base64.
    """
    is_narrowed = encoding == "base64" and np.finfo(array.dtype).max > FLOAT32_MOST
    most = FLOAT32_MOST if is_narrowed else np.finfo(array.dtype).max
    beyond = np.flatnonzero((np.abs(array) > most).any(axis=1))
    if len(beyond):
        dtype = "float32, which base64 holds" if is_narrowed else array.dtype
        raise RangeError(what, start + int(beyond[0]), dtype)


def text_content(trace: Trace, steps: int, model: str, selection: Selection) -> dict[str, Any]:
    """Return what an answer says of ``trace``, a part of a sequence of ``steps`` tokens, besides its numbers."""
    return {
        "model": model,
        "steps": steps,
        "start": trace.start,
        "stop": trace.start + len(trace),
        "units": selection.units,
        "tokens": [token.to_dict() for token in trace.tokens],
    }


def layers_content(trace: Trace | Comparison, selection: Selection, encoding: Encoding) -> list[dict[str, Any]]:
    """Return the wanted activations, a ``LayerActivations`` for each layer and direction."""
    return [_layer_content(layer, selection, encoding) for layer in selection.layers_of(trace)]


def _layer_content(layer: LayerTrace, selection: Selection, encoding: Encoding) -> dict[str, Any]:
    encode = ENCODERS[encoding]
    content, units = layer_info(layer), None
    if selection.window is not None:
        first, units = selection.window.of(layer)
        content |= {"first": first, "units": units}
    if selection.summarised:
        content["summary"] = {letter: summary_of(layer[letter], encode) for letter in selection.letters}
    return content | {"activations": {letter: encode(array) for letter, array in selection.of(layer, units).items()}}


def trace_content(
    trace: Trace, steps: int, model: str, outputs: Mapping[str, Any], selection: Selection, encoding: Encoding
) -> dict[str, Any]:
    """Return the ``TraceAnswer`` of ``trace``, a part of a sequence of ``steps`` tokens, ready for ``dumps``.

    ``outputs`` are what it says of them besides their ``values``, such as their ``names``.
    """
    return {
        **text_content(trace, steps, model, selection),
        "layers": layers_content(trace, selection, encoding),
        "outputs": {**outputs, "values": ENCODERS[encoding](trace.outputs)},
        **({"read_norm": ENCODERS[encoding](norm_of_read(trace.layers))} if selection.summarised else {}),
        **edits_content(trace.edits, trace.notes),
    }


def step_lines(parts: Iterable[tuple[Trace, Likely]], selection: Selection, encoding: Encoding) -> Iterator[bytes]:
    """Yield the lines of each of ``parts``, a ``StepAnswer`` each, as one chunk of bytes; with its ``top``, if any."""
    encode = ENCODERS[encoding]
    for part, likely in parts:
        layers = [(layer, selection.of(layer)) for layer in selection.layers_of(part)]
        lines = (
            {
                "step": part.start + t,
                "token": token.to_dict(),
                "layers": [
                    {
                        "layer": layer.layer,
                        "direction": layer.direction,
                        "activations": {letter: encode(array[t]) for letter, array in arrays.items()},
                    }
                    for layer, arrays in layers
                ],
                "outputs": part.outputs[t],
                **({"top": likely[t]} if likely else {}),
            }
            for t, token in enumerate(part.tokens)
        )
        yield b"".join(
            orjson.dumps(line, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE) for line in lines
        )
