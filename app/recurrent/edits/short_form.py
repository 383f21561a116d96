"""The short form of edits, for addresses: ``i@3=0``.

An edit is written as layer, direction and letter, joined by dots, then units in brackets, steps after ``@``, sequences
after ``~``, the operation after a colon, unless it is hold, and its value as JSON after ``=``, unless it is true:

- ``i@3=0``: hold the input gate at 0 in step 3
- ``0.backward.c[1-3,8]@0-4:scale=0.5``
- ``c[62]:ablate="zero"``, ``h[3]@5:patch={"text":"a b","step":1}``, ``@4:freeze``, ``1.:couple``, ``@2:swap="good"``

Edits are joined by semicolons.
"""

import json
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from .data import edits_from
from .edit import Edit, EditError

_INDICES = r"[\d,-]+"
_EDIT = re.compile(
    r"(?:(?P<layer>\d{1,18})\.)?(?:(?P<direction>forward|backward)\.)?(?P<letter>[^\W\d_])?"
    rf"(?:\[(?P<units>{_INDICES})\])?(?:@(?P<steps>{_INDICES}))?(?:~(?P<sequences>{_INDICES}))?"
    r"(?::(?P<operation>[a-z_]+))?(?P<has_value>=)?",
    re.ASCII,
)
_PIECE = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^;"])+', re.DOTALL)  # up to a semicolon that stands in no string
_PLAIN = 1e15  # below, a whole number is written without a point


def short_form(edits: Iterable[Edit]) -> str:
    """Return the short form of edits. Raises ValueError for a patch that holds a trace."""
    return ";".join(_short(edit) for edit in edits)


def from_short_form(text: str) -> tuple[Edit, ...]:
    """Return the edits of their short form. Raises EditError, which says where it cannot be read."""
    listed: list[dict[str, Any]] = []
    at = 0
    while at < len(text):
        if listed:
            if text[at] != ";":
                raise EditError("edits", f"{text[at:]!r} cannot be read: edits are joined by a semicolon")
            at += 1
        match = _EDIT.match(text, at)
        if match is None or match.end() == at:
            raise EditError("edits", f"{text[at:]!r} cannot be read: an edit is written like i@3=0")
        data = {name: value for name, value in match.groupdict().items() if value is not None}
        operation, at = data.pop("operation", "hold"), match.end()
        if "layer" in data:
            data["layer"] = int(data["layer"])
        value: Any = True
        if data.pop("has_value", None):
            try:
                value, at = json.JSONDecoder().raw_decode(text, at)
            except (ValueError, RecursionError):
                raise EditError("edits", f"{text[at:]!r} cannot be read: a value is written as in JSON") from None
        elif "operation" not in match.groupdict() or match["operation"] is None:
            raise EditError("edits", f"{match[0]!r} has no value: an edit is written like i@3=0")
        if operation in data:
            raise EditError("edits", f"{operation!r} is not an operation")
        listed.append({**data, operation: value})
    return edits_from(listed)


def from_listed_form(text: str) -> tuple[Edit, ...]:
    """Return the edits that are on of a list, in which those that are off have a ``!`` before their short form.

    Raises EditError, which says where it cannot be read, for an edit that is off too.
    """
    pieces = _PIECE.findall(text)
    if ";".join(pieces) != text or "!" in pieces:
        raise EditError("edits", f"{text!r} cannot be read: edits are joined by a semicolon")
    read = [(piece, from_short_form(piece.removeprefix("!"))) for piece in pieces]
    return tuple(edit for piece, edits in read if not piece.startswith("!") for edit in edits)


def _short(edit: Edit) -> str:
    layer = "" if edit.layer is None else f"{edit.layer}."
    direction = "" if edit.direction is None else f"{edit.direction}."
    place = f"{layer}{direction}{edit.letter or ''}"
    if edit.units is not None:
        place += f"[{_ranges(edit.units)}]"
    for mark, indices in (("@", edit.steps), ("~", edit.sequences)):
        if indices is not None:
            place += f"{mark}{_ranges(indices)}"
    name, value = edit.operation.name, edit.operation.value
    operation = "" if name == "hold" else f":{name}"
    return place + operation + ("" if value is True else f"={json.dumps(_plain(value), separators=(',', ':'))}")


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < _PLAIN
    return int(value) if is_whole else value


def _ranges(indices: Sequence[int]) -> str:
    """Return indices in their order, runs of three or more as first-last."""
    starts = [0, *(at + 1 for at, (a, b) in enumerate(pairwise(indices)) if b != a + 1), len(indices)]
    runs = [indices[start:stop] for start, stop in pairwise(starts)]
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in runs)
