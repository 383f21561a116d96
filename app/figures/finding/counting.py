"""Whether a text is counted: two symbols push the verdict to opposite sides, each time by the same amount."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from ..subject import Subject

LEAST = 1.0  # logit, that a symbol pushes each time
ALIKE = 0.15  # by which pushes that count as equal may differ from their median
EXCEPTIONS = 1  # of each symbol, such as the first one
REST = 0.1  # of all pushes, that other symbols may have together


@dataclass(frozen=True)
class Count:
    """Two symbols that are counted, up and down."""

    up: str  # pushes to the side of 1
    down: str
    size: float  # of a push, in logit
    exceptions: int  # of both symbols, that push otherwise
    balances: bool
    """Whether the verdict changes to its positive side at the last step."""


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
    values = verdict.values
    balances = bool(values[-1] >= 0.5 > values[-2])
    unlike = sum(_unlike(pushes[word], sizes[word]) for word in (up, down))
    return Count(up, down, size, unlike, balances)


def _equal_push(pushes: list[float]) -> float | None:
    """Return the push that those of one symbol have in common; None if there is none."""
    median = float(np.median(pushes))
    is_common = len(pushes) > 1 and abs(median) >= LEAST and _unlike(pushes, median) <= EXCEPTIONS
    return median if is_common else None


def _unlike(pushes: list[float], size: float) -> int:
    """Return how many pushes differ from ``size``."""
    return sum(abs(each - size) > ALIKE * abs(size) for each in pushes)
