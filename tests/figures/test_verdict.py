"""The curve of the verdict: no mark lies on one of its numbers."""

from itertools import product
from xml.etree import ElementTree

import pytest
from gatescope.figures.verdict import MARK, SIZE, clear_of

from .pictures import BUT, NOT_GOOD, placed, screen

LONG = "the movie was slow and boring but then the story became warm and the actors were wonderful . " * 12
PARTS = {984: (".//svg[@class='chart']", 984 - 302.0), 358: (".//div[@class='says']/svg", 230.0)}  # and their widths


@pytest.mark.parametrize("width", PARTS)
@pytest.mark.parametrize("text", [NOT_GOOD, BUT, LONG], ids=["short", "turn", "long"])
@pytest.mark.parametrize("name", ["sentiment-lstm", "sentiment-gru"])
def test_no_mark_lies_on_a_number_of_the_curve(name: str, text: str, width: int) -> None:
    path, room = PARTS[width]
    chart = ElementTree.fromstring(screen(name, text, width=width)).find(path)
    assert chart is not None
    texts = list(placed(chart, room))
    numbers = [each for each in texts if each.kinds & {"value", "gates"} == {"value"}]
    marks = [((each.left + each.right) / 2, each.baseline - 4.6) for each in texts if "mark" in each.kinds]
    assert numbers
    assert marks
    for number, (x, y) in product(numbers, marks):
        middle = (number.left + number.right) / 2
        half = (number.right - number.left) / 2 if width == 984 else 15
        apart = max(abs(x - middle) - half, number.top - y, y - number.baseline)
        assert apart > 7, f"the mark at {x}, {y} lies on {number}"


def test_a_number_that_a_mark_would_cover_stands_next_to_it() -> None:
    reach = MARK + 15
    assert clear_of([(100, 50)], 100, 50 + SIZE / 2, 30, 200) == 100 + reach
    assert clear_of([(100, 50)], 95, 50, 30, 200) == 100 - reach
    assert clear_of([(180, 50)], 185, 50, 30, 200) == 180 - reach, "it stays in the picture"
    assert clear_of([(10, 50)], 5, 50, 30, 200) == 10 + reach
    assert clear_of([(100, 90)], 100, 50, 30, 200) == 100, "the mark is below it"
