"""What differs between two texts: short, and true by a loop over the equations."""

from itertools import pairwise

import pytest
from gatescope.figures.alignment import align
from gatescope.figures.finding.statement import MOST_NUMBERS, MOST_WORDS, Finding
from gatescope.figures.finding.two_texts import difference

from ..loops import run
from ..pictures import BUT, NOT_GOOD, OF_TEXT, subject
from .test_rule import numbers, texts

GOOD = "the movie was good"


def found(name: str, first: str, second: str) -> Finding:
    """Return what is told of two texts."""
    one, other = subject(name, first), subject(name, second)
    pairs = align(*([each.text for each in of.trace.tokens] for of in (one, other)))
    return difference(one, other, pairs)


@pytest.mark.parametrize("name", OF_TEXT)
def test_it_is_one_short_sentence_of_any_two_texts(name: str) -> None:
    for first, second in pairwise([*texts(name), texts(name)[0][1:]]):
        told = found(name, first, second)
        assert len(told.text.split()) <= MOST_WORDS, told.text
        assert len(numbers(told)) <= MOST_NUMBERS, told.text
        assert told.text[0].isupper()
        assert told.text.endswith(".")
        assert "because" not in told.text


@pytest.mark.parametrize("turned", [False, True])
def test_a_word_that_only_one_text_has_is_told_with_both_verdicts_and_its_push(*, turned: bool) -> None:
    told = found("sentiment-lstm", *([GOOD, NOT_GOOD] if turned else [NOT_GOOD, GOOD]))
    with_it, without = run("sentiment-lstm", NOT_GOOD), run("sentiment-lstm", GOOD)
    start, end, push = numbers(told)
    assert start == pytest.approx(without.verdict[-1], abs=0.005)
    assert end == pytest.approx(with_it.verdict[-1], abs=0.005)
    assert push == pytest.approx(with_it.pushes[-1, 3], abs=0.05)
    assert told.text.startswith("With “not” the verdict falls from ")
    before, after = without.pushes[-1, 3], with_it.pushes[-1, 4]
    assert (abs(after) < 0.1 * abs(before)) == ("the push of “good” nearly vanishes" in told.text)


def test_of_a_word_that_stays_it_says_where_its_push_goes() -> None:
    other = BUT.replace("but", "and")
    told = found("sentiment-lstm", BUT, other)
    start, end, push = numbers(told)
    first, second = run("sentiment-lstm", BUT), run("sentiment-lstm", other)
    assert (start, end) == pytest.approx((first.verdict[-1], second.verdict[-1]), abs=0.005)
    changes = [abs(b - a) for a, b in zip(first.pushes[-1], second.pushes[-1], strict=True)]
    changes[4] = 0  # the word that was replaced
    most = changes.index(max(changes))
    assert push == pytest.approx(second.pushes[-1, most], abs=0.05)
    assert f"the push of “{BUT.split()[most]}” " in told.text
    grows = abs(second.pushes[-1, most]) > abs(first.pushes[-1, most])
    assert ("grows" in told.text) == grows


def test_a_push_that_changes_sides_is_called_so() -> None:
    told = found("sentiment-gru", NOT_GOOD, GOOD)
    before, after = run("sentiment-gru", GOOD).pushes[-1, 3], run("sentiment-gru", NOT_GOOD).pushes[-1, 4]
    assert (before * after < 0) == ("the push of “good” changes sides, to " in told.text)
    assert numbers(told)[-1] == pytest.approx(after, abs=0.05)


@pytest.mark.parametrize(
    ("name", "first", "second", "told"),
    [
        ("sentiment-lstm", GOOD, "the film was good", "With “film” instead of “movie” the verdict "),
        ("sentiment-lstm", "not bad at all", "what a waste of time", "The first text ends at "),
        ("sentiment-lstm", GOOD, GOOD, "Both texts are the same, and so is the verdict: "),
        ("flag-lstm", "+qjx?", "-qjx?", "With “-” instead of “+” the verdict falls from "),
        ("prose-lstm", "The end", "The and", "After the first text it expects “e” next ("),
    ],
)
def test_what_it_begins_with(name: str, first: str, second: str, told: str) -> None:
    assert found(name, first, second).text.startswith(told)


def test_what_is_expected_next_is_the_most_probable_output() -> None:
    told = found("prose-lstm", "The end", "The beg")
    ends = [subject("prose-lstm", text).trace.outputs[-1] for text in ("The end", "The beg")]
    assert numbers(told) == [round(100 * float(end.max())) for end in ends]
