"""Arrays and layers in JSON: numbers, or typed arrays in base64."""

from collections.abc import Callable
from typing import Any

import numpy as np
import orjson
from pybase64 import b64encode_as_string

from ...recurrent.trace import FloatArray, LayerTrace
from .schemas import Encoding


def typed_array(array: FloatArray) -> dict[str, str]:
    """Return ``array`` in the form of a typed array that Plotly reads: little-endian float32 in base64."""
    data = np.ascontiguousarray(array, dtype="<f4")
    return {"dtype": "f4", "bdata": b64encode_as_string(data.data), "shape": ", ".join(map(str, data.shape))}


# orjson writes NumPy arrays itself, with the fewest digits that give back the same float32.
ENCODERS: dict[Encoding, Callable[[FloatArray], Any]] = {"numbers": np.ascontiguousarray, "base64": typed_array}


def dumps(content: object) -> bytes:
    """Return ``content``, which may hold NumPy arrays, as JSON in UTF-8."""
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


def layer_info(layer: LayerTrace) -> dict[str, Any]:
    """Return the ``CellLayerInfo`` of a layer."""
    return {
        "layer": layer.layer,
        "direction": layer.direction,
        "cell": layer.cell,
        "hidden_size": layer["h"].shape[1],
    }
