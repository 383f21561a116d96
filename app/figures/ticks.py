"""The ticks of a sequence without words: numbers or labels of steps, as many as stand apart."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from .columns import Columns
from .subject import Subject
from .text_width import fitted, text_width

SIZE = 14.0
GAP = 9.0  # px, between two labels


def ticks_of(subject: Subject, columns: Columns) -> list[tuple[int, str, float]]:
    """Return the step, label and middle of each tick: at regular steps, as close as they are without an overlap.

    Numbers of steps are round; labels are taken from the first step on.
    """
    names = [fitted(word, SIZE, columns.width, bold=True) for word in subject.words]
    halves = np.array([text_width(name, SIZE, bold=True) / 2 for name in names])
    middles = np.clip(columns.centres, halves, columns.width - halves)
    has_labels = bool(subject.trace.tokens)
    start = 0 if has_labels else subject.trace.start
    for apart in count(1) if has_labels else _round_numbers():
        steps = list(range(-start % apart, len(names), apart)) or [0]
        if bool((np.diff(middles[steps]) >= halves[steps[:-1]] + halves[steps[1:]] + GAP).all()):
            break
    return [(t, names[t], float(middles[t])) for t in steps]


def _round_numbers() -> Iterator[int]:
    """Yield 1, 2, 5, 10, 20, 50 and so on."""
    return (digit * 10**power for power in count() for digit in (1, 2, 5))
