"""What a first request would otherwise wait for, done while the server starts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi_problem.error import Problem
from starlette.types import Message, Scope

from ..api.traces.routes import trace_json
from ..api.traces.schemas import TraceOptions

# Health is asked, since the metrics do not count it.
_REQUEST: Scope = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/healthz",
    "query_string": b"",
    "headers": [],
    "client": None,
    "server": None,
}
# Of a model that there cannot be: what reads a request is made, and nothing is traced.
_POST: Scope = {
    **_REQUEST,
    "method": "POST",
    "path": "/api/v1/models/./traces",
    "headers": [(b"content-type", b"application/json")],
}
_TEXT = "a " * 20  # of the length that is usual: shorter products take other ways


@asynccontextmanager
async def warmed(app: FastAPI) -> AsyncIterator[None]:
    """The life of an application that has traced a text by every cell and read a request before it serves."""
    models = {model.config.network.cell_definition: model for model in app.state.store.models.values()}
    for model in models.values():
        with suppress(Problem):  # limits may be set below that text
            trace_json(model, TraceOptions(text=_TEXT), app.state.settings)
    with suppress(Problem):
        behind_the_metrics = AsyncExitStackMiddleware(app.router)
        await behind_the_metrics({**_POST, "app": app}, _body, _ignore)
    await app(dict(_REQUEST), _body, _ignore)
    yield


async def _body() -> Message:
    return {"type": "http.request", "body": b'{"text": "a"}'}


async def _ignore(message: Message) -> None:
    pass
