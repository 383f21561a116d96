"""What an edit changes, against the two runs."""

import numpy as np
import pytest
from gatescope.figures.finding.change import change_of
from gatescope.figures.subject import subject_of
from gatescope.recurrent.decomposition.measure import decompose

from ..pictures import NOT_GOOD, shipped, subject, traced
from .test_rule import numbers

SHUT = [{"letter": "i", "steps": [3], "hold": 0.0}]


def test_it_tells_both_verdicts_and_the_push_that_changed_most() -> None:
    edited = shipped("sentiment-lstm").trace(NOT_GOOD, SHUT)
    parts = decompose(edited)
    found = change_of(subject_of(edited, parts, None), subject("sentiment-lstm", NOT_GOOD))
    trace, before = traced("sentiment-lstm", NOT_GOOD)
    assert found is not None
    assert before is not None
    assert parts.shares is not None
    assert before.shares is not None
    now, then, push = numbers(found)
    assert now == pytest.approx(edited.outputs[-1, 0], abs=0.005)
    assert then == pytest.approx(trace.outputs[-1, 0], abs=0.005)
    most = int(np.argmax(np.abs(parts.shares[-1, :5] - before.shares[-1, :5])))
    assert push == pytest.approx(parts.shares[-1, most], abs=0.05)
    assert f"“{NOT_GOOD.split()[most]}”" in found.text


def test_a_change_that_moves_little_is_called_so() -> None:
    edited = shipped("sentiment-lstm").trace(NOT_GOOD, [{"letter": "i", "steps": [0], "units": [0], "add": 1e-6}])
    found = change_of(subject_of(edited, decompose(edited), None), subject("sentiment-lstm", NOT_GOOD))
    assert found is not None
    assert found.text.startswith("Your change hardly moves the verdict: it ends at ")


def test_without_a_verdict_there_is_nothing_to_tell() -> None:
    of = subject("prose-lstm", "The end.")
    assert change_of(of, of) is None
