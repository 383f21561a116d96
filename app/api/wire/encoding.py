"""Arrays and layers in JSON: numbers, or typed arrays in base64."""

from collections.abc import Callable, Iterator
from itertools import chain, repeat
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


LARGE = 5_000  # numbers: they are written in about half a millisecond, in which no other thread runs


def dumps(content: object) -> bytes:
    """Return ``content``, which may hold NumPy arrays, as JSON in UTF-8."""
    return b"".join(json_parts(content))


def json_parts(content: object) -> list[bytes]:
    """Return ``content``, which may hold NumPy arrays, as JSON in UTF-8: parts to be sent one after the other.

    Large arrays are written row by row, and never put together: copying 50 MB would stop all other threads meanwhile.
    """
    parts: list[bytes] = []
    small: list[bytes] = []
    size = 0
    for each in _written(content):
        small.append(each)
        size += len(each)
        if size > _PART:
            parts.append(b"".join(small))
            small, size = [], 0
    return [*parts, b"".join(small)] if small else parts


_PART = 65_536  # bytes, of a part at least


def _written(content: object) -> Iterator[bytes]:
    """Yield the JSON of ``content`` in pieces, with each large array in several."""
    if isinstance(content, dict) and any(map(_is_large, content.values())):
        for before, (key, value) in zip(chain([b"{"], repeat(b",")), content.items(), strict=False):
            yield before + orjson.dumps(key) + b":"
            yield from _written(value)
        yield b"}"
    elif isinstance(content, list) and any(map(_is_large, content)):
        for before, value in zip(chain([b"["], repeat(b",")), content, strict=False):
            yield before
            yield from _written(value)
        yield b"]"
    elif isinstance(content, np.ndarray) and content.size > LARGE:
        rows = max(1, LARGE * len(content) // content.size)
        for start in range(0, len(content), rows):
            tell()
            part = np.ascontiguousarray(content[start : start + rows])
            yield (b"," if start else b"[") + orjson.dumps(part, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
        yield b"]"
    else:
        yield orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


def _is_large(content: object) -> bool:
    """Whether ``content`` is a large array or holds one."""
    if isinstance(content, np.ndarray):
        return content.size > LARGE
    if isinstance(content, dict):
        return any(map(_is_large, content.values()))
    return (
        isinstance(content, list) and isinstance(next(iter(content), None), _HOLDERS) and any(map(_is_large, content))
    )


_HOLDERS = (dict, list, np.ndarray)


def layer_info(layer: LayerTrace) -> dict[str, Any]:
    """Return the ``CellLayerInfo`` of a layer."""
    return {
        "layer": layer.layer,
        "direction": layer.direction,
        "cell": layer.cell,
        "hidden_size": layer["h"].shape[1],
    }
