"""The words of a long text that are named over its columns: those that matter, in two lines, so that none overlap."""

from collections.abc import Sequence

import numpy as np

from .bands import word_names, words_in
from .columns import Columns
from .finding.statement import Finding
from .subject import Subject
from .text_width import fitted, text_width

SIZE = 14.0
GAP = 7.0
LINES = 2
FEW = 24  # steps, up to which all words are named that have room
TELLING = 0.2  # of the largest step of the logit, from which a word is named


def key_words(subject: Subject, finding: Finding, columns: Columns, chosen: int) -> list[tuple[int, str, float, int]]:
    """Return the step, the word, its middle and its line, for each word that is named."""
    starts = words_in(subject) if subject.verdict is None else np.arange(len(subject))
    names = [fitted(name, SIZE, columns.width, bold=True) for name in word_names(subject, starts)]
    taken: list[list[tuple[float, float]]] = [[] for _ in range(LINES)]
    placed = []
    for word in _ranked(subject, finding, starts.tolist(), chosen):
        first, last = int(starts[word]), int(starts[word + 1] if word + 1 < len(starts) else len(subject)) - 1
        half = text_width(names[word], SIZE, bold=True) / 2
        middle = float(columns.edges[first] + columns.edges[last + 1]) / 2
        x = min(max(middle, half), columns.width - half)
        for line, others in enumerate(taken):
            if all(abs(x - other) >= half + width + GAP for other, width in others):
                others.append((x, half))
                placed.append((last, names[word], x, line))
                break
    return placed


def _ranked(subject: Subject, finding: Finding, starts: Sequence[int], chosen: int) -> list[int]:
    """Return the words in the order in which they are placed: what the finding speaks of, then the largest steps."""
    steps = [chosen, *(spot.step for spot in finding.spots), *(s.column for s in finding.spots if s.kind == "band")]
    of_step = np.searchsorted(starts, np.arange(len(subject)), side="right") - 1
    if subject.logits is None:
        return list(dict.fromkeys([*(int(of_step[t]) for t in steps if t < len(subject)), *range(len(starts))]))
    if len(subject) <= FEW:
        return list(range(len(starts)))
    moves = np.abs(np.diff(subject.logits, prepend=subject.logits[0]))
    is_word = np.array([any(each.isalnum() for each in word) for word in subject.words])
    ranked = np.argsort(-moves, kind="stable").tolist()
    steps += [t for t in ranked if is_word[t] and moves[t] >= TELLING * moves.max()]
    return list(dict.fromkeys(int(of_step[t]) for t in steps if t < len(subject)))
