"""Long work done in slices of a tenth of a second, so that it can stop between two of them, and tell how far it is.

It stops if the client has gone. Where JSON lines are accepted, the progress is sent.
"""

import time
from asyncio import Semaphore
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeVar

from prometheus_client import Counter
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from .encoding import dumps
from .negotiation import JSON, JSONL, Asked
from .openapi import schema_ref

SLICE = 0.1  # seconds

Result = TypeVar("Result")
Steps = Generator[float, None, Result]  # yields the share of its work that is done
Content = dict[str, Any]


@dataclass(frozen=True)
class Turns:
    """How many answers of a kind are computed at a time, and how many were abandoned."""

    free: Semaphore
    abandoned: Counter


def progress_lines(answer: type[BaseModel]) -> dict[str, Any]:
    """Return the description of an answer as JSON lines."""
    properties = {
        "done": {"type": "number", "description": "Share of the work that is done, in [0, 1]."},
        "answer": {"$ref": schema_ref(answer)["$ref"], "description": "Only in the last line."},
    }
    return {JSONL: {"schema": {"type": "object", "properties": properties, "required": ["done"]}}}


async def answer_in_slices(
    asked: Asked, steps: Steps[Result], content: Callable[[Result], Content], turns: Turns
) -> Response:
    """Do the work of ``steps`` in the form that was asked for: JSON, or JSON lines with the progress."""
    progress = in_slices(asked.request, steps, turns)
    if asked.form == JSONL:
        return ClosingResponse(lines(progress, content), media_type=JSONL)
    finished = [result async for _, result in progress if result is not None]
    if not finished:  # the client has gone, and nobody reads this
        return Response(status_code=499)
    return Response(dumps(await run_in_threadpool(content, finished[0])), media_type=JSON)


class ClosingResponse(StreamingResponse):
    """A stream that is closed when it ends or its client goes: no turn waits for the garbage collector."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            if isinstance(self.body_iterator, AsyncGenerator):
                await self.body_iterator.aclose()


async def lines(
    progress: AsyncGenerator[tuple[float, Result | None]], content: Callable[[Result], Content]
) -> AsyncIterator[bytes]:
    """Yield the progress as JSON lines, the answer in the last of them."""
    async with aclosing(progress):
        async for done, result in progress:
            line: Content = {"done": done}
            if result is not None:
                line["answer"] = await run_in_threadpool(content, result)
            yield dumps(line) + b"\n"


async def in_slices(
    request: Request, steps: Steps[Result], turns: Turns
) -> AsyncGenerator[tuple[float, Result | None]]:
    """Work slice by slice: yield the share that is done after each, and in the end the result with it.

    Ends without it if the client goes.
    """
    result = None
    try:
        async with turns.free:
            while result is None and not await request.is_disconnected():
                done, result = await run_in_threadpool(a_slice, steps)
                yield done, result
    finally:  # the framework cancels a stream
        if result is None:
            turns.abandoned.inc()


def a_slice(steps: Steps[Result]) -> tuple[float, Result | None]:
    """Work for ``SLICE`` seconds, or to the end: return the share that is done, and then the result."""
    end = time.monotonic() + SLICE
    try:
        done = next(steps)
        while time.monotonic() < end:
            done = next(steps)
    except StopIteration as finished:
        return 1.0, finished.value
    return done, None
