"""How numbers are written."""

import pytest
from gatescope.figures.numbers import chance_of

SPOKEN_WITH_A_VOWEL = {8, 11, 18, *range(80, 90)}


@pytest.mark.parametrize("number", range(101))
def test_a_chance_has_the_article_of_its_number(number: int) -> None:
    article = "an" if number in SPOKEN_WITH_A_VOWEL else "a"
    assert chance_of(number / 100) == f"{article} {number}\u202f% chance"
