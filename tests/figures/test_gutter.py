"""The left margin: a scale says at which push its colours end, however small that is."""

import re

import pytest
from gatescope.figures.gutter import scale_svg
from gatescope.figures.numbers import NICE, nice

from .pictures import NOT_GOOD, subject


@pytest.mark.parametrize("power", range(-3, 4))
@pytest.mark.parametrize("end", NICE)
def test_a_scale_says_where_it_ends(end: float, power: int) -> None:
    scale = nice(end * 10.0**power)
    svg = "".join(scale_svg([subject("sentiment-lstm", NOT_GOOD)], 0, scale, is_own_scale=True, name="x"))
    low, high = re.findall(r">([−+][\d.,]+)<", svg)
    assert float(high.replace(",", "")) == pytest.approx(scale)
    assert low == high.replace("+", "−")
