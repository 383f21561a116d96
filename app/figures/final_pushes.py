"""How the pushes at the end add up to the logit of the verdict: the largest by name, the rest, and the bias."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .blocks import pushes_of
from .subject import Subject

NAMED = 3
LEAST = 0.1  # logit: a smaller push is not named


class FinalPushes(NamedTuple):
    """The parts of a logit; they add up to it."""

    named: Sequence[tuple[str, float]]  # words and their pushes, in the order of the text
    rest: float | None  # of everything else in the memory; None: the memory has no parts
    bias: float  # of the head, and, where the head reads the other direction too, what that pushes


def final_pushes(subject: Subject) -> FinalPushes:
    """Return what pushes the verdict at the last step. Raises ValueError where there is no verdict."""
    if subject.logits is None:
        raise ValueError("there is no verdict that something pushes")
    logit = float(subject.logits[-1])
    if subject.shares is None:
        whole = 0.0 if (pushes_of_all := pushes_of(subject)) is None else float(pushes_of_all[-1])
        return FinalPushes([("all of h", whole)], None, logit - whole)
    pushes = subject.shares[-1]
    largest = np.argsort(-np.abs(pushes[: len(subject)]), kind="stable")[:NAMED].tolist()
    named = [(subject.words[k], float(pushes[k])) for k in sorted(largest) if abs(pushes[k]) >= LEAST]
    total = float(pushes.sum())
    return FinalPushes(named, total - sum(push for _, push in named), logit - total)
