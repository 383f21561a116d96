"""Columns: they fill the chart, words fit over them, and those of many words are equal."""

import numpy as np
import pytest
from gatescope.figures.columns import LARGEST, LEGIBLE, columns_of
from gatescope.figures.text_width import text_width

WORDS = ["the", "acting", "was", "terrible", "but", "the", "story", "was", "wonderful"]


@pytest.mark.parametrize("width", [500, 700, 1100, 1600])
def test_words_fit_over_columns_that_fill_the_chart(width: float) -> None:
    columns = columns_of(WORDS, width)
    assert columns.is_legible
    assert LEGIBLE <= columns.size <= LARGEST
    assert (columns.edges[0], columns.edges[-1]) == (0, pytest.approx(width))
    for word, room in zip(WORDS, columns.widths, strict=True):
        assert text_width(word, columns.size, bold=True) <= room


def test_columns_follow_the_length_of_words() -> None:
    widths = dict(zip(WORDS, columns_of(WORDS, 900).widths, strict=True))
    assert widths["wonderful"] > widths["terrible"] > widths["story"] > widths["but"]


def test_plateaus_lie_inside_their_columns_and_do_not_overlap() -> None:
    columns = columns_of(WORDS, 800)
    assert (columns.starts > columns.edges[:-1]).all()
    assert (columns.ends > columns.starts).all()
    assert (columns.starts[1:] > columns.ends[:-1]).all()
    assert columns.ends[-1] == columns.edges[-1]


@pytest.mark.parametrize("words", [WORDS * 4, ["a"] * 41, WORDS], ids=["small", "many", "narrow"])
def test_columns_are_equal_where_words_cannot_stand_over_them(words: list[str]) -> None:
    columns = columns_of(words, 300 if words is WORDS else 1200)
    assert not columns.is_legible
    np.testing.assert_allclose(columns.widths, columns.width / len(words))


def test_an_x_is_a_share_of_the_width() -> None:
    columns = columns_of(WORDS, 800)
    assert [columns.percent(x) for x in (0, 200, 800)] == ["0%", "25%", "100%"]
