"""The alignment of two texts: as short as can be, in order, and the same as on the page."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from gatescope.figures.alignment import align

CASES: list[Any] = json.loads((Path(__file__).parents[1] / "alignments.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("first", "second", "pairs"), CASES)
def test_it_is_the_same_as_on_the_page(first: list[str], second: list[str], pairs: list[list[int | None]]) -> None:
    assert align(first, second) == [tuple(pair) for pair in pairs]


@pytest.mark.parametrize(("first", "second"), [(case[0], case[1]) for case in CASES])
def test_it_holds_every_word_once_in_order_with_the_fewest_changes(first: list[str], second: list[str]) -> None:
    @cache
    def least(a: int, b: int) -> int:
        if a == len(first) or b == len(second):
            return len(first) - a + len(second) - b
        same = least(a + 1, b + 1) + (first[a] != second[b])
        return min(same, 1 + least(a + 1, b), 1 + least(a, b + 1))

    pairs = align(first, second)
    assert [a for a, _ in pairs if a is not None] == list(range(len(first)))
    assert [b for _, b in pairs if b is not None] == list(range(len(second)))
    changes = [a is None or b is None or first[a] != second[b] for a, b in pairs]
    assert sum(changes) == least(0, 0)
