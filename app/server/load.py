"""What keeps a busy server answering: a bound on the requests under way, and on the time that a client may not read."""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..api.wire.problems import too_busy

ALWAYS_ANSWERED = frozenset({"/healthz", "/readyz", "/metrics"})
READ_WITHIN = 30.0  # seconds, for a client to take the part of an answer that is being sent


class LimitInFlight:
    """Answer 503 at once while as many requests as allowed are under way; health and metrics are always answered."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app, self.most, self.count = app, most, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in ALWAYS_ANSWERED:
            await self.app(scope, receive, send)
            return
        if self.count >= self.most:
            problem = too_busy(self.most)
            answer = JSONResponse(problem.marshal(), 503, problem.headers, "application/problem+json")
            await answer(scope, receive, send)
            return
        self.count += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.count -= 1


class CutSlowReaders:
    """End an answer whose client does not take the next part of it within ``READ_WITHIN`` seconds."""

    def __init__(self, app: ASGIApp, seconds: float = READ_WITHIN) -> None:
        self.app, self.seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            try:
                async with asyncio.timeout(self.seconds):
                    await send(message)
            except TimeoutError:
                raise ClientDisconnect from None

        await self.app(scope, receive, send_in_time if scope["type"] == "http" else send)
