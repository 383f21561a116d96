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
    others: Sequence[tuple[str, float]]  # the rest of the memory, what the head reads elsewhere, and its bias


def final_pushes(subject: Subject) -> FinalPushes:
    """Return what pushes the verdict at the last step. Raises ValueError where there is no verdict."""
    if subject.logits is None:
        raise ValueError("there is no verdict that something pushes")
    logit, parts = float(subject.logits[-1]), subject.parts
    if parts is None or subject.shares is None or parts.bias is None:
        whole = 0.0 if (pushes_of_all := pushes_of(subject)) is None else float(pushes_of_all[-1])
        return FinalPushes([("all of h", whole)], [("bias", logit - whole)])
    pushes = subject.shares[-1]
    largest = np.argsort(-np.abs(pushes[: len(subject)]), kind="stable")[:NAMED].tolist()
    named = [(subject.words[k], float(pushes[k])) for k in sorted(largest) if abs(pushes[k]) >= LEAST]
    total = float(pushes.sum())
    others = [("the rest", total - sum(push for _, push in named))]
    if not subject.is_whole:
        others.append(("the other direction", logit - total - parts.bias))
    return FinalPushes(named, [*others, ("bias", parts.bias)])
