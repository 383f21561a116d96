"""The one way in which a time is measured: contestants in turn, in blocks, and the median of the rounds."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from time import perf_counter
from timeit import Timer
from typing import TypeVar

import torch

Name = TypeVar("Name")

BLOCK = (
    0.005  # seconds that a contestant runs for at a stretch: long beside a switch of caches, short beside a disturbance
)
LEAST_ROUNDS = 5


def interleave(contestants: Mapping[Name, Callable[[], object]], budget: float) -> dict[Name, float]:
    """Median seconds of a call of each of ``contestants``, over as many rounds as ``budget`` seconds hold, or 5.

    In each round every contestant runs for a block of calls, so that whatever else the machine does meets all of them.
    A result is dropped at once: to keep it would make the next call touch fresh memory. Garbage is not collected.
    """
    timers = {name: Timer(call) for name, call in contestants.items()}
    calls = {name: calls_in_a_block(timer) for name, timer in timers.items()}
    rounds: list[dict[Name, float]] = []
    end = perf_counter() + budget
    while len(rounds) < LEAST_ROUNDS or perf_counter() < end:
        rounds.append({name: timer.timeit(calls[name]) / calls[name] for name, timer in timers.items()})
    return {name: median(each[name] for each in rounds) for name in timers}


def calls_in_a_block(timer: Timer) -> int:
    """The least power of two of calls that fills a block, after one call that warms up."""
    timer.timeit(1)
    calls = 1
    while timer.timeit(calls) < BLOCK:
        calls *= 2
    return calls


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let PyTorch use ``count`` threads within."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
