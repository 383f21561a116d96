"""Traces: every gate, candidate and state of a model over a text."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any
from urllib.parse import unquote_to_bytes

import mimeparse
from fastapi import APIRouter, Depends, FastAPI, Query
from prometheus_client import CollectorRegistry, Counter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ..recurrent.tokenizer import Token
from ..recurrent.trace import trace, trace_in_chunks
from ..settings import Settings
from ..store import Model
from . import problems
from .conditional import IF_NONE_MATCH, TAG, Revalidation
from .encoding import Selection, dumps, step_lines, trace_content
from .models import AModel
from .openapi import problem_responses, schema_ref
from .schemas import Encoding, StepAnswer, TraceAnswer, TraceBody, TraceOptions

router = APIRouter(prefix="/models/{model}", tags=["traces"])

JSON, JSONL = "application/json", "application/jsonl"

SHORT, SHORT_WORK = 500, 20_000_000  # code points; multiply-adds: about a millisecond

_VARY = {"Vary": "Accept"}  # the same address gives either form
_VARY_OF_COMPRESSED = {"Vary": "Accept, Accept-Encoding"}

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
_REVALIDATED = _RESPONSES | {
    200: {**_RESPONSES[200], "headers": TAG},
    304: {"description": "The client's copy still stands. Nothing was traced.", "headers": TAG},
}


def install(app: FastAPI, registry: CollectorRegistry) -> None:
    """Give ``app`` the tags of its answers, and count its traces in ``registry``."""
    app.state.revalidation = Revalidation(app.state.settings.engine, registry)
    app.state.traces_run = Counter("gatescope_traces", "Traces that calls of the API ran.", registry=registry)


async def is_json(request: Request) -> None:
    """Raise a problem unless the body is declared as JSON."""
    content_type = request.headers.get("content-type", "")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != JSON and not (media_type.startswith("application/") and media_type.endswith("+json")):
        raise problems.not_json(content_type)


async def is_utf8(request: Request) -> None:
    """Raise a problem if the query is not UTF-8: the framework would put other characters in its place."""
    try:
        unquote_to_bytes(request.scope["query_string"]).decode()
    except UnicodeDecodeError:
        raise problems.not_utf8() from None


@dataclass(frozen=True)
class Asked:
    """What a request asks for, beside the options: of which model, and in which form."""

    request: Request
    model: Model
    lines: bool  # JSONL, not JSON

    @property
    def state(self) -> State:
        """What the application keeps: settings, models, counters."""
        state: State = self.request.app.state
        return state


async def asked(request: Request, model: AModel) -> Asked:
    """Raises a problem if the model cannot serve, or if neither JSON nor JSONL is accepted."""
    accept = ", ".join(request.headers.getlist("accept")) or "*/*"
    best = best_form(accept)
    if not best:
        raise problems.not_acceptable(accept, (JSON, JSONL))
    return Asked(request, model, best == JSONL)


@lru_cache(maxsize=64)
def best_form(accept: str) -> str:
    """JSON or JSONL, whichever the header Accept wants more; empty if it wants neither."""
    wanted = accept.lower()
    rising = (JSON, JSONL) if JSONL in wanted else (JSONL, JSON)  # of two that are wanted alike, the last
    try:
        return str(mimeparse.best_match(rising, wanted))
    except mimeparse.MimeTypeParseException:
        return ""


# One dependency, a coroutine: FastAPI takes as long for each as the whole network does for a word, and hands a plain
# function to a thread.
AnAsked = Annotated[Asked, Depends(asked)]


@router.post(
    "/traces",
    summary="Trace a text",
    responses=_RESPONSES | problem_responses(s415="The body is not declared as JSON."),
    dependencies=[Depends(is_json)],
    response_class=Response,
)
async def post_trace(asked: AnAsked, options: TraceBody) -> Response:
    """Run the model over a text, step by step, and answer with every activation of every step."""
    return await _run(_answer, asked, options, _VARY)


@router.get(
    "/trace",
    summary="Trace a short text",
    responses=_REVALIDATED,
    openapi_extra={"parameters": [IF_NONE_MATCH]},
    dependencies=[Depends(is_utf8)],
    response_class=Response,
)
async def get_trace(asked: AnAsked, options: Annotated[TraceOptions, Query()]) -> Response:
    """As by POST, with the options in the address: to be linked to, and to be kept by the client."""
    revalidation: Revalidation = asked.state.revalidation
    tag = revalidation.tag(asked.model, options, JSONL if asked.lines else JSON)
    # Private: what one person types is no matter of a cache that others share.
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    return await _run(_answer_unless_held, asked, options, headers)


Answer = Callable[[Asked, TraceOptions, Mapping[str, str]], Response]


async def _run(answer: Answer, asked: Asked, options: TraceOptions, headers: Mapping[str, str]) -> Response:
    """What ``answer`` gives: at once where the text is short, else in a thread, so that other requests go on meanwhile.

    Threads that compete for Python's lock hold each other up for longer than a short trace takes.
    """
    network = asked.model.config.network
    rows = len(network.cell_definition.blocks) * network.hidden_size * len(network.directions) * network.layers
    characters = len(options.text)  # no less than the steps
    if characters <= SHORT and characters * rows * (network.embedding_size + network.hidden_size) <= SHORT_WORK:
        return answer(asked, options, headers)
    return await run_in_threadpool(answer, asked, options, headers)


def _answer(asked: Asked, options: TraceOptions, headers: Mapping[str, str]) -> Response:
    return _send(asked, plan(asked.model, options, asked.state.settings, lines=asked.lines), headers)


def _answer_unless_held(asked: Asked, options: TraceOptions, headers: Mapping[str, str]) -> Response:
    """304 if the client holds the answer already, by If-None-Match; what is wrong is refused before."""
    planned = plan(asked.model, options, asked.state.settings, lines=asked.lines)
    held = asked.request.headers.getlist("if-none-match")
    if held and asked.state.revalidation.stands(headers["ETag"], held):
        # The compression completes the Vary of what it may compress, which a 304 without a body is not.
        return Response(status_code=304, headers={**headers, **(_VARY if asked.lines else _VARY_OF_COMPRESSED)})
    return _send(asked, planned, {**headers, **_VARY})


def _send(asked: Asked, planned: "Plan", headers: Mapping[str, str]) -> Response:
    asked.state.traces_run.inc()
    if asked.lines:
        return StreamingResponse(planned.lines(), media_type=JSONL, headers=headers)
    return Response(planned.json(), media_type=JSON, headers=headers)


@dataclass(frozen=True)
class Plan:
    """A trace that fits its model and the limits, not yet run: what to run over, and which part of it to send."""

    model: Model
    tokens: list[Token]
    start: int
    stop: int
    selection: Selection
    encoding: Encoding
    settings: Settings

    def json(self) -> bytes:
        """The JSON of a ``TraceAnswer``."""
        whole = trace(self.model.network, self._needed, engine=self.settings.engine)
        outputs = self.model.config.outputs
        part = whole.span(self.start, self.stop)
        return dumps(trace_content(part, len(self.tokens), self.model.id, outputs, self.selection, self.encoding))

    def lines(self) -> Iterator[bytes]:
        """The JSON of a ``StepAnswer`` for each step, a chunk of lines at a time, as the network steps."""
        settings = self.settings
        parts = trace_in_chunks(self.model.network, self._needed, settings.chunk_steps, settings.engine)
        cut = (
            part.span(max(self.start - part.start, 0), min(self.stop - part.start, len(part)))
            for part in parts
            if part.start + len(part) > self.start and part.start < self.stop
        )
        return step_lines(cut, self.selection, self.encoding)

    @property
    def _needed(self) -> list[Token]:
        """The tokens to run over for the steps before ``stop``: a backward layer starts at the last one."""
        return self.tokens if self.model.config.network.bidirectional else self.tokens[: self.stop]


def trace_json(model: Model, options: TraceOptions, settings: Settings) -> bytes:
    """The JSON of a ``TraceAnswer``. Raises a problem if the options do not fit the model or the limits."""
    return plan(model, options, settings).json()


def plan(model: Model, options: TraceOptions, settings: Settings, *, lines: bool = False) -> Plan:
    """The trace that ``options`` ask for; ``lines`` are exempt from the limit on the size of an answer.

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
    letters = network.cell_definition.activations
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
    arrays = sum(layer in selection.layers for layer, _ in model.network.layers()) * len(selection.letters)
    units = len(options.units) if options.units is not None else network.hidden_size
    if not lines and (stop - options.start) * units * arrays > settings.max_values:
        raise problems.answer_too_large(stop - options.start, units, arrays, settings.max_values)
    return Plan(model, tokens, options.start, stop, selection, options.encoding, settings)
