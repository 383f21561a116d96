"""What happens to every request: HEAD is answered as GET, models are kept up to date, and headers are added."""

import time
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..api.wire.negotiation import IS_HEAD
from ..store.watched import WatchedStore

REFRESH_EVERY = 1.0  # seconds


class HeadAsGet:
    """Answer HEAD as GET, without the body. Behind this middleware only ``IS_HEAD`` tells them apart."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**scope, "method": "GET", IS_HEAD: True}, receive, send_without_body)


class WithHeaders:
    """Add the same headers to every response."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self.app = app
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *self.headers]}
            await send(message)

        await self.app(scope, receive, send_with_headers if scope["type"] == "http" else send)


class RefreshModels:
    """Keep ``app.state.store`` up to date with the folder of models.

    No thread watches the folder: a request that comes ``REFRESH_EVERY`` seconds or more after the last refresh triggers
    the next, in a worker thread, and sees its result. Requests that come meanwhile see the store as it was.
    """

    def __init__(self, app: ASGIApp, models: WatchedStore) -> None:
        self.app, self.models = app, models
        self._due, self._is_refreshing = 0.0, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_refreshing and time.monotonic() >= self._due:
            self._is_refreshing = True
            try:
                scope["app"].state.store = await run_in_threadpool(self.models.refresh)
            finally:
                self._due, self._is_refreshing = time.monotonic() + REFRESH_EVERY, False
        await self.app(scope, receive, send)
