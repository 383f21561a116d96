"""Compute in the precision of the numbers themselves, even within torch.autocast."""

from collections.abc import Callable, Generator
from functools import wraps
from inspect import isgeneratorfunction
from typing import Any, ParamSpec, TypeVar, cast

import torch

P = ParamSpec("P")
R = TypeVar("R")


def in_full_precision(function: Callable[P, R]) -> Callable[P, R]:
    """Switch autocast on the CPU off within ``function``, and within each step of a generator."""
    if not isgeneratorfunction(function):
        return cast("Callable[P, R]", torch.autocast("cpu", enabled=False)(function))

    @wraps(function)
    def stepped(*args: P.args, **kwargs: P.kwargs) -> Generator[Any, None, Any]:
        steps = function(*args, **kwargs)
        while True:
            with torch.autocast("cpu", enabled=False):
                try:
                    value = next(steps)
                except StopIteration as end:
                    return end.value
            yield value

    return cast("Callable[P, R]", stepped)
