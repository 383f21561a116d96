"""What the page shows first: the models and texts that its address asks for, each with its trace."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from fastapi_problem.error import Problem
from markupsafe import Markup

from ..api.traces.outputs import shown_top
from ..api.traces.routes import trace_json
from ..api.traces.schemas import TraceBody, UnitRows
from ..api.wire.sequence import as_written
from ..recurrent.cells import CELL_NAMES
from ..settings import Settings
from ..store.model import Model
from ..store.store import Store
from .invitation import invitation, is_blank
from .look import Look, example_of
from .screen import drawn, missing, runs_of
from .story.chapters import chapters_for
from .too_large import TooLargeError, too_large

# Numbers that Plotly.js repaints in one picture without a noticeable pause; a longer text is shown in parts.
MAX_NUMBERS = 150_000
MAX_ROWS = 256  # units in one picture: each is a row of some pixels; of more, one turns to the next ones

Comparison = Literal["cells", "text"]
COMPARISONS: dict[Comparison, str] = {"cells": "the other cells", "text": "another text"}


@dataclass(frozen=True)
class FirstView:
    """What the page shows before anyone touches it."""

    model: Model
    text: str
    compare: str  # a comparison, or empty
    other: str  # the second text of a comparison of texts
    look: Look  # how the first picture is shown
    screen: Markup  # the first picture; empty if it cannot be shown
    traces: bytes  # JSON: a list with a TraceAnswer, or null, for each lane
    notice: str  # why it is not what the address asked for; empty if it is


def first_view(store: Store, settings: Settings, query: Mapping[str, str]) -> FirstView:
    """Return what ``query`` asks for, as far as it can be shown; otherwise the defaults, with a notice that says so.

    Raises StopIteration for a store without models.
    """
    look, senseless = Look.of(query)
    look = _of_chapter(store, look, query, senseless)
    notices = []
    model = store.models.get(look.model or settings.default_model)
    if model is None:
        model = store.models.get(settings.default_model) or next(iter(store))
        if look.model:
            notices.append(f"There is no model “{look.model}” here; this is {model.id}.")
    compare = look.compare
    if compare and compare not in COMPARISONS:
        notices.append(f"There is no comparison “{compare}”: it is {' or '.join(COMPARISONS)}.")
        compare = ""
    if compare == "text" and model.tokenizer is None:
        notices.append(f"{model.id} reads numbers, which are not compared word by word.")
        compare = ""
    look, problem = _with_text(look, model)
    notices += [problem] if problem else []
    text = look.text or ""
    look = look.model_copy(update={"model": model.id, "compare": compare, "example": example_of(model, text)})
    asked = lanes(store, model, text, compare, look.other)
    look, picture, problem, unknown = _picture(asked, look, settings)
    traces, problems = zip(*(_first_trace(*each, look, settings) for each in asked), strict=True)
    notices += dict.fromkeys(filter(None, problems))
    notices += [problem] if problem and problem not in notices else []
    if senseless := [*senseless, *(f"{name}={query[name]}" for name in unknown)]:
        notices.insert(0, f"The address says {', '.join(senseless)}, which means nothing here.")
    return FirstView(model, text, compare, look.other, look, picture, b"[%s]" % b",".join(traces), " ".join(notices))


def _picture(asked: Sequence[tuple[Model, str]], look: Look, settings: Settings) -> tuple[Look, Markup, str, list[str]]:
    """Return how the first picture is shown, the picture, a problem, and the fields that name what there is not.

    These fields are ignored, and so are a start or edits that do not fit. Of a blank text, the picture is an
    invitation; where only the second of two texts is blank, it is that of the first.
    """
    (model, text), told = asked[0], ""
    if is_blank(model, text, settings):
        return look, invitation(model, look), "", []
    asked = [each for each in asked if not is_blank(*each, settings)]
    for tried in dict.fromkeys([look, look.model_copy(update={"start": 0, "edits": ""})]):
        try:
            runs = runs_of(asked, tried, settings)
        except Problem as problem:
            told = told or str(problem.detail)
            continue
        except TooLargeError as error:
            return tried, too_large(error, tried), told, []
        if unknown := missing(tried, runs[0]):
            shown, picture, *_ = _picture(asked, tried.model_copy(update=dict.fromkeys(unknown)), settings)
            return shown, picture, told, unknown
        return tried, drawn(runs, tried, settings), told, []
    return look, Markup(), told, []


def _with_text(look: Look, model: Model) -> tuple[Look, str]:
    """Return ``look`` with a text, and what to say if that is not the one that the address means; else "".

    Steps, and edits at them, are those of that text: they are left out with it.
    """
    examples = model.config.examples
    if look.text is not None:
        return look, ""
    if isinstance(look.example, int) and look.example <= len(examples):
        return look.model_copy(update={"text": examples[look.example - 1]}), ""
    look = look.model_copy(update={"text": examples[0] if examples else ""})
    if look.example is None:
        return look, ""
    told = f"There is no example {look.example} of {model.id}."
    if look.example == "none":
        told = "This link does not hold its numbers, which are too long for an address: ask whoever sent it for them."
    told += " This is an example in their place." if look.example == "none" and examples else ""
    return look.model_copy(update={"step": None, "start": 0, "edits": ""}), told


def _of_chapter(store: Store, look: Look, query: Mapping[str, str], senseless: list[str]) -> Look:
    """Return ``look``, with the model and text of its chapter if ``query`` names neither.

    A chapter that does not exist is ignored, and added to what is ``senseless``.
    """
    if look.chapter is None:
        return look
    chapters = chapters_for(store.models)
    if not 1 <= look.chapter <= len(chapters):
        senseless.append(f"chapter={look.chapter}")
        return look.model_copy(update={"chapter": None})
    if query.keys() & {"model", "text"}:
        return look
    stated = {name: getattr(look, name) for name in look.model_fields_set}
    return chapters[look.chapter - 1].look.model_copy(update=stated)


def _first_trace(model: Model, text: str, look: Look, settings: Settings) -> tuple[bytes, str]:
    """Return the JSON of a trace, and ""; or null and the problem, which is "" for an empty text.

    It is the part that ``data/model_library.js`` would ask for: of the layer that is shown, the units around the one
    that is pinned.
    """
    if is_blank(model, text, settings):
        return b"null", ""
    size, layers, network = page_size(model), list(model.network.layers()), model.config.network
    first = next(place for place, (layer, _) in enumerate(layers) if layer == layers[-1][0])
    layer, direction = layers[first if look.shown_layer is None else min(look.shown_layer, len(layers) - 1)]
    unit = None if look.unit is None else min(look.unit, network.hidden_size - 1)
    options = TraceBody(
        **as_written(model, text),
        layers=[layer],
        directions=[direction],
        rows=UnitRows(stop=size, count=MAX_ROWS, containing=unit),
        summary=True,
        stop=size + 1,
        encoding="base64",
        top=shown_top(network.outputs),
    )
    try:
        return trace_json(model, options, settings), ""
    except Problem as problem:
        return b"null", str(problem.detail)


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
    """Return the models of the task of ``model`` that read the same, in the order of their cells."""
    same = (each for each in store.task(model.config.task) if _reads(each) == _reads(model))
    return sorted(same, key=place_of_cell)


def _reads(model: Model) -> tuple[str, list[str]]:
    return model.config.input, [each.name for each in model.config.columns]


def place_of_cell(model: Model) -> int:
    """Return the place of the cell of ``model`` in the table: from left to right on the page."""
    return CELL_NAMES.index(model.config.network.cell)


def page_size(model: Model) -> int:
    """Return how many steps a picture of ``model`` shows; its trace has one more, where a backward layer comes from."""
    network = model.config.network
    return max(1, MAX_NUMBERS // (min(network.hidden_size, MAX_ROWS) * len(network.cell_definition.activations)))
