"""Traces: every gate, candidate and state of a model over a text."""

from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

import mimeparse
from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ..recurrent.tokenizer import Token
from ..recurrent.trace import trace, trace_in_chunks
from ..settings import Settings
from ..store import Model
from . import problems
from .encoding import Selection, dumps, step_lines, trace_content
from .models import AModel, activation_info
from .openapi import problem_responses, schema_ref
from .schemas import StepAnswer, TraceAnswer, TraceBody, TraceOptions

router = APIRouter(prefix="/models/{model}", tags=["traces"])

JSON, JSONL = "application/json", "application/jsonl"

_VARY = {"Vary": "Accept"}  # the same address gives either form

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": TraceAnswer,
        "description": "The trace; with `Accept: application/jsonl`, a line for each step, sent in chunks as the "
        "network steps (a bidirectional network: after its last step).",
        "content": {JSONL: {"schema": schema_ref(StepAnswer)}},
    },
    **problem_responses(
        s400="The JSON or the query is malformed.",
        s404="No such model.",
        s406="Neither JSON nor JSONL is accepted.",
        s413="The text, the body or the answer is too large.",
        s422="A field is wrong.",
        s503="The model is broken.",
    ),
}


def the_settings(request: Request) -> Settings:
    """The settings that the application was started with."""
    settings: Settings = request.app.state.settings
    return settings


def is_json(request: Request) -> None:
    """Raise a problem unless the body is declared as JSON."""
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != JSON and not (media_type.startswith("application/") and media_type.endswith("+json")):
        raise problems.not_json(content_type)


def is_utf8(request: Request) -> None:
    """Raise a problem if the query is not UTF-8: the framework would put other characters in its place."""
    try:
        unquote_to_bytes(request.scope["query_string"]).decode()
    except UnicodeDecodeError:
        raise problems.not_utf8() from None


def wants_lines(request: Request) -> bool:
    """Whether JSONL is asked for. Raises a problem if neither it nor JSON is accepted."""
    accept = ", ".join(request.headers.getlist("accept")) or "*/*"
    wanted = accept.lower()
    rising = (JSON, JSONL) if JSONL in wanted else (JSONL, JSON)  # of two that are wanted alike, the last
    try:
        best = mimeparse.best_match(rising, wanted)
    except mimeparse.MimeTypeParseException:
        best = ""
    if not best:
        raise problems.not_acceptable(accept, (JSON, JSONL))
    return bool(best == JSONL)


ASettings = Annotated[Settings, Depends(the_settings)]
Lines = Annotated[bool, Depends(wants_lines)]


@router.post(
    "/traces",
    summary="Trace a text",
    responses=_RESPONSES | problem_responses(s415="The body is not declared as JSON."),
    dependencies=[Depends(is_json)],
    response_class=Response,
)
def post_trace(model: AModel, options: TraceBody, settings: ASettings, lines: Lines) -> Response:
    """Run the model over a text, step by step, and answer with every activation of every step."""
    return _answer(model, options, settings, lines=lines)


@router.get(
    "/trace",
    summary="Trace a short text",
    responses=_RESPONSES,
    dependencies=[Depends(is_utf8)],
    response_class=Response,
)
def get_trace(model: AModel, options: Annotated[TraceOptions, Query()], settings: ASettings, lines: Lines) -> Response:
    """As by POST, with the options in the address: to be linked to."""
    return _answer(model, options, settings, lines=lines)


def trace_json(model: Model, options: TraceOptions, settings: Settings) -> bytes:
    """The JSON of a ``TraceAnswer``. Raises a problem if the options do not fit the model or the limits."""
    tokens, start, stop, selection = select(model, options, settings)
    arrays = sum(layer in selection.layers for layer, _ in model.network.layers()) * len(selection.letters)
    units = len(selection.units) if selection.units is not None else model.config.network.hidden_size
    if (stop - start) * units * arrays > settings.max_values:
        raise problems.answer_too_large(stop - start, units, arrays, settings.max_values)
    part = trace(model.network, _needed(model, tokens, stop)).span(start, stop)
    return dumps(trace_content(part, len(tokens), model.id, model.config.outputs, selection, options.encoding))


def select(model: Model, options: TraceOptions, settings: Settings) -> tuple[list[Token], int, int, Selection]:
    """The tokens of the text, the span of steps, and the part of the trace that ``options`` ask for.

    Raises a problem that names the option and what would be right.
    """
    if len(options.text) > settings.max_text:
        raise problems.text_too_long(len(options.text), settings.max_text)
    tokens = model.tokenizer(options.text)
    if not tokens:
        raise problems.empty_text()
    network = model.config.network
    stop = min(options.stop or len(tokens), len(tokens))
    if options.start >= stop:
        reason = f"{options.start} is not below {stop}, where the steps asked for end; the text has {len(tokens)}"
        raise problems.invalid_request("start", reason)
    for name, size in (("layers", network.layers), ("units", network.hidden_size)):
        for index in getattr(options, name) or []:
            if index >= size:
                raise problems.invalid_request(
                    name, f"there is no {name[:-1]} {index}: {model.id} has {name} 0 to {size - 1}"
                )
    letters = "".join(info.letter for info in activation_info(network.cell_definition))
    for letter in options.activations or []:
        if letter not in letters:
            raise problems.invalid_request(
                "activations",
                f"there is no {letter!r} in {model.id} ({network.cell}): choose from {', '.join(letters)}",
            )
    selection = Selection(
        layers=frozenset(options.layers if options.layers is not None else range(network.layers)),
        letters="".join(letter for letter in letters if options.activations is None or letter in options.activations),
        units=options.units,
    )
    return tokens, options.start, stop, selection


def _answer(model: Model, options: TraceOptions, settings: Settings, *, lines: bool) -> Response:
    if not lines:
        return Response(trace_json(model, options, settings), media_type=JSON, headers=_VARY)
    tokens, start, stop, selection = select(model, options, settings)
    parts = trace_in_chunks(model.network, _needed(model, tokens, stop), settings.chunk_steps)
    cut = (
        part.span(max(start - part.start, 0), min(stop - part.start, len(part)))
        for part in parts
        if part.start + len(part) > start and part.start < stop
    )
    return StreamingResponse(step_lines(cut, selection, options.encoding), media_type=JSONL, headers=_VARY)


def _needed(model: Model, tokens: list[Token], stop: int) -> list[Token]:
    """The tokens to run over for the steps before ``stop``: a backward layer starts at the last one."""
    return tokens if model.config.network.bidirectional else tokens[:stop]
