"""The data form of edits, the same in Python, JSON and files: from it, and as a JSON schema."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from . import OPERATIONS
from .edit import MOST, Edit, EditError, Where, shown

WHERE = ("layer", "direction", "units", "steps", "sequences")


def edit_from(data: Mapping[str, Any]) -> Edit:
    """Return the edit of the data form; null means left out. Raises EditError, which names the field."""
    if not isinstance(data, Mapping):
        raise EditError("", f"{shown(data)} is not an object with a letter and an operation")
    given = {name: value for name, value in data.items() if value is not None}
    if unknown := [name for name in given if name not in {"letter", *WHERE, *OPERATIONS}]:
        known = ", ".join(("letter", *WHERE))
        raise EditError(str(unknown[0])[:60], f"there is no such field: the fields are {known} and one operation")
    named = [name for name in OPERATIONS if name in given]
    if not named:
        raise EditError("", f"there is no operation: add one of {', '.join(OPERATIONS)}")
    if len(named) > 1:
        raise EditError(
            "", f"there are {len(named)} operations, {' and '.join(named)}: an edit has one; make two edits"
        )
    where = cast("Where", {name: given[name] for name in WHERE if name in given})
    return Edit.make(OPERATIONS[named[0]], given[named[0]], given.get("letter"), where)


def edits_from(given: Iterable[Edit | Mapping[str, Any]]) -> tuple[Edit, ...]:
    """Return a list of edits, each an ``Edit`` or in the data form. Raises EditError, which names place and field."""
    if isinstance(given, Edit | Mapping | str) or not isinstance(given, Iterable):
        raise EditError("edits", f"must be a list of edits; this is of type {type(given).__name__}")
    listed = list(given)
    if len(listed) > MOST:
        raise EditError("edits", f"there are {len(listed):,} edits: the limit is {MOST}")
    edits = []
    for at, each in enumerate(listed):
        try:
            edits.append(each if isinstance(each, Edit) else edit_from(each))
        except EditError as error:
            raise error.at(at) from None
    return tuple(edits)


def edits_from_json(text: str) -> tuple[Edit, ...]:
    """Return the edits of a JSON list. Raises EditError if it is not one."""
    try:
        given = data_of(text)
    except ValueError as error:
        raise EditError("edits", str(error)) from None
    return edits_from(given)


def data_of(text: str) -> Any:
    """Return what the JSON of a list of edits holds. Raises ValueError if it cannot be read."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        reason = str(error)
    except (ValueError, RecursionError):
        reason = "it is nested too deeply, or a number has thousands of digits"
    raise ValueError(f"is not a JSON list: {reason}")


_LIST = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "uniqueItems": True}
_LIST_OR_RANGE = {"anyOf": [_LIST, {"type": "string"}]}


def schema() -> dict[str, Any]:
    """Return the JSON schema of an edit."""
    places: dict[str, Any] = {
        "letter": {"type": "string", "description": "The activation that is changed."},
        "layer": {"type": "integer", "minimum": 0, "description": "Its layer, from 0; all if left out."},
        "direction": {"enum": ["forward", "backward"], "description": "Its direction; all if left out."},
        "units": {**_LIST_OR_RANGE, "description": "Units, from 0, or like `3-7`; all if left out."},
        "steps": {**_LIST_OR_RANGE, "description": "Steps, from 0, or like `3-7`; all if left out."},
        "sequences": {**_LIST_OR_RANGE, "description": "Sequences of a batch, from 0; a text is sequence 0."},
    }
    operations = {
        name: {**each.schema, "description": f"The operation: {each.purpose}."} for name, each in OPERATIONS.items()
    }
    return {"type": "object", "properties": places | operations, "additionalProperties": False}
