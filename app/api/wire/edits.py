"""Edits of a request: their form in a body and in an address, and what they are for a model."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from ...recurrent.edits.binding import Bound
from ...recurrent.edits.data import data_of, schema
from ...recurrent.edits.edit import MOST, Edit, EditError
from ...recurrent.overflow import RangeError
from ...recurrent.trace import Trace, bound_to, trace
from ...settings import Settings
from ...store.model import Model
from . import problems
from .schemas import Input


def plain_data(edits: list[Any]) -> list[Any]:
    """Return ``edits``. Raises ValueError for what no answer could repeat: a lone surrogate, or nesting without end."""
    if len(edits) > MOST:
        return edits  # they are refused for their number, before one of them is read
    level: list[Any] = edits
    for _ in range(DEPTH):
        level = [item for each in level if isinstance(each, list | dict) for item in _items(each)]
    if level:
        raise ValueError("is nested too deeply: an edit holds numbers, texts, and lists of them")
    try:
        json.dumps(edits, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("holds a lone surrogate (half of a UTF-16 pair); send whole characters") from None
    return edits


def _items(holder: list[Any] | dict[str, Any]) -> Iterable[Any]:
    return holder.values() if isinstance(holder, dict) else holder


def _from_address(given: Any) -> Any:
    """Return what a JSON list in the address holds. Raises ValueError if it is not one."""
    if not (isinstance(given, list) and given and all(isinstance(each, str) for each in given)):
        return given
    if len(given) > 1:
        raise ValueError("is given more than once: send one JSON list")
    return data_of(given[0])


DEPTH = 6  # of lists and objects in one another, which is more than any edit has
_EDITS = {"type": "array", "items": schema(), "maxItems": MOST}
ABOUT_EDITS = (
    "What to change inside the steps, in this order. Each edit has one operation, at the letter, layer, direction, "
    "units and steps that it names; everything that depends on it follows."
)

EditList = Annotated[list[Any], AfterValidator(plain_data), WithJsonSchema(_EDITS)]
EditsInAddress = Annotated[
    list[Any], BeforeValidator(_from_address), AfterValidator(plain_data), WithJsonSchema({"type": "string"})
]
EXAMPLE = [{"letter": "i", "steps": [3], "hold": 0}]


def bound_edits(model: Model, given: Input, steps: int, edits: list[Any], settings: Settings) -> Bound:
    """Return what ``edits`` are for ``model`` over the ``steps`` of what is ``given``.

    Raises a problem that names the edit and the field that is wrong, or says that patches need too much text.
    """
    try:
        return bound_to(model.network, steps, edits, model.resources(_tracer(model, given.size, settings)))
    except EditError as error:
        raise problems.invalid_request(error.pointer, error.what) from None


def edits_content(edits: Sequence[Edit], notes: Sequence[str]) -> dict[str, Any]:
    """Return what an answer says of the edits of a run: nothing if there are none."""
    return {"edits": [each.to_dict() for each in edits], "notes": notes} if edits else {}


def _tracer(model: Model, size: int, settings: Settings) -> Callable[[Any], Trace]:
    """Return what traces the texts, or values, of patches.

    Together with that of the request, which has ``size``, they may be no longer than one may be.
    """
    total = size

    def traced(source: Any) -> Trace:
        nonlocal total
        total += len(source)
        if total > settings.max_text:
            if model.tokenizer is None:
                what = "The sequence and those of its patches have together"
                raise problems.sequence_too_long(total, settings.max_text, what)
            raise problems.text_too_long(total, settings.max_text, "The text and those of its patches have together")
        try:
            return trace(model.network, model.tokens(source), None, settings.engine, overflow="refuse", on_demand=True)
        except RangeError as error:
            raise ValueError(f"what to take from cannot be traced: {error}") from None

    return traced
