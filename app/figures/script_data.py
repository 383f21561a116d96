"""The numbers of a picture, for the page's script: it chooses, marks and tells without asking the server again."""

from typing import Any

import numpy as np
import orjson

from .columns import Columns
from .finding.statement import Finding
from .numbers import phrase_of
from .readout import readout
from .subject import Array, Subject

PLACES = 4
MOST = 140  # steps, above which numbers for each pair of steps, and the cell at each step, are left to the server


def data_of(subject: Subject, finding: Finding, columns: Columns, scale: float) -> dict[str, Any]:
    """Return the numbers, rounded; null where there is none.

    Row t of what there is for each pair of steps holds the t + 1 words up to it, or, where steps are taken from the
    last to the first, the T − t words from it on; then the initial state and the edits.
    """
    parts = subject.parts
    data: dict[str, Any] = {
        "readouts": [readout(subject, t) for t in range(len(subject))],
        "words": list(subject.words),
        "noun": subject.noun,
        "edges": _rounded(columns.edges / columns.width),
        "rows": [
            {"verb": row.role.verb, "letter": row.role.letter, "complement": row.role.is_complement, "name": row.name}
            | {"means": _rounded(row.means), "usual": row.usual, "held": sorted(subject.held(row.role.letter))}
            for row in subject.rows
        ],
        "where": subject.where_held,
        "spots": [{"kind": s.kind, "step": s.step, "column": s.column, "verb": s.verb} for s in finding.spots],
        "scale": scale,
    }
    if subject.verdict is not None and subject.logits is not None:
        verdict = subject.verdict
        data["verdict"] = {
            "values": _rounded(verdict.values),
            "logits": _rounded(subject.logits),
            "positive": verdict.positive,
            "negative": verdict.negative,
        }
    if parts is not None:
        data["direction"] = parts.direction
        data["others"] = [phrase_of(name) for name in parts.columns[len(subject) :]]
        data["remaining"], data["new"] = _rounded(parts.remaining), _rounded(parts.new)
        if parts.bias is not None:
            data["bias"] = parts.bias
        if len(subject) <= MOST:
            is_backward = parts.direction == "backward"
            data |= {name: _triangle(array, is_backward=is_backward) for name, array in _matrices(subject).items()}
    return data


def data_html(data: dict[str, Any] | list[dict[str, Any]]) -> str:
    """Return the numbers as an element that no browser runs."""
    text = orjson.dumps(data).decode().replace("<", "\\u003c").replace("&", "\\u0026")
    return f'<script type="application/json" class="numbers">{text}</script>'


def _matrices(subject: Subject) -> dict[str, Array]:
    """Return the arrays (T, K): amounts, and, if bands push, pushes and their changes."""
    parts = subject.parts
    if parts is None:
        return {}
    if subject.shares is None or parts.change is None:
        return {"amounts": parts.amounts}
    change = parts.change
    return {
        "amounts": parts.amounts,
        "pushes": subject.shares,
        "forgetting": change.forgetting,
        "letting_out": change.letting_out,
    }


def _triangle(array: Array, *, is_backward: bool) -> list[list[float | None]]:
    """Return the rows of an array (T, K): of the words up to each step, or from it on, then of the other columns."""
    steps = len(array)
    if is_backward:
        return [_rounded(row[t:]) for t, row in enumerate(array)]
    return [_rounded(np.concatenate([row[: t + 1], row[steps:]])) for t, row in enumerate(array)]


def _rounded(array: Array) -> Any:
    """Return an array as lists; NaN and infinity become null."""
    rounded = np.round(np.asarray(array, dtype=np.float64), PLACES) + 0.0
    return np.where(np.isfinite(rounded), rounded, np.nan).tolist()
