"""What happens to every request on its way in: HEAD is answered as GET, and the models are kept up to date."""

import time

from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..store.watched import Shelf

EVERY = 1.0  # seconds between two looks


class HeadAsGet:
    """Answers HEAD as GET, without the body; nothing behind it, the metrics included, knows HEAD."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**scope, "method": "GET"}, receive, send_without_body)


class Reload:
    """Sees to it that ``app.state.store`` is what ``shelf`` finds; an ASGI middleware."""

    def __init__(self, app: ASGIApp, shelf: Shelf) -> None:
        self.app, self.shelf = app, shelf
        self._due, self._is_looking = 0.0, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_looking and time.monotonic() >= self._due:
            self._is_looking = True
            try:
                scope["app"].state.store = await run_in_threadpool(self.shelf.look)
            finally:
                self._due, self._is_looking = time.monotonic() + EVERY, False
        await self.app(scope, receive, send)
