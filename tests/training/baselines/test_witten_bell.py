"""N-grams smoothed as by Witten and Bell, against the definition."""

import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from gatescope.recurrent.tokenizer import UNKNOWN
from gatescope.training.baselines.witten_bell import bits
from gatescope.training.characters import encoded
from hypothesis import given
from hypothesis import strategies as st


def witten_bell(learned: str, context: str, character: str, size: int) -> float:
    """The probability of ``character`` after ``context``, by the definition."""
    below = witten_bell(learned, context[1:], character, size) if context else 1 / size
    followers = Counter(
        learned[at + len(context)] for at in range(len(learned) - len(context)) if learned.startswith(context, at)
    )
    if not followers:
        return below
    return (followers[character] + len(followers) * below) / (followers.total() + len(followers))


@given(st.text("abc", min_size=4, max_size=30), st.text("abcd", min_size=4, max_size=12))
def test_ngrams_are_smoothed_as_by_witten_and_bell(learned: str, text: str) -> None:
    vocabulary = (UNKNOWN, *"abcd")
    for n in (1, 2, 3):
        row = bits(encoded(learned, vocabulary), encoded(text, vocabulary), 5, n)
        wanted = [
            -math.log2(witten_bell(learned, text[at - n + 1 : at], text[at], 5)) for at in range(n - 1, len(text))
        ]
        assert row.tolist() == pytest.approx(wanted)


def test_what_an_ngram_expects_sums_to_one() -> None:
    learned = np.random.default_rng(0).integers(6, size=500)
    shares: dict[tuple[int, ...], float] = defaultdict(float)
    for last in range(6):
        ids = np.array([1, 2, 3, 4, last])
        for n in range(1, 6):
            shares[n,] += 2.0 ** -bits(learned, ids, 6, n)[-1]
    assert list(shares.values()) == pytest.approx([1] * 5)
