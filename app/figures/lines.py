"""The memory as a list of lines, one for each word: the text equivalent of the picture."""

import numpy as np

from .numbers import percent, plain, safe, signed
from .subject import Subject

LARGEST = 3  # words named in a line
LEAST = 0.05  # of the memory, for a word that is named


def lines_html(subject: Subject) -> str:
    """Return an ordered list with what the memory holds after each word."""
    lines = "".join(f"<li>{safe(line_of(subject, t))}</li>" for t in range(len(subject)))
    return f'<ol class="visually-hidden lines">{lines}</ol>'


def line_of(subject: Subject, t: int) -> str:
    """Return what happens at a step, in words."""
    told = [each.told(t) for each in subject.inputs]
    told += [f"{row.role.verb} {plain(row.means[t])}" for row in subject.rows]
    if (parts := subject.parts) is not None:
        if np.isfinite(parts.remaining[t]):
            told.append(f"{percent(parts.remaining[t])} of the old memory remains")
        if np.isfinite(parts.new[t]):
            told.append(f"{percent(parts.new[t])} of the memory is new")
        told += _held(subject, t)
    if subject.verdict is not None:
        told.append(f"the verdict is {plain(subject.verdict.values[t])}")
    return f"{subject.words[t]}: {'; '.join(told)}."


def _held(subject: Subject, t: int) -> list[str]:
    """Return the words that most of the memory was written at, with their pushes."""
    parts = subject.parts
    if parts is None or not (total := float(parts.amounts[t].sum())):
        return []
    amounts = parts.amounts[t, : len(subject)] / total
    told = []
    for k in np.argsort(-amounts, kind="stable")[:LARGEST].tolist():
        if amounts[k] >= LEAST:
            push = "" if subject.shares is None else f", which pushes {signed(subject.shares[t, k], 1)}"
            told.append(f"{percent(amounts[k])} was written at {subject.named(k)}{push}")
    return told
