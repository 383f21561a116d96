"""Traces: every gate, candidate and state of a model over a text."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any
from urllib.parse import quote, unquote_to_bytes

from fastapi import APIRouter, Depends, FastAPI, Query
from prometheus_client import CollectorRegistry, Counter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ...settings import Settings
from ...store.model import Model
from ..wire import problems
from ..wire.bounded import BoundedRoute
from ..wire.computing import computed, watch_of
from ..wire.conditional import IF_NONE_MATCH, TAG, Revalidation
from ..wire.negotiation import CSV, JSON, JSONL, NPZ, Asked, asked_for, is_json
from ..wire.openapi import problem_responses, schema_ref
from ..wire.parts import in_parts
from .plan import TracePlan, plan_trace
from .schemas import StepAnswer, TraceAnswer, TraceBody, TraceQuery

router = APIRouter(prefix="/models/{model}", tags=["traces"], route_class=BoundedRoute)

SHORT_NUMBERS, SHORT_WORK = 20_000, 20_000_000  # numbers to write, and multiply-adds: a millisecond or two


@dataclass(frozen=True)
class Form:
    """A form in which a trace is sent."""

    write: Callable[[TracePlan], bytes | list[bytes] | Iterator[bytes]]
    streamed: bool = False  # in chunks, as the network steps
    ending: str = ""  # of the file that a client saves; empty if the form is for programs


FORMS: Mapping[str, Form] = {
    JSON: Form(TracePlan.json),
    JSONL: Form(TracePlan.lines, streamed=True),
    NPZ: Form(TracePlan.npz, ending="npz"),
    CSV: Form(TracePlan.csv, streamed=True, ending="csv"),
}
AnAsked = Annotated[Asked, Depends(asked_for(*FORMS))]

_VARY = {"Vary": "Accept"}  # the same address gives every form
_VARY_OF_COMPRESSED = {"Vary": "Accept, Accept-Encoding"}

_FILE = {"Content-Disposition": {"description": "The name to save a file by.", "schema": {"type": "string"}}}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "model": TraceAnswer,
        "description": "The trace. `Accept: application/jsonl`: a line for each step, sent in chunks as the network "
        "steps (of a bidirectional network or a relu RNN, after its last step). `application/x-npz`: arrays for "
        "`numpy.load`, a row for each step, a column for each unit, named by layer, direction and letter "
        "(`0.forward.f`), and `tokens`, `outputs`, `output_names`, `start` and `units`; of an edited run also `edits`, "
        "as JSON, and `notes`. `text/csv`: a line for each number, sent as JSON lines are.",
        "content": {
            JSONL: {"schema": schema_ref(StepAnswer)},
            NPZ: {"schema": {"type": "string", "format": "binary"}},
            CSV: {"schema": {"type": "string"}},
        },
        "headers": _FILE,
    },
    **problem_responses(
        400,
        404,
        406,
        503,
        s413="The text, the body or the answer is too large.",
        s422="A field is wrong, or the states overflow.",
    ),
}
_REVALIDATED = _RESPONSES | {
    200: {**_RESPONSES[200], "headers": TAG | _FILE},
    304: {"description": "The client's copy is still valid. Nothing was traced.", "headers": TAG},
}


def install(app: FastAPI, registry: CollectorRegistry) -> None:
    """Let ``app`` tag its answers, and count its traces in ``registry``."""
    app.state.revalidation = Revalidation(app.state.settings.engine, registry)
    app.state.traces_run = Counter("gatescope_traces", "Traces that calls of the API ran.", registry=registry)


async def is_utf8(request: Request) -> None:
    """Raise a problem if the query is not UTF-8; the framework would replace characters of it."""
    try:
        unquote_to_bytes(request.scope["query_string"]).decode()
    except UnicodeDecodeError:
        raise problems.not_utf8() from None


@router.post(
    "/traces",
    summary="Trace a text",
    responses=_RESPONSES | problem_responses(415),
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
async def get_trace(asked: AnAsked, options: Annotated[TraceQuery, Query()]) -> Response:
    """Answer as to POST, with the options in the address: for links, and for clients that keep the answer."""
    revalidation: Revalidation = asked.state.revalidation
    tag = revalidation.tag(asked.model, options, asked.form)
    # Private: a shared cache has no business with what one person types.
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    return await _run(_answer_unless_held, asked, options, headers)


Options = TraceBody | TraceQuery
Answer = Callable[[Asked, Options, Mapping[str, str]], Response]


async def _run(answer: Answer, asked: Asked, options: Options, headers: Mapping[str, str]) -> Response:
    """Return what ``answer`` gives: at once if the text is short, otherwise in a thread, so that other requests go on.

    Threads that compete for Python's lock delay each other by more than a short trace takes.
    """
    network = asked.model.config.network
    width = network.hidden_size * len(network.directions)
    rows = len(network.cell_definition.blocks) * width * network.layers
    work = rows * (network.inputs + network.hidden_size) + network.outputs * width  # of a step
    numbers = rows + network.outputs
    most = options.size  # as many as there are steps, or more: characters
    is_plain = not options.edits  # of which some run other texts
    if is_plain and most * numbers <= SHORT_NUMBERS and most * work <= SHORT_WORK:
        return answer(asked, options, headers)
    watch = watch_of(asked.state.settings)
    return await computed(asked.request, watch, answer, asked, options, headers)


def _answer(asked: Asked, options: Options, headers: Mapping[str, str]) -> Response:
    return _send(asked, _plan(asked, options), headers)


def _answer_unless_held(asked: Asked, options: Options, headers: Mapping[str, str]) -> Response:
    """Return 304 if If-None-Match says that the client holds the answer; a wrong request is refused before."""
    planned = _plan(asked, options)
    held = asked.request.headers.getlist("if-none-match")
    if held and asked.state.revalidation.is_current(headers["ETag"], held):
        # The compression completes Vary where it may compress, which it does not for a 304 without a body.
        vary = _VARY_OF_COMPRESSED if asked.form == JSON else _VARY
        return Response(status_code=304, headers={**headers, **vary})
    return _send(asked, planned, {**headers, **_VARY})


def _plan(asked: Asked, options: Options) -> TracePlan:
    for name in ("rows", "summary") if isinstance(options, TraceBody) and asked.form != JSON else ():
        if getattr(options, name):
            raise problems.invalid_request(name, f"it comes only as {JSON}, all at once; leave it out, or accept that")
    return plan_trace(asked.model, options, asked.state.settings, streamed=FORMS[asked.form].streamed)


def _send(asked: Asked, planned: TracePlan, headers: Mapping[str, str]) -> Response:
    form = FORMS[asked.form]
    if form.ending:
        edited = "-edited" if planned.edits.edits else ""
        name = f"gatescope-{planned.model.id}{edited}.{form.ending}"
        headers = {**headers, "Content-Disposition": _attachment(name)}
    if asked.is_head:  # without a length, which would have to be computed
        return StreamingResponse(iter([b""]), media_type=asked.form, headers=headers)
    asked.state.traces_run.inc()
    content = form.write(planned)
    if isinstance(content, bytes):
        return Response(content, media_type=asked.form, headers=headers)
    if isinstance(content, list):
        return in_parts(content, asked.form, headers)
    first = next(content)  # before the headers go out: an error in it can still become a problem
    return StreamingResponse(chain([first], content), media_type=asked.form, headers=headers)


def _attachment(name: str) -> str:
    """Return the Content-Disposition of a file to be saved as ``name`` (RFC 6266)."""
    quoted = quote(name)
    return f"attachment; filename*=UTF-8''{quoted}" if quoted != name else f'attachment; filename="{name}"'


def trace_json(model: Model, options: Options, settings: Settings) -> bytes:
    """Return the JSON of a ``TraceAnswer``. Raises a problem if the options do not fit the model or the limits."""
    return b"".join(plan_trace(model, options, settings).json())
