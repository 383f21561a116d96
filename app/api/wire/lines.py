"""Answers as JSON lines: the progress of work, and what ends with them."""

from collections.abc import AsyncGenerator, Awaitable, Callable

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from .negotiation import JSONL


class Lines(StreamingResponse):
    """A stream of JSON lines. ``end`` is awaited after the last, or when the client goes, and not left to chance."""

    def __init__(self, lines: AsyncGenerator[bytes], end: Callable[[], Awaitable[None]]) -> None:
        super().__init__(lines, media_type=JSONL)
        self.lines, self.end = lines, end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self.lines.aclose()
            await self.end()
