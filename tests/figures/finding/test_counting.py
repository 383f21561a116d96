"""When the pushes of a text are said to balance, and when to tip."""

import dataclasses

import numpy as np
import pytest
from gatescope.figures.finding.counting import count_of
from gatescope.figures.finding.rule import finding_of

from ..pictures import subject


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ([-6.0, -6.0, 6.0, 6.4], "At the last “b” they balance: “end” jumps"),  # they add up to 0.4
        ([-6.0, -6.0, 6.4, 6.4], "The last “b” tips the sum: “end” jumps"),  # to 0.8, more than a tenth of 6.4
        ([-6.4, -6.4, 6.0, 6.0], "At the last “b”: “end” jumps"),  # to −0.8, and the bias turns it
    ],
)
def test_the_sum_of_all_pushes_decides(last: list[float], words: str) -> None:
    of = subject("anbn-lstm", "aabb")
    assert of.parts is not None
    assert of.verdict is not None
    shares = np.zeros((4, 5))
    for t in range(4):
        shares[t, : t + 1] = last[: t + 1]
    verdict = dataclasses.replace(of.verdict, values=np.array([0.0, 0.0, 0.0, 1.0]))
    made = dataclasses.replace(of, parts=dataclasses.replace(of.parts, shares=shares), verdict=verdict)
    assert count_of(made) is not None
    assert words in finding_of(made).text


def test_symbols_that_push_unlike_are_not_counted() -> None:
    assert count_of(subject("anbn-gru", "aaaaabbbbb")) is None
