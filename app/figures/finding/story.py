"""The decisive step of a verdict, the word whose push moved it most, and the push that faded before."""

from dataclasses import dataclass

import numpy as np

from ..subject import Subject

MUCH = 0.1  # by how much a probability moves where something happens
NEW = 0.5  # of the memory, from which a word "becomes" its memory
FADE = 0.6  # logit, by which a push fades at one step where that is told
CLEAR = 0.9  # the probability from which a verdict is clear, so that no step counts beyond it
SECOND = 0.2  # of a step of the logit, from which its second largest term is told
OF_PUSH = 0.3  # and which part of the push that must be at least


@dataclass(frozen=True)
class Fade:
    """A push against the final side that weakens at one step."""

    step: int
    column: int
    before: float
    after: float


@dataclass(frozen=True)
class Story:
    """What moved the verdict.

    The step is the largest of the logit toward the final side since the verdict last changed sides, among those that
    move the probability by ``MUCH``; if none does, it is the one that moves the probability most. A step counts as far
    as the verdict is not yet ``CLEAR``.
    """

    step: int
    column: int | None  # of the decomposition: the largest term of that step; None: there are no shares
    second: int | None  # the next largest, if it is at least ``SECOND`` of the step
    fade: Fade | None


def story_of(subject: Subject) -> Story | None:
    """Return the story of a verdict; None without one."""
    logits = subject.logits
    if logits is None:
        return None
    side = 1.0 if logits[-1] >= 0 else -1.0
    start = subject.parts.bias if subject.parts is not None and subject.parts.bias is not None else 0.0
    most = float(np.log(CLEAR / (1 - CLEAR)))
    steps, moves = (
        side * np.diff(np.clip(logits, -most, most), prepend=np.clip(start, -most, most)),
        side * subject.steps,
    )
    others = np.flatnonzero(side * logits < 0)
    since = int(others[-1]) + 1 if len(others) else 0
    moves_much = moves[since:] >= MUCH
    step = since + int(np.argmax(np.where(moves_much, steps[since:], 0) if moves_much.any() else moves[since:]))
    if subject.shares is None or not subject.is_whole:
        return Story(step, None, None, None)
    shares = side * subject.shares
    before = shares[step - 1] if step else np.zeros_like(shares[0])
    terms = shares[step] - before
    second, first = np.argsort(terms)[-2:].tolist()
    is_large = terms[second] >= SECOND * terms.sum()
    return Story(step, first, second if is_large else None, _fade(subject, side, step))


def _fade(subject: Subject, side: float, step: int) -> Fade | None:
    """Return the largest fade before ``step`` of a word's push against ``side``; None in a text of characters.

    A character is one of many, and what is left of it seldom says anything.
    """
    shares = subject.shares
    if shares is None or step < 2 or subject.terms.is_character:
        return None
    against = np.maximum(-side * shares[:step, : len(subject)], 0)
    fades = against[:-1] - against[1:]
    at, column = np.unravel_index(int(np.argmax(fades)), fades.shape)
    if fades[at, column] < max(FADE, OF_PUSH * against[at, column]):
        return None
    return Fade(int(at) + 1, int(column), float(shares[at, column]), float(shares[at + 1, column]))
