"""What an edit changes: the verdict with it and without it, and the push that changed most."""

import numpy as np

from ..numbers import plain, signed
from ..subject import Subject
from .statement import Finding, Spot, finding

LITTLE = 0.01  # of the probability


def change_of(subject: Subject, before: Subject) -> Finding | None:
    """Return what an edit changes; ``before`` is the same text without it. None without a verdict."""
    verdict, without = subject.verdict, before.verdict
    if verdict is None or without is None:
        return None
    last = len(subject) - 1
    now, then = float(verdict.values[-1]), float(without.values[-1])
    if abs(now - then) < LITTLE:
        told = (f"it ends at {plain(now)}", Spot("verdict", last))
        return finding("edit", "Your change hardly moves the verdict: ", told, f"; without it, at {plain(then)}.")
    ends = (f"the verdict ends at {plain(now)}", Spot("verdict", last))
    return finding("edit", "With your change ", ends, f"; without it, at {plain(then)}.", also=_pushes(subject, before))


def _pushes(subject: Subject, before: Subject) -> tuple[str | tuple[str, Spot], ...]:
    """Return the word whose push at the end changed most, with the push that it has now."""
    if subject.shares is None or before.shares is None:
        return ()
    last, words = len(subject) - 1, len(subject)
    changes = np.abs(subject.shares[-1, :words] - before.shares[-1, : len(before)])
    k = int(np.argmax(changes))
    now = float(subject.shares[-1, k])
    told = f"What it writes at {subject.named(k)}" if k == last else f"What it wrote at {subject.named(k)}"
    return (f" {told} ", (f"now pushes {signed(now, 1)}", Spot("band", last, k)), ".")
