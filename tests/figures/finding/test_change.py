"""What an edit changes, against the two runs."""

from typing import Any

import numpy as np
import pytest
from gatescope.figures.finding.change import change_of
from gatescope.figures.finding.statement import MOST_NUMBERS, MOST_WORDS, Finding
from gatescope.figures.subject import subject_of
from gatescope.recurrent.decomposition.measure import decompose

from ..loops import run
from ..pictures import NOT_GOOD, shipped, subject
from .test_rule import numbers

SHUT = [{"letter": "i", "steps": [3], "hold": 0.0}]


def told(*edits: dict[str, Any], text: str = NOT_GOOD) -> Finding:
    """Return what is told of edits of sentiment-lstm."""
    edited = shipped("sentiment-lstm").trace(text, edits)
    found = change_of(subject_of(edited, decompose(edited), None), subject("sentiment-lstm", text))
    assert found is not None
    assert len(found.text.split()) <= MOST_WORDS
    assert len(numbers(found)) <= MOST_NUMBERS
    return found


def test_it_names_the_edit_both_verdicts_and_what_is_gone() -> None:
    found = told(*SHUT)
    held, now, then = numbers(found)
    assert held == 0
    assert now == pytest.approx(run("sentiment-lstm", NOT_GOOD, {3: 0.0}).verdict[-1], abs=0.005)
    assert then == pytest.approx(run("sentiment-lstm", NOT_GOOD).verdict[-1], abs=0.005)
    assert found.text.startswith("With the input gate at “not” held at 0 the verdict is ")
    assert found.text.endswith(". Nothing is written at “not” now.")
    assert [(spot.kind, spot.step, spot.column) for spot in found.spots] == [("verdict", 4, 0), ("band", 3, 3)]


@pytest.mark.parametrize("value", [0.05, 0.3, 0.5])
def test_it_says_how_the_push_moves_that_changed_most(value: float) -> None:
    found = told({"letter": "i", "steps": [3], "hold": value})
    now, then = (run("sentiment-lstm", NOT_GOOD, held).pushes[-1] for held in ({3: value}, None))
    most = int(np.argmax(np.abs(now - then)))
    word = NOT_GOOD.split()[most]
    if f"written at “{word}” now" in found.text:
        assert most == 3
        assert value < 0.3
    else:
        assert f"at “{word}” now pushes " in found.text
        turns, grows = now[most] * then[most] < 0, abs(now[most]) > abs(then[most])
        assert found.text.endswith(f"now pushes {'the other way' if turns else 'more' if grows else 'less'}.")


@pytest.mark.parametrize(
    ("edits", "begin"),
    [
        ([{"letter": "f", "hold": 1}], "With the forget gate held at 1 throughout the verdict "),
        ([{"letter": "g", "steps": [3], "hold": -0.5}], "With the cell candidate at “not” held at −0.5 the verdict "),
        ([{"letter": "f", "steps": [1, 3], "hold": 0}], "With the forget gate at “movie” and “not” held at 0 the "),
        ([{"letter": "i", "steps": [0, 1, 3], "hold": 0}], "With the input gate at some words held at 0 the verdict "),
        ([{"letter": "i", "steps": [3], "units": [1, 2], "hold": 0}], "With your change the verdict "),
        ([{"letter": "i", "steps": [3], "scale": 0.5}], "With your change the verdict "),
        ([*SHUT, {"letter": "f", "hold": 1}], "With your changes the verdict "),
    ],
)
def test_what_it_calls_an_edit(edits: list[dict[str, Any]], begin: str) -> None:
    assert told(*edits).text.startswith(begin)


def test_a_change_that_moves_little_is_called_so() -> None:
    edited = shipped("sentiment-lstm").trace(NOT_GOOD, [{"letter": "i", "steps": [0], "units": [0], "add": 1e-6}])
    found = change_of(subject_of(edited, decompose(edited), None), subject("sentiment-lstm", NOT_GOOD))
    assert found is not None
    assert found.text.startswith("With your change the verdict hardly moves: it ends at ")


def test_without_a_verdict_there_is_nothing_to_tell() -> None:
    of = subject("prose-lstm", "The end.")
    assert change_of(of, of) is None
