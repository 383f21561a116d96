"""What a network that predicts the next token expected least."""

import numpy as np

from ...recurrent.expected import expected
from ..numbers import chance_of
from ..subject import Subject
from .statement import Part, Spot

MOST = 0.1  # a chance above this is not a surprise
APART = 2  # times as probable is the next, where a token is called the least expected


def surprise(subject: Subject) -> list[Part]:
    """Return the sentence about the least probable token of a text; [] if there is none that was improbable."""
    chances = chances_of(subject)
    if not np.isfinite(chances).any() or np.nanmin(chances) > MOST:
        return []
    t, *others = np.argsort(chances)[: np.isfinite(chances).sum()].tolist()
    is_apart = all(chances[each] >= APART * chances[t] for each in others[:1])
    expected = "It least expected" if is_apart and others else "It hardly expected"
    chance = chance_of(chances[t]) if chances[t] >= 0.01 else f"less than {chance_of(0.01)}"
    return [
        " ",
        (expected, Spot("verdict", t)),
        f" “{subject.words[t]}” after “{_before(subject, t)}”: {chance}.",
    ]


def chances_of(subject: Subject) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the probability (T,) that the network gave each token before it read it; NaN where it gave none."""
    places = subject.terms.next_outputs
    return expected(subject.trace, places) if places else np.full(len(subject), np.nan)


def _before(subject: Subject, t: int) -> str:
    """Return the word, or what there is of it, before a step."""
    if not subject.terms.is_character:
        return subject.words[t - 1]
    tokens = [token.text for token in subject.trace.tokens]
    start = t - 1
    while start and tokens[start].isalnum() and tokens[start - 1].isalnum():
        start -= 1
    return "".join(subject.words[start:t])
