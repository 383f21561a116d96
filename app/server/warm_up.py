"""What the first request would otherwise wait for, done while the server starts."""

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi_problem.error import Problem
from starlette.types import Message, Scope

from ..api.traces.outputs import shown_top
from ..api.traces.routes import trace_json
from ..api.traces.schemas import TraceBody
from ..api.wire.sequence import sample

# For /healthz, which the metrics do not count.
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
# For a model that cannot exist: the request is parsed and validated, and then refused without a trace.
_POST: Scope = {
    **_REQUEST,
    "method": "POST",
    "path": "/api/v1/models/./traces",
    "headers": [(b"content-type", b"application/json")],
}
LAST_ANSWERS = 1.0  # seconds
SWITCH = 0.0002  # seconds that a thread may compute while the event loop waits for Python's lock; usually 0.005
_STEPS = 20  # a usual length: matrix products of other sizes run other code


@asynccontextmanager
async def warmed(app: FastAPI) -> AsyncIterator[None]:
    """Trace a text with every cell and handle a request before ``app`` serves, and let it end its answers after it.

    This is its lifespan.
    """
    sys.setswitchinterval(SWITCH)
    models = {model.config.network.cell_definition: model for model in app.state.store.models.values()}
    for model in models.values():
        with suppress(Problem):  # the limits may exclude this length
            trace_json(
                model,
                TraceBody(**sample(model, _STEPS), top=shown_top(model.config.network.outputs)),
                app.state.settings,
            )
    with suppress(Problem):
        router = AsyncExitStackMiddleware(app.router)  # directly, so that the metrics do not count it
        await router({**_POST, "app": app}, _body, _ignore)
    await app(dict(_REQUEST), _body, _ignore)
    gc.collect()
    gc.freeze()  # what stays need not be looked through again and again, for some 50 ms each time
    yield
    # What was cancelled is still being answered: the event loop would end before.
    end = time.monotonic() + LAST_ANSWERS
    while app.state.in_flight and time.monotonic() < end:
        await asyncio.sleep(0.01)


async def _body() -> Message:
    return {"type": "http.request", "body": b'{"text": "a"}'}


async def _ignore(message: Message) -> None:
    pass
