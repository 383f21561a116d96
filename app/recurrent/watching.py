"""Long work tells how far it is, and whoever watches it may stop it."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Watcher = Callable[[float | None], None]
Result = TypeVar("Result")

_watcher: ContextVar[Watcher | None] = ContextVar("watcher", default=None)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Let ``watcher`` be told of all work within this block, in this thread or task.

    It is given the share of the work that is done, in [0, 1], or None where that is not known. What it raises ends the
    work.
    """
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)


def tell(done: float | None = None) -> None:
    """Tell the watcher, if there is one, that work goes on, and which share of it is ``done`` if that is known."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(done)


def finished(steps: Generator[float, None, Result]) -> Result:
    """Do all of ``steps``, each of which yields the share that is done, and return their result."""
    while True:
        try:
            tell(next(steps))
        except StopIteration as end:
            result: Result = end.value
            return result
