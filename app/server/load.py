"""What keeps a server answering while it is busy, and until it stops."""

import asyncio

from fastapi_problem.error import Problem
from starlette.datastructures import State
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..api.wire.problems import stopping, too_busy
from ..api.wire.root import is_upload, path_below_root

ALWAYS_ANSWERED = frozenset({"/healthz", "/readyz", "/metrics"})
BODY_WITHIN = 30.0  # seconds, for a client to send the body of a request
PIECE = 1_000_000  # bytes of an upload, for each of which there is that time
READ_WITHIN = 30.0  # seconds, for a client to take the part of an answer that is being sent


class LimitInFlight:
    """Answer 503 at once while as many requests as allowed are under way; health and metrics are always answered."""

    def __init__(self, app: ASGIApp, most: int, state: State) -> None:
        self.app, self.most, self.state = app, most, state
        state.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or path_below_root(scope) in ALWAYS_ANSWERED:
            await self.app(scope, receive, send)
            return
        if self.state.in_flight >= self.most:
            await _answer_of(too_busy(self.most))(scope, receive, send)
            return
        self.state.in_flight += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self.state.in_flight -= 1


class CutSlowClients:
    """End a request whose client does not send its body within ``BODY_WITHIN``, or read its answer.

    An upload has that time for each ``PIECE``; for each part of an answer a client has ``READ_WITHIN``.
    """

    def __init__(self, app: ASGIApp, body: float = BODY_WITHIN, read: float = READ_WITHIN) -> None:
        self.app, self.body, self.read = app, body, read

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_body = False
        end = asyncio.get_running_loop().time() + self.body
        sent, pieces, may_be_long = 0, 0, is_upload(scope)

        async def receive_in_time() -> Message:
            nonlocal has_body, end, sent, pieces
            if has_body:  # what comes now is that the client leaves
                return await receive()
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                raise ClientDisconnect from None
            has_body = not message.get("more_body", False)
            sent += len(message.get("body", b""))
            if may_be_long:
                end += self.body * (sent // PIECE - pieces)
                pieces = sent // PIECE
            return message

        async def send_in_time(message: Message) -> None:
            try:
                async with asyncio.timeout(self.read):
                    await send(message)
            except TimeoutError:
                raise ClientDisconnect from None

        await self.app(scope, receive_in_time, send_in_time)


class AnswerWhenStopped:
    """Answer 503 to a request that is cancelled because the server stops; what was begun breaks off."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        has_begun = False

        async def send_noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            await self.app(scope, receive, send_noted)
        except asyncio.CancelledError:
            if not has_begun:
                await _answer_of(stopping())(scope, receive, send)


def _answer_of(problem: Problem) -> JSONResponse:
    return JSONResponse(problem.marshal(), problem.status, problem.headers, "application/problem+json")
