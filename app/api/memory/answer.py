"""A ``Memory`` as the content of a ``MemoryAnswer``."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ...recurrent.memory.distance import Array
from ...recurrent.memory.report import LayerMemory, Memory
from ...store.fields import ActivationStatistics, Statistics
from ...store.model import Model
from ..wire.encoding import typed_array
from .schemas import MemoryBody

Content = dict[str, Any]
Encode = Callable[[Array], object]


def memory_content(memory: Memory, model: Model, body: MemoryBody) -> Content:
    """Return the content of the answer to ``body``, ready for ``dumps``. What was not measured is left out."""
    encode = _as_typed_array if body.encoding == "base64" else _as_numbers
    content: Content = {
        "model": model.id,
        "alpha": memory.alpha,
        "weights": body.weights,
        "steps": memory.steps,
        "start": memory.start,
        "stop": memory.stop,
        "tokens": [token.to_dict() for token in memory.tokens],
        "layers": [_layer_content(each, model.statistics, encode) for each in memory.layers],
    }
    outputs = model.config.outputs
    if (words := memory.words) is not None:
        output = None if words.output is None else outputs[words.output]
        content["words"] = {"output": output, "log10_norms": encode(words.log10_norms)}
    if (attribution := memory.attribution) is not None:
        content["attribution"] = attribution._asdict() | {"output": outputs[attribution.output]}
    if (occlusion := memory.occlusion) is not None:
        content["occlusion"] = occlusion._asdict() | {"output": outputs[occlusion.output]}
    if (learning := memory.learning) is not None:
        target = None if learning.target is None else _class_name(model, learning.target)
        content["learning"] = learning._asdict() | {"target": target}
    return content


def _layer_content(layer: LayerMemory, usual: Statistics | None, encode: Encode) -> Content:
    """Return the content of a ``schemas.LayerMemory``; ``usual`` is what the activations do over held-out text."""
    content: Content = {
        "layer": layer.layer,
        "direction": layer.direction,
        "cell": layer.cell,
        "hidden_size": layer.hidden_size,
    }
    if (states := layer.states) is not None:
        kept = None if states.log10_kept is None else encode(states.log10_kept)
        content["states"] = {"log10_norms": encode(states.log10_norms), "log10_kept": kept}
    if (inputs := layer.inputs) is not None:
        content["inputs"] = inputs._asdict() | {"log10_norms": encode(inputs.log10_norms)}
    if layer.log10_spectral is not None:
        content["log10_spectral"] = np.ascontiguousarray(layer.log10_spectral)
    if layer.log10_loss is not None:
        content["log10_loss"] = layer.log10_loss
    if (scales := layer.time_scales) is not None:
        content["time_scales"] = {
            "activation": scales.letter,
            "tau": scales.tau,
            "ranking": scales.ranking,
            "along": encode(scales.along),
        }
    if layer.saturation is not None:
        shares = _usual_shares(layer, usual)
        content["saturation"] = [
            {
                "activation": each.letter,
                "left": each.left,
                "right": each.right,
                "usual_left": None if (known := shares.get(each.letter)) is None else known.left_saturated,
                "usual_right": None if known is None else known.right_saturated,
            }
            for each in layer.saturation
        ]
    if layer.spectra is not None:
        fields = ("block", "largest_singular_value", "spectral_radius")
        content["spectra"] = [{name: getattr(each, name) for name in fields} for each in layer.spectra]
    return content


def _usual_shares(layer: LayerMemory, usual: Statistics | None) -> dict[str, ActivationStatistics]:
    """Return the statistics of a layer's activations, by letter; empty for a model that has none."""
    every = usual.activations if usual is not None else []
    return {each.activation: each for each in every if (each.layer, each.direction) == (layer.layer, layer.direction)}


def _class_name(model: Model, target: int) -> str:
    """Return the name of a class: of an output, or, of a single output, what 1 or 0 means."""
    config = model.config
    if len(config.outputs) > 1:
        return config.outputs[target]
    return config.outputs[0] if target else config.opposite or f"not {config.outputs[0]}"


def _as_numbers(array: Array) -> object:
    """Return a matrix as ``dumps`` takes it; in JSON, what is not finite becomes null."""
    return np.ascontiguousarray(array, dtype=np.float32)


def _as_typed_array(array: Array) -> object:
    return typed_array(np.where(np.isfinite(array), array, np.nan))
