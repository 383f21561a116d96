"""N-grams with modified Kneser–Ney smoothing, against the formulas of Chen & Goodman (1999), computed from sets."""

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from gatescope.training.baselines.kneser_ney import FALLBACK, bits, discounts
from gatescope.training.baselines.ngrams import codes
from hypothesis import given
from hypothesis import strategies as st

LETTERS = "abc"


class ByDefinition:
    """Equations 15 to 17 and 23 of the paper, with exact fractions; the last fallback is on all characters alike."""

    def __init__(self, learned: str, size: int, order: int) -> None:
        self.size, self.counts = size, {}
        for n in range(1, order + 1):
            starts = range(len(learned) - n + 1)
            if n == order:
                self.counts[n] = Counter(learned[at : at + n] for at in starts)
            else:  # N1+(. gram): the different characters that stand before it
                self.counts[n] = Counter(gram[1:] for gram in {learned[at : at + n + 1] for at in starts[:-1]})
        self.discounts = {n: self.estimated(counts) for n, counts in self.counts.items()}

    @staticmethod
    def estimated(counts: Counter[str]) -> list[Fraction]:
        times = Counter(counts.values())
        if not (times[1] and times[2] and times[3]):
            return [Fraction(each) for each in FALLBACK]
        y = Fraction(times[1], times[1] + 2 * times[2])
        own = [n - (n + 1) * y * Fraction(times[n + 1], times[n]) for n in (1, 2, 3)]
        fits = all(0 <= each <= n for n, each in enumerate(own, 1))
        return own if fits else [Fraction(each) for each in FALLBACK]

    def share(self, context: str, character: str) -> Fraction:
        n = len(context) + 1
        below = self.share(context[1:], character) if context else Fraction(1, self.size)
        followers = {gram[-1]: count for gram, count in self.counts[n].items() if gram[:-1] == context}
        if not followers:
            return below
        total, d = sum(followers.values()), self.discounts[n]
        kept = max(followers[character] - d[min(followers[character], 3) - 1], 0) if character in followers else 0
        left = sum(d[min(count, 3) - 1] for count in followers.values())
        return (kept + left * below) / total


def ids(text: str) -> np.ndarray:
    return np.array(["?abcd".index(each) for each in text])


@given(st.text("abc", min_size=6, max_size=60), st.text("abcd", min_size=5, max_size=12), st.integers(1, 4))
def test_shares_are_those_of_the_definition(learned: str, text: str, order: int) -> None:
    model = ByDefinition(learned, 5, order)
    wanted = [-math.log2(model.share(text[at - order + 1 : at], text[at])) for at in range(order - 1, len(text))]
    assert bits(ids(learned), ids(text), 5, order).tolist() == pytest.approx(wanted)


@pytest.mark.parametrize("order", [1, 2, 5, 8])
def test_shares_of_all_characters_sum_to_one(order: int) -> None:
    learned = np.random.default_rng(0).geometric(0.4, size=3_000).clip(max=5)
    for context in (learned[50:57], np.array([0, 0, 0, 1, 2, 3, 4])):  # one that was seen, and one that was not
        values = [bits(learned, np.array([*context, last]), 6, order)[-1] for last in range(6)]
        assert (2 ** -np.array(values)).sum() == pytest.approx(1)


def test_a_worked_example() -> None:
    """By hand: "abcab" has the pairs ab (twice), bc and ca, after one, one and one different characters."""
    learned = ids("abcab")
    # No pair was seen three times: the discounts fall back. Lower order: a, b and c each follow one character.
    unigram = (1 - 0.5) / 3 + 1.5 / 3 * 1 / 5
    after_a = (2 - 1.0) / 2 + 1.0 / 2 * unigram
    after_b = (1 - 0.5) / 1 + 0.5 / 1 * unigram
    assert (2 ** -bits(learned, ids("ab"), 5, 2)).tolist() == pytest.approx([after_a])
    assert (2 ** -bits(learned, ids("bc"), 5, 2)).tolist() == pytest.approx([after_b])
    assert (2 ** -bits(learned, ids("da"), 5, 2)).tolist() == pytest.approx([unigram])


def test_discounts_are_estimated_from_what_was_seen_once_to_four_times() -> None:
    counts = np.repeat([1, 2, 3, 4, 9], [40, 20, 10, 5, 1])
    y = 40 / (40 + 2 * 20)
    assert discounts(counts).tolist() == pytest.approx(
        [0, 1 - 2 * y * 20 / 40, 2 - 3 * y * 10 / 20, 3 - 4 * y * 5 / 10]
    )
    assert discounts(np.array([5, 6])).tolist() == [0, *FALLBACK]
    assert discounts(np.repeat([1, 2, 3, 4], [1, 1, 9, 0])).tolist() == [0, *FALLBACK]  # the second would be below 0


def test_what_cannot_be_counted_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a text of 2 characters has no 3-gram$"):
        bits(ids("ab"), ids("abc"), 5, 3)
    with pytest.raises(ValueError, match="11-grams of a vocabulary of 97 do not fit into 64 bits: use a lower order"):
        codes(ids("ab"), 97, 11)
