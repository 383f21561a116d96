"""Numbers of a request: rows of JSON, or a typed array in base64, in a body or in an address."""

import json
from math import prod
from typing import Annotated, Any

import numpy as np
from pybase64 import b64decode
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from ...store import series

MOST_CHARACTERS = 4_000  # of values in an address
DTYPES = {"f4": "<f4", "f8": "<f8"}


def rows_of(given: Any) -> list[list[float]]:
    """Return numbers as rows. Raises ValueError, which says where, if they are not rows of numbers of one length."""
    if isinstance(given, dict):
        return _decoded(given)
    if not isinstance(given, list):
        raise ValueError("must be a list of rows, each a list of numbers, or a typed array")
    return series.rows_of(given)


def _decoded(given: dict[str, Any]) -> list[list[float]]:
    """Return the rows of a typed array. Raises ValueError if it is not one of two dimensions."""
    if given.keys() != {"dtype", "bdata", "shape"} or not all(isinstance(each, str) for each in given.values()):
        raise ValueError("a typed array has the fields dtype, bdata and shape, each a text")
    if given["dtype"] not in DTYPES:
        raise ValueError(f"the dtype must be one of {', '.join(DTYPES)}")
    parts = given["shape"].split(",")
    if len(parts) != 2 or not all(part.strip().isascii() and part.strip().isdigit() for part in parts):
        raise ValueError('the shape must be two sizes, such as "5, 3"')
    if any(len(part.strip()) > len(str(2**31)) for part in parts):
        raise ValueError("the shape is larger than what bdata holds")
    try:
        numbers = np.frombuffer(b64decode(given["bdata"], validate=True), DTYPES[given["dtype"]])
    except ValueError:  # of binascii or of NumPy
        raise ValueError(f"bdata is not base64 of whole numbers of {given['dtype']}") from None
    shape = tuple(map(int, parts))
    if prod(shape) != numbers.size:
        raise ValueError(f"the shape {given['shape']} is of {prod(shape):,} numbers, and bdata holds {numbers.size:,}")
    rows: list[list[float]] = numbers.reshape(shape).tolist()
    return rows


def from_address(given: Any) -> Any:
    """Return what the JSON of one field of an address holds. Raises ValueError if there is none, or too much."""
    if given is None or not (isinstance(given, list) and given and all(isinstance(each, str) for each in given)):
        return given
    if len(given) > 1:
        raise ValueError("is given more than once: send it as JSON, once")
    text = _short_enough(given[0])
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None


def _short_enough(given: str) -> str:
    """Return what one field of an address holds. Raises ValueError if that is too much."""
    if len(given) > MOST_CHARACTERS:
        much = f"has {len(given):,} characters: an address takes up to {MOST_CHARACTERS:,}"
        raise ValueError(f"{much}; send more in the body of a POST")
    return given


def labels_of(given: list[Any]) -> list[str]:
    """Return labels. Raises ValueError if one is not a text of whole characters."""
    for step, label in enumerate(given):
        if not isinstance(label, str):
            raise ValueError(f"label {step} is not a text")
        try:
            label.encode()
        except UnicodeEncodeError:
            raise ValueError(f"label {step} holds a lone surrogate (half of a UTF-16 pair)") from None
    return given


_ROWS = {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}
_TYPED = {
    "type": "object",
    "properties": {
        "dtype": {"enum": list(DTYPES)},
        "bdata": {"type": "string", "description": "The numbers, row by row, little-endian, in base64."},
        "shape": {"type": "string", "description": "T and E: `5, 3`."},
    },
    "required": ["dtype", "bdata", "shape"],
    "additionalProperties": False,
}
_SCHEMA = {"anyOf": [_ROWS, _TYPED]}
_IN_ADDRESS = WithJsonSchema({"type": "string", "maxLength": MOST_CHARACTERS})

CsvInAddress = Annotated[str, AfterValidator(_short_enough), _IN_ADDRESS]
Rows = Annotated[list[list[float]], BeforeValidator(rows_of), WithJsonSchema(_SCHEMA)]
Labels = Annotated[list[str], Field(fail_fast=True), AfterValidator(labels_of)]
RowsInAddress = Annotated[list[Any], BeforeValidator(rows_of), BeforeValidator(from_address), _IN_ADDRESS]
LabelsInAddress = Annotated[list[Any], BeforeValidator(from_address), AfterValidator(labels_of), _IN_ADDRESS]
