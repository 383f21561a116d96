"""Whether a text is counted: two symbols push the verdict to opposite sides, each time by much the same amount."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..subject import Array, Subject

LEAST = 1.0  # logit, that a symbol pushes each time
ALIKE = 0.15  # by which pushes of one symbol may differ from their median
EQUAL = 0.1  # by which the sizes of all pushes may differ from their median where they are called about equal
EXCEPTIONS = 1  # of each symbol, such as the first one
BALANCE = 0.1  # of the largest push, up to which the sum of all pushes counts as balanced
REST = 0.1  # of all pushes, that other symbols may have together


@dataclass(frozen=True)
class Count:
    """Two symbols that are counted, up and down."""

    up: str  # pushes to the side of 1
    down: str
    least: float  # of the sizes of all their pushes, in logit
    most: float
    common: float | None  # the median size, if all but one are within EQUAL of it
    exceptions: int  # how many are not: 0 or 1
    turns: bool
    """Whether the verdict changes to its positive side at the last step."""
    sum_at_the_end: Literal["balances", "tips", ""]
    """Whether the sum of all pushes is about 0 at the last step, or changes its sign there."""


def count_of(subject: Subject) -> Count | None:
    """Return what is counted; None if that cannot be said of this text."""
    shares, verdict = subject.shares, subject.verdict
    if shares is None or verdict is None or not subject.is_whole or not subject.terms.is_character or len(subject) < 4:
        return None
    pushes = defaultdict[str, list[float]](list)
    for word, push in zip(subject.words, shares[-1, : len(subject)].tolist(), strict=True):
        pushes[word].append(push)
    sizes = {word: size for word, each in pushes.items() if (size := _equal_push(each)) is not None}
    if len(sizes) != 2:
        return None
    down, up = sorted(sizes, key=sizes.__getitem__)
    if not sizes[down] < 0 < sizes[up]:
        return None
    total = float(np.abs(shares[-1]).sum())
    rest = total - sum(abs(each) for word in (up, down) for each in pushes[word])
    size = (sizes[up] - sizes[down]) / 2
    if rest > REST * total or abs(sizes[up] + sizes[down]) > 2 * ALIKE * size:
        return None
    each_size = np.abs([push for word in (up, down) for push in pushes[word]])
    common = float(np.median(each_size))
    exceptions = _unlike(each_size.tolist(), common, EQUAL)
    return Count(
        up,
        down,
        float(each_size.min()),
        float(each_size.max()),
        common if exceptions <= 1 else None,
        exceptions if exceptions <= 1 else 0,
        bool(verdict.values[-1] >= 0.5 > verdict.values[-2]),
        _sum_at_the_end(shares),
    )


def _sum_at_the_end(shares: Array) -> Literal["balances", "tips", ""]:
    """Return what the sum of all pushes (T, K) does at the last step."""
    before, after = shares[-2:].sum(axis=1)
    if abs(after) <= BALANCE * np.abs(shares[-1]).max():
        return "balances"
    return "tips" if before * after < 0 else ""


def _equal_push(pushes: list[float]) -> float | None:
    """Return the push that those of one symbol have in common; None if there is none."""
    median = float(np.median(pushes))
    is_common = len(pushes) > 1 and abs(median) >= LEAST and _unlike(pushes, median) <= EXCEPTIONS
    return median if is_common else None


def _unlike(pushes: list[float], size: float, within: float = ALIKE) -> int:
    """Return how many pushes differ from ``size`` by more than a share of it."""
    return sum(abs(each - size) > within * abs(size) for each in pushes)
