"""Work in threads: a few at a time, for as long as a setting allows, and only while its client waits."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import ClientDisconnect, Request

from ...recurrent.watching import watched_by
from ...settings import Settings
from . import problems

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

AT_ONCE = max(2, os.cpu_count() or 1)
"""Threads at a time that compute what is short; other work waits. More would only compete for Python's lock."""


@dataclass
class Watch:
    """What is told how far a piece of work is, and ends it when its time is over or its client has gone.

    Time passes only while work is done, not while it waits for its turn.
    """

    seconds: float
    how_much_fits: Callable[[float], str] = lambda _: "Send a shorter text"
    """What to do instead, from the share that was done in time."""
    done: float = 0.0
    spent: float = 0.0
    has_gone: bool = False
    has_turn: bool = False
    """Whether the work took a turn before, and so waits for no thread, nor keeps one from what is short."""
    _began: float = field(default_factory=monotonic)

    def begin(self) -> None:
        """Let time pass from now on."""
        self._began = monotonic()

    def pause(self) -> None:
        """Let no time pass until the work goes on."""
        self.spent += monotonic() - self._began

    def __call__(self, done: float | None) -> None:
        """Note the share that is done. Raises ClientDisconnect, or a problem if the time is over."""
        if done is not None:
            self.done = done
        if self.has_gone:
            raise ClientDisconnect
        if self.spent + monotonic() - self._began > self.seconds:
            raise problems.out_of_time(self.seconds, self.done, self.how_much_fits(self.done))


def watch_of(settings: Settings, how_much_fits: Callable[[float], str] | None = None) -> Watch:
    """Return a watch over the time that the settings give to an answer."""
    return Watch(settings.max_seconds) if how_much_fits is None else Watch(settings.max_seconds, how_much_fits)


async def computed(
    request: Request, watch: Watch, work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Return what ``work`` returns, done in a thread.

    Raises a problem if it takes too long, and ClientDisconnect if the client goes before it is done.
    """

    def run() -> Result:
        watch.begin()
        try:
            with watched_by(watch):
                watch(None)
                return work(*args, **kwargs)
        finally:
            watch.pause()

    async with client_watched(request, watch):
        try:
            limiter = None if watch.has_turn else limiter_of(request)
            return await run_sync(run, limiter=limiter, abandon_on_cancel=True)
        except asyncio.CancelledError:  # the server stops: the thread ends when it next tells how far it is
            watch.has_gone = True
            raise


def limiter_of(request: Request) -> CapacityLimiter:
    """Return what limits the threads that compute for one application; made once there is an event loop."""
    state = request.app.state
    if not hasattr(state, "computing"):
        state.computing = CapacityLimiter(AT_ONCE)
    limiter: CapacityLimiter = state.computing
    return limiter


@asynccontextmanager
async def client_watched(request: Request, watch: Watch) -> AsyncIterator[None]:
    """Tell ``watch`` within this block when the client of a request goes."""

    async def wait_until_gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        watch.has_gone = True

    waiting = asyncio.create_task(wait_until_gone())
    try:
        yield
    finally:
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting
