"""Make an example of what an imported model reads, so that its page does not open empty: no file has one."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from ..recurrent.tokenizer import Tokenizer
from ..store.columns import Column, Series
from ..store.series import csv_of

STEPS = 12
TITLE = "# Made-up numbers: waves of mean ± scale"
LARGEST = 1e300
LONGEST = 4_000  # characters, as many as a link holds
_SENTENCES = ("Alice was beginning to get very tired of sitting by her sister on the bank.", "The movie was not good.")
_TOKENS = {"word": 6, "character": 12}


def examples_for(tokenizer: Tokenizer | None, columns: Sequence[Column]) -> list[str]:
    """Return an example for a model that reads text by a ``tokenizer``, or else numbers of ``columns``.

    A text is a sentence of which it knows every token, or else the first of its tokens that hold letters; numbers are
    CSV, and say that they are made up. Empty, if there is neither.
    """
    made = _text(tokenizer) if tokenizer else _numbers(columns)
    return [made] if made else []


def _text(tokenizer: Tokenizer) -> str:
    gap = " " if tokenizer.kind == "word" else ""
    plain = (token for token in tokenizer.vocabulary[1:] if token.isalpha() and _is_known(tokenizer, token))
    first = gap.join(token for token, _ in zip(plain, range(_TOKENS[tokenizer.kind]), strict=False))
    return next((each for each in (*_SENTENCES, first) if _is_known(tokenizer, each)), "")


def _is_known(tokenizer: Tokenizer, text: str) -> bool:
    tokens = tokenizer(text)
    return bool(tokens) and all(token.known for token in tokens)


def _numbers(columns: Sequence[Column]) -> str:
    """Return CSV of a wave for each of ``columns``, each of another length; empty if it is long, or beyond float64."""
    if any(abs(column.mean) + column.scale > LARGEST for column in columns):
        return ""
    rows = np.array([list(_wave(column, at)) for at, column in enumerate(columns)]).T
    csv = f"{TITLE}\n{csv_of(Series(rows), columns)}"
    return csv if len(csv) <= LONGEST else ""


def _wave(column: Column, at: int) -> Iterator[float]:
    """Yield numbers between mean − scale and mean + scale, with two digits of the scale."""
    digits, length = 1 - math.floor(math.log10(column.scale)), STEPS - at % 6
    for step in range(STEPS):
        value = column.mean + column.scale * math.sin(2 * math.pi * step / length)
        yield round(value, digits) + 0.0  # not −0
