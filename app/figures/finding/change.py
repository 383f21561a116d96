"""What an edit changes: the verdict with it and without it, and the push that changed most."""

import numpy as np

from ..numbers import plain
from ..subject import Subject
from .edit_words import with_edits
from .statement import Finding, Spot, finding

LITTLE = 0.01  # of the probability
GONE = 0.25  # of what was written at a word, below which that counts as gone
NOTHING = 0.01


def change_of(subject: Subject, before: Subject) -> Finding | None:
    """Return what an edit changes; ``before`` is the same text without it. None without a verdict."""
    verdict, without = subject.verdict, before.verdict
    if verdict is None or without is None:
        return None
    last, edits = len(subject) - 1, with_edits(subject.trace.edits, subject)
    now, then = float(verdict.values[-1]), float(without.values[-1])
    yours = "your changes" if len(subject.trace.edits) > 1 else "your change"
    if abs(now - then) < LITTLE:
        told = (f"it ends at {plain(now)}", Spot("verdict", last))
        return finding("edit", f"{edits} the verdict hardly moves: ", told, f", without {yours} at {plain(then)}.")
    ends = (f"the verdict is {plain(now)}", Spot("verdict", last))
    return finding("edit", f"{edits} ", ends, f", without {yours} {plain(then)}.", also=_pushes(subject, before))


def _pushes(subject: Subject, before: Subject) -> tuple[str | tuple[str, Spot], ...]:
    """Return the word whose push at the end changed most, and what has become of what was written at it."""
    if subject.shares is None or before.shares is None or subject.parts is None or before.parts is None:
        return ()
    last, words = len(subject) - 1, len(subject)
    now, then = subject.shares[-1, :words], before.shares[-1, :words]
    k = int(np.argmax(np.abs(now - then)))
    left = float(subject.parts.amounts[k, k]) / float(before.parts.amounts[k, k] or 1)
    if left <= GONE:
        amount = "Nothing" if left < NOTHING else "Little"
        return (" ", (f"{amount} is written at {subject.named(k)}", Spot("band", k, k)), " now.")
    told = f"What it writes at {subject.named(k)}" if k == last else f"What it wrote at {subject.named(k)}"
    if now[k] * then[k] < 0:
        moved = "now pushes the other way"
    else:
        moved = f"now pushes {'more' if abs(now[k]) > abs(then[k]) else 'less'}"
    return (f" {told} ", (moved, Spot("band", last, k)), ".")
