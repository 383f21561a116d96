"""Long work done in slices of a tenth of a second, so that its progress can be sent between two of them.

It takes its turn before anything is computed, and stops if its time is over or its client goes.
"""

import time
from asyncio import Semaphore
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from fastapi_problem.error import Problem
from prometheus_client import Counter
from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from ...recurrent.watching import tell
from .computing import Watch, computed, watch_of
from .encoding import dumps, json_parts
from .lines import Lines
from .negotiation import JSON, JSONL, Asked
from .openapi import schema_ref
from .parts import in_parts
from .schemas import ProblemDetails

SLICE = 0.1  # seconds

Plan = TypeVar("Plan")
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
        "problem": {
            "$ref": schema_ref(ProblemDetails)["$ref"],
            "description": "In the place of an answer: what ended the work.",
        },
    }
    return {JSONL: {"schema": {"type": "object", "properties": properties, "required": ["done"]}}}


class _Turn:
    """A turn that was taken. It ends once; work that is not finished then counts as abandoned."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns
        self._has_ended = False
        self.is_finished = False

    @classmethod
    async def take(cls, turns: Turns) -> "_Turn":
        """Wait until a turn is free, and take it."""
        await turns.free.acquire()
        return cls(turns)

    async def end(self) -> None:
        """Let the next one begin."""
        if self._has_ended:
            return
        self._has_ended = True
        self._turns.free.release()
        if not self.is_finished:
            self._turns.abandoned.inc()


async def answer_in_slices(
    asked: Asked,
    plan: Callable[[], Plan],
    steps_of: Callable[[Plan], Steps[Result]],
    content: Callable[[Result], Content],
    turns: Turns,
    how_much_fits: Callable[[Plan, float], str],
) -> Response:
    """Plan a piece of work and do its steps, in the form that was asked for: JSON, or JSON lines with the progress.

    ``how_much_fits`` says what would be done in time, from a plan and the share of it that was. Raises the problem that
    planning raises, or that of work that takes too long: in JSON lines, the last of them tells it.
    """
    watch = watch_of(asked.state.settings)
    turn, is_streamed = await _Turn.take(turns), False
    watch.has_turn = True
    try:
        planned = await computed(asked.request, watch, plan)
        watch.how_much_fits = lambda done: how_much_fits(planned, done)
        progress = _in_slices(asked, steps_of(planned), watch)
        if asked.form == JSONL:
            is_streamed = True
            return Lines(_lines(asked, progress, content, watch, turn), turn.end)
        result = [result async for _, result in progress][-1]
        parts = await computed(asked.request, watch, lambda: json_parts(content(result)))  # type: ignore[arg-type]
        turn.is_finished = True
        return in_parts(parts, JSON)
    except Problem:
        turn.is_finished = True
        raise
    finally:
        if not is_streamed:
            await turn.end()


async def _lines(
    asked: Asked,
    progress: AsyncIterator[tuple[float, Result | None]],
    content: Callable[[Result], Content],
    watch: Watch,
    turn: _Turn,
) -> AsyncGenerator[bytes]:
    """Yield the progress as JSON lines, the answer in the last of them, or the problem that ends the work."""
    done = 0.0
    try:
        async for done, result in progress:
            if result is None:
                yield dumps({"done": done}) + b"\n"
            else:
                last = partial(_last_line, done, content, result)
                for part in await computed(asked.request, watch, last):
                    yield part
                yield b"\n"
    except Problem as problem:
        yield dumps({"done": done, "problem": problem.marshal()}) + b"\n"
    except ClientDisconnect:
        return
    turn.is_finished = True


def _last_line(done: float, content: Callable[[Result], Content], result: Result) -> list[bytes]:
    return json_parts({"done": done, "answer": content(result)})


async def _in_slices(asked: Asked, steps: Steps[Result], watch: Watch) -> AsyncIterator[tuple[float, Result | None]]:
    """Work slice by slice: yield the share that is done after each, and in the end the result with it."""
    result = None
    while result is None:
        done, result = await computed(asked.request, watch, _a_slice, steps)
        yield done, result


def _a_slice(steps: Steps[Result]) -> tuple[float, Result | None]:
    """Work for ``SLICE`` seconds, or to the end: return the share that is done, and then the result."""
    end = time.monotonic() + SLICE
    try:
        tell(done := next(steps))
        while time.monotonic() < end:
            tell(done := next(steps))
    except StopIteration as finished:
        return 1.0, finished.value
    return done, None
