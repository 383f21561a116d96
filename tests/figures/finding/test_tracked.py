"""A unit is said to track something only where that begins and ends in the text, and the unit follows it."""

import numpy as np
import pytest
from gatescope.figures.finding.rule import finding_of
from gatescope.figures.finding.tracked import tracked

from ..pictures import shipped, subject

PROSE = [
    '"You are very kind," said Emma; "but I must go."',
    "It is a truth universally acknowledged, that a single man",
    "It is a truth universally acknowledged",
    '"Not at all," he replied. "I never dance."',
    "The end.",
    '"You are very kind',
    'He said: "You are very',
    'She thought that "no" was the word of the day for every one of them.',
    '""',
]
CODE = [
    'print(max(len(line) for line in open("names.txt")))',
    "for i in range(10):\n    print(i)\n",
    "x = 1",
    "x = 'a",
    "names = ['one', 'two', 'three'] + other_names\n",
]


def inside(text: str, marks: str) -> np.ndarray:
    """Return whether each character stands between two quotation marks; the closing one does not."""
    return np.array([sum(text[: t + 1].count(mark) for mark in marks) % 2 for t in range(len(text))], float)


@pytest.mark.parametrize(
    ("name", "text", "marks"),
    [
        *((name, text, '"') for name in ("prose-lstm", "prose-gru") for text in PROSE),
        *((name, text, "'\"") for name in ("code-lstm", "code-gru") for text in CODE),
    ],
)
def test_it_is_told_only_where_text_and_unit_agree(name: str, text: str, marks: str) -> None:
    of = subject(name, text)
    told = "".join(each if isinstance(each, str) else each[0] for each in tracked(of))
    quoted, ends = inside(text, marks), "10" in "".join(str(int(each)) for each in inside(text, marks))
    if of.unit is None or not ends:
        assert told == ""
        assert "tracks" not in finding_of(of).text
        return
    assert of.unit.feature in ("inside quotation", "inside string")
    values = of.unit.sign * of.layer[of.unit.activation][:, of.unit.unit].astype(float)
    apart = values - values.mean(), quoted - quoted.mean()
    r = apart[0] @ apart[1] / np.sqrt((apart[0] @ apart[0]) * (apart[1] @ apart[1]))
    gap = (values[quoted == 1].mean() - values[quoted == 0].mean()) / (values.max() - values.min())
    assert bool(told) is bool(r >= 0.8 and gap >= 0.5), (r, gap)
    if told:
        assert told == f" Unit {of.unit.unit} tracks “{of.unit.feature}”."


def test_some_text_shows_it_and_some_does_not() -> None:
    assert "tracks “inside quotation”" in finding_of(subject("prose-lstm", PROSE[0])).text
    assert "tracks “inside string”" in finding_of(subject("code-lstm", CODE[0])).text
    assert "tracks" not in finding_of(subject("prose-lstm", PROSE[2])).text


def test_a_property_that_a_text_has_or_lacks_as_a_whole_is_not_told() -> None:
    """Whether the subject is plural changes in no sentence."""
    for text in shipped("agreement-gru").config.examples:
        assert tracked(subject("agreement-gru", text)) == []


def test_a_later_part_of_a_text_says_nothing() -> None:
    """What it is inside of is decided by what comes before."""
    import dataclasses

    of = subject("prose-lstm", PROSE[0])
    part = dataclasses.replace(of, trace=dataclasses.replace(of.trace, start=5))
    assert tracked(part) == []
