"""What an answer takes of the limits of a server, and of how many steps one fits."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from ...settings import Settings

Setting = Literal["max_values", "max_held"]


@dataclass(frozen=True)
class Demand:
    """How many numbers an answer takes of what a setting limits."""

    setting: Setting
    numbers: int
    what: str  # they are: "numbers sent"

    def limit(self, settings: Settings) -> int:
        """Return the most that the server takes."""
        limit: int = getattr(settings, self.setting)
        return limit


Demands = Iterable[Demand]


def passed(demands: Demands, settings: Settings) -> Demand | None:
    """Return the first of ``demands`` that passes its limit, or None."""
    return next((each for each in demands if each.numbers > each.limit(settings)), None)


def most_steps(steps: int, demands: Callable[[int], Demands], settings: Settings) -> int:
    """Return of how many steps an answer fits, of ``steps`` at most; 0: not even of one.

    ``demands`` gives those of an answer over so many steps. None may take less than one over fewer steps.
    """
    return most(steps, lambda count: passed(demands(count), settings) is None)


def most(steps: int, fits: Callable[[int], bool]) -> int:
    """Return the most steps that fit, of ``steps`` at most, where fewer do if some do; 0: not even one."""
    fitting, too_many = 0, steps + 1
    while too_many - fitting > 1:
        middle = steps if too_many > steps else (fitting + too_many) // 2  # all of them first
        if fits(middle):
            fitting = middle
        else:
            too_many = middle
    return fitting


def how_many_fit(fits: int, steps: int) -> str:
    """Return of how many of ``steps`` an answer fits, as a clause."""
    if fits == 0:
        return "not even one step fits"
    return f"{fits:,} of {steps:,} steps fit{'s' if fits == 1 else ''}"
