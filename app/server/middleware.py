"""What happens to every request: HEAD is answered as GET, models are kept up to date, and headers are added."""

import asyncio
import logging
import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..api.wire.negotiation import IS_HEAD
from ..store.watched import WatchedStore

REFRESH_EVERY = 1.0  # seconds
PATIENCE = 0.2  # seconds that a request waits for a refresh: enough for the models that are shipped

logger = logging.getLogger(__name__)


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

    No thread watches the folder: a request that comes ``REFRESH_EVERY`` seconds or more after the last refresh starts
    the next, in a thread of its own. It sees the result if that takes no longer than ``PATIENCE``, as it does unless
    models are large or many; otherwise it sees the models that were complete by then. Requests that come meanwhile do
    not wait.
    """

    def __init__(self, app: ASGIApp, models: WatchedStore) -> None:
        self.app, self.models = app, models
        self._due, self._is_refreshing = 0.0, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if not self._is_refreshing and time.monotonic() >= self._due:
                await self._refresh()
            scope["app"].state.store = self.models.store
        await self.app(scope, receive, send)

    async def _refresh(self) -> None:
        """Start a refresh, and return when it has ended, or after ``PATIENCE``."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()

        def refresh() -> None:
            try:
                self.models.refresh()
            except Exception:
                logger.exception("the models could not be refreshed; those that are loaded serve")
            finally:
                self._due, self._is_refreshing = time.monotonic() + REFRESH_EVERY, False
                with suppress(RuntimeError):  # the loop is closed, since the server has ended
                    loop.call_soon_threadsafe(ended.set)

        self._is_refreshing = True
        try:
            # A daemon, so that the end of the server does not wait for a large model. Not from the pool of the
            # requests, which may all be busy.
            threading.Thread(target=refresh, name="refresh of the models", daemon=True).start()
        except RuntimeError:  # the system has no thread to spare
            self._due, self._is_refreshing = time.monotonic() + REFRESH_EVERY, False
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), PATIENCE)
