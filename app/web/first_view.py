"""What the page shows first: the models and texts that its address asks for, each with its trace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from fastapi_problem.error import Problem

from ..api.traces.routes import trace_json
from ..api.traces.schemas import TraceBody
from ..api.wire.problems import EMPTY_TEXT
from ..figures.invisible import shown
from ..recurrent.cells import CELL_NAMES, NAMES
from ..recurrent.trace import Engine, trace
from ..settings import Settings
from ..store.model import Model
from ..store.store import Store

# Numbers that Plotly.js repaints in one picture without a noticeable pause; a longer text is shown in parts.
MAX_NUMBERS = 150_000

Comparison = Literal["cells", "text"]
COMPARISONS: dict[Comparison, str] = {"cells": "the other cells", "text": "another text"}

STILL_WORDS = 24  # in the picture for a browser without scripts


@dataclass(frozen=True)
class FirstView:
    """What the page shows before anyone touches it."""

    model: Model
    text: str
    compare: str  # a comparison, or empty
    other: str  # the second text of a comparison of texts
    traces: bytes  # JSON: a list with a TraceAnswer, or null, for each lane
    notice: str  # why it is not what the address asked for; empty if it is


def first_view(store: Store, settings: Settings, query: Mapping[str, str]) -> FirstView:
    """Return what ``query`` asks for, as far as it can be shown; otherwise the defaults, with a notice that says so.

    Raises StopIteration for a store without models.
    """
    notices = []
    model = store.models.get(query.get("model") or settings.default_model)
    if model is None:
        model = store.models.get(settings.default_model) or next(iter(store))
        if query.get("model"):
            notices.append(f"There is no model “{query['model']}” here; this is {model.id}.")
    text = query.get("text")
    if text is None:
        text = model.config.examples[0] if model.config.examples else ""
    compare, other = query.get("compare", ""), query.get("other", "")
    if compare and compare not in COMPARISONS:
        notices.append(f"There is no comparison “{compare}”: it is {' or '.join(COMPARISONS)}.")
        compare = ""
    traces = []
    for each, lane_text in lanes(store, model, text, compare, other):
        try:
            gateless = not each.config.network.cell_definition.gates  # its arithmetic begins with the sum
            options = TraceBody(text=lane_text, stop=page_size(each) + 1, encoding="base64", pre_activations=gateless)
            traces.append(trace_json(each, options, settings))
        except Problem as problem:
            traces.append(b"null")
            if problem.type != EMPTY_TEXT and problem.detail not in notices:
                notices.append(str(problem.detail))
    return FirstView(model, text, compare, other, b"[%s]" % b",".join(traces), " ".join(notices))


def lanes(store: Store, model: Model, text: str, compare: str, other: str) -> Sequence[tuple[Model, str]]:
    """Return the model and the text of each lane, from left to right, as ``data/model_library.js`` does on the page."""
    if compare == "text":
        return [(model, text), (model, other)]
    if compare == "cells":
        by_cell = {each.config.network.cell: each for each in reversed(siblings(store, model))}
        by_cell[model.config.network.cell] = model
        return [(by_cell[cell], text) for cell in CELL_NAMES if cell in by_cell]
    return [(model, text)]


def siblings(store: Store, model: Model) -> list[Model]:
    """Return the models of the task of ``model``, in the order of their cells."""
    return sorted(store.task(model.config.task), key=place_of_cell)


def place_of_cell(model: Model) -> int:
    """Return the place of the cell of ``model`` in the table: from left to right on the page."""
    return CELL_NAMES.index(model.config.network.cell)


def page_size(model: Model) -> int:
    """Return how many steps a picture of ``model`` shows; its trace has one more, where a backward layer comes from."""
    network = model.config.network
    return max(1, MAX_NUMBERS // (network.hidden_size * len(network.cell_definition.activations)))


def still(view: FirstView, engine: Engine) -> dict[str, Any] | None:
    """Return a picture that needs no script: a row for each activation of the first layer, a column for each word.

    It shows only the first words. A gate's row holds its mean over the units; any other row holds the norm, as a share
    of the greatest one. None if the text cannot be shown.
    """
    if not view.traces.startswith(b"[{"):
        return None
    tokens = view.model.tokenizer(view.text)[:STILL_WORDS]
    cell = view.model.config.network.cell_definition
    try:
        [layer, *_] = trace(view.model.network, tokens, engine=engine, overflow="refuse").layers
    except OverflowError:  # of a backward layer, which starts at another word here than in the whole text
        return None
    rows = []
    for letter, array in layer.activations.items():
        norms = np.linalg.norm(array / (np.abs(array).max() or 1), axis=1)  # the squares of large states overflow
        shares = array.mean(axis=1) if letter in cell.gates else norms / max(norms.max(), 1)
        rows.append((NAMES[letter], letter, shares.tolist()))
    return {"words": [shown(token.text) for token in tokens], "rows": rows}
