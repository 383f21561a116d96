"""Arrays as nested lists of numbers, so that those in base64 are compared number by number."""

import base64
from typing import Any

import numpy as np

MEMBERS = frozenset({"dtype", "bdata", "shape"})  # of an array in base64


def decoded(value: Any) -> Any:
    """Return ``value`` with the numbers of every array in base64 in place of the base64; null for NaN."""
    if isinstance(value, list):
        return [decoded(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == MEMBERS:
        shape = tuple(map(int, value["shape"].split(",")))
        array = np.frombuffer(base64.b64decode(value["bdata"]), f"<{value['dtype']}").reshape(shape)
        return {**value, "bdata": nested(array)}
    return {key: decoded(each) for key, each in value.items()}


def nested(array: Any) -> Any:
    """Return an array as nested lists, null for NaN."""
    return np.where(np.isnan(array), None, array.astype(object)).tolist() if array.dtype.kind == "f" else array.tolist()
