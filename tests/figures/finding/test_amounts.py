"""What is told of amounts, against a loop over the equations: superlatives only where they stand out."""

import re

import findings
import numpy as np
import pytest
from gatescope.figures.finding.rule import finding_of

from ..pictures import shipped, subject
from .loops import remaining

PERCENT = re.compile(r"(\d+)(?:–(\d+))?\u202f%")
CASES = [
    (name, text)
    for task in ("agreement", "prose", "code")
    for name in (f"{task}-lstm", f"{task}-gru")
    for text in dict.fromkeys([*shipped(name).config.examples, *findings.TEXTS[task], "the", "a b c"])
]


def amounts_told(text: str) -> list[int]:
    """Return the percentages of the first sentence."""
    return [
        int(each) for match in PERCENT.finditer(text.split(" %.")[0].split(". ")[0]) for each in match.groups() if each
    ]


@pytest.mark.parametrize(("name", "text"), CASES)
def test_it_is_what_a_loop_gives(name: str, text: str) -> None:
    of = subject(name, text)
    found = finding_of(of)
    left = remaining(name, text)
    known = np.sort(100 * left[np.isfinite(left)])
    told = amounts_told(found.text)
    if found.rule == "spaces":
        tokens = [token.text for token in of.trace.tokens]
        is_single = [
            token == " " and 0 < t < len(tokens) - 1 and not (tokens[t - 1] + tokens[t + 1]).isspace()
            and not tokens[t - 1].isspace() and not tokens[t + 1].isspace()
            for t, token in enumerate(tokens)
        ]  # fmt: skip
        here = [each for each, single in zip(left, is_single, strict=True) if single]
        elsewhere = [each for each, token in zip(left[1:], tokens[1:], strict=True) if not token.isspace()]
        assert told == [round(100 * float(np.mean(here))), round(100 * float(np.mean(elsewhere)))]
        assert np.mean(here) <= 0.75 * np.mean(elsewhere)
        assert ("single" in found.text) is (sum(is_single) < sum(token.isspace() for token in tokens))
        if "drops most" in found.text:
            assert max(here) < 0.5 <= np.mean(elsewhere)
    elif "drops the most" in found.text:
        assert told == [round(known[0])]
        assert known[0] <= min(0.8 * known[1], known[1] - 5)
    elif "about as much" in found.text:
        assert known[0] >= 0.85 * known[-1]
        assert told in ([round(known[0]), round(known[-1])], [round(known[-1])])
    elif "ranges from" in found.text:
        assert told == [round(known[0]), round(known[-1])]
        assert known[0] < 0.85 * known[-1]
        low, high = found.spots[:2]
        assert 100 * left[low.step] == pytest.approx(known[0])
        assert 100 * left[high.step] == pytest.approx(known[-1])
    elif len(known) == 1:
        assert told == [round(known[0])]
    else:
        assert not len(known)
        assert "all of its memory is new" in found.text


@pytest.mark.parametrize(
    "text", ["the keys near the cabinet are old.", "the dogs near the tree are old.", "the dog barks."]
)
def test_where_about_as_much_remains_no_word_drops_the_most(text: str) -> None:
    left = remaining("agreement-lstm", text)[1:]
    assert left.min() > 0.85 * left.max()
    assert finding_of(subject("agreement-lstm", text)).text.startswith("It keeps about as much at every word: ")


@pytest.mark.parametrize("name", ["code-lstm", "code-gru"])
def test_indentation_does_not_separate_words(name: str) -> None:
    """With eight columns of indentation, as few spaces between words say as little as without."""
    for text in ("a\n        b = c\n", "        \n        \n"):
        assert finding_of(subject(name, text)).rule == "amounts"
    text = "if a:\n        b = c\n"  # three single spaces and eight others
    found = finding_of(subject(name, text))
    assert found.rule != "spaces" or "single space" in found.text


@pytest.mark.parametrize("name", ["agreement-lstm", "agreement-rnn", "prose-gru", "prose-rnn", "code-lstm", "code-rnn"])
def test_the_least_expected_is_half_as_probable_as_the_next(name: str) -> None:
    model = shipped(name)
    for text in model.config.examples:
        of = subject(name, text)
        found = finding_of(of)
        after = [each for each in found.pieces if "expected" in each.text]
        chances = [
            float(of.trace.outputs[t, model.next_outputs[token.id]])
            for t, token in enumerate(of.trace.tokens[1:])
            if model.next_outputs[token.id] is not None
        ]
        first, second = sorted(chances)[:2]
        for each in after:
            assert ("least" in each.text) is (second >= 2 * first)
            assert f"“{of.words[1 + chances.index(first)]}” after" in found.text
