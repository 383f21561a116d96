"""Arrays and layers in JSON: numbers, or typed arrays in base64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
from pybase64 import b64encode_as_string

from ...recurrent.trace import FloatArray, LayerTrace
from ...recurrent.watching import tell
from .schemas import Encoding


def typed_array(array: FloatArray) -> dict[str, str]:
    """Return ``array`` in the form of a typed array that Plotly reads: little-endian float32 in base64."""
    data = np.ascontiguousarray(array, dtype="<f4")
    return {"dtype": "f4", "bdata": b64encode_as_string(data.data), "shape": ", ".join(map(str, data.shape))}


# orjson writes NumPy arrays itself, with the fewest digits that give back the same float32.
ENCODERS: dict[Encoding, Callable[[FloatArray], Any]] = {"numbers": np.ascontiguousarray, "base64": typed_array}


LARGE = 20_000  # numbers: they are written in about two milliseconds, in which no other thread runs


def dumps(content: object) -> bytes:
    """Return ``content``, which may hold NumPy arrays, as JSON in UTF-8."""
    return orjson.dumps(_in_parts(content), option=orjson.OPT_SERIALIZE_NUMPY)


def _in_parts(content: object) -> object:
    """Return ``content`` with its large arrays written already, part by part, between which other threads run."""
    if isinstance(content, dict):
        return {key: _in_parts(value) for key, value in content.items()}
    if isinstance(content, list) and content and isinstance(content[0], dict | np.ndarray):
        return [_in_parts(value) for value in content]
    if isinstance(content, np.ndarray) and content.size > LARGE:
        rows = max(1, LARGE * len(content) // content.size)
        parts = []
        for start in range(0, len(content), rows):
            tell()
            part = np.ascontiguousarray(content[start : start + rows])
            parts.append(orjson.dumps(part, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1])
        parts[0] = b"[" + parts[0]
        parts[-1] += b"]"
        return orjson.Fragment(b",".join(parts))
    return content


def layer_info(layer: LayerTrace) -> dict[str, Any]:
    """Return the ``CellLayerInfo`` of a layer."""
    return {
        "layer": layer.layer,
        "direction": layer.direction,
        "cell": layer.cell,
        "hidden_size": layer["h"].shape[1],
    }
