"""What a first request would otherwise wait for, done while the server starts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import Message, Scope

from .recurrent.tokenizer import Token
from .recurrent.trace import trace

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


@asynccontextmanager
async def warmed(app: FastAPI) -> AsyncIterator[None]:
    """The life of an application that has traced one token by every cell and answered one request before it serves."""
    models = {model.config.network.cell_definition: model for model in app.state.store.models.values()}
    for model in models.values():
        trace(model.network, [Token("", 0, 0, 0, known=False)], engine=app.state.settings.engine)
    await app(dict(_REQUEST), _no_body, _ignore)
    yield


async def _no_body() -> Message:
    return {"type": "http.request"}


async def _ignore(message: Message) -> None:
    pass
