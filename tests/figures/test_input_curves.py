"""Curves of the input are as high as its values say, on the axis of the picture."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from gatescope.figures.columns import columns_of
from gatescope.figures.input_column import InputColumn
from gatescope.figures.input_curves import TALL, curves_svg, height_of, named_svg, scales_svg
from gatescope.figures.numbers import short
from gatescope.figures.screen import first_screen
from gatescope.figures.text_width import text_width

from .pictures import NOT_GOOD, placed, traced

POINT = re.compile(r"([MHC])([^MHCV]*)")


def drawn(path: str) -> list[tuple[float, float, float]]:
    """The level pieces of a path: from, to, y."""
    x = y = 0.0
    pieces = []
    for command, numbers in POINT.findall(path):
        values = [float(each) for each in numbers.split()]
        if command == "H":
            pieces.append((x, values[0], y))
            x = values[0]
        else:
            x, y = values[-2:]
    return pieces


def paths(svg: str) -> list[str]:
    return [
        each.get("d", "") for each in ElementTree.fromstring(f"<svg>{svg}</svg>") if "curve" in each.get("class", "")
    ]


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e300])
def test_a_curve_is_as_high_as_its_value_at_the_middle_of_each_step(scale: float) -> None:
    values = scale * np.array([0.5, -1.0, 3.0, np.nan, np.inf, 2.0, 0.0])
    columns = columns_of("abcdefg", 300.0, longest=0)
    other = InputColumn("b", np.arange(7.0))
    first, second = paths("".join(curves_svg([InputColumn("a", values), other], columns)))
    for path, of, top in ((first, values, 8.0), (second, other.values, 56.0)):
        for t, x in enumerate(columns.centres):
            there = [y for start, end, y in drawn(path) if start <= x < end]
            finite = of[np.isfinite(of)]
            expected = [top + TALL * (finite.max() - of[t]) / np.ptp(finite)] if np.isfinite(of[t]) else []
            assert there == pytest.approx(expected, abs=0.051)


def test_what_is_always_the_same_is_drawn_in_the_middle() -> None:
    each = InputColumn("a", np.full(3, -2.5), "mm")
    [path] = paths("".join(curves_svg([each], columns_of("abc", 300.0))))
    assert {y for _, _, y in drawn(path)} == {8.0 + TALL / 2}
    assert "".join(scales_svg([each])).count("−2.5") == 1
    assert each.span == "always −2.5 mm"


def test_numbers_stand_at_the_ends_of_the_scale() -> None:
    svg = ElementTree.fromstring(
        f"<svg>{''.join(scales_svg([InputColumn('a', np.array([0.0713, 12345, -3.0]))]))}</svg>"
    )
    assert [(each.text, float(each.get("y", "0"))) for each in svg] == [("12,345", 13.0), ("−3", 13.0 + TALL)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (3.2, "3.2"),
        (-0.07129, "−0.0713"),
        (999.6, "1e+03"),
        (12345.6, "12,346"),
        (2e-5, "2e−05"),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert short(value) == text


def test_names_and_spans_do_not_overlap_where_there_is_no_margin() -> None:
    inputs = [InputColumn("a very long name of a column", np.array([-0.1234, 1e-30]), "kg m⁻² s⁻¹")]
    svg = ElementTree.fromstring(f"<svg>{''.join(named_svg(inputs, 200.0))}</svg>")
    name, span = (text_width(each.text or "", 13, bold=each is svg[0]) for each in svg)
    assert name + span <= 200


def test_the_picture_is_higher_by_the_curves_and_all_else_moves_down() -> None:
    inputs = [InputColumn("rain", np.arange(5.0), "mm"), InputColumn("<b>", np.ones(5))]
    plain, with_inputs = (
        [
            [each for part in picture.iter("svg") for each in placed(part, 500)]
            for picture in re_pictures(first_screen(*traced("sentiment-lstm", NOT_GOOD), width=984, inputs=given))
        ]
        for given in ([], inputs)
    )
    moved = {(each.text, each.left, round(each.baseline - height_of(inputs), 1)) for each in with_inputs[0]}
    assert {(each.text, each.left, each.baseline) for each in plain[0]} <= moved
    assert {each.text for each in with_inputs[0]} - {each.text for each in plain[0]} >= {"rain", "mm", "<b>"}


def re_pictures(html: str) -> list[ElementTree.Element]:
    start = html.index('<div class="wide picture">')
    depth, at = 0, start
    for found in re.finditer(r"<(/?)div\b", html[start:]):
        depth += -1 if found[1] else 1
        if depth == 0:
            at = start + found.end() + 1
            break
    return [ElementTree.fromstring(html[start:at])]


def test_values_are_told_in_words() -> None:
    inputs = [InputColumn("rain", np.array([0.25, np.nan, 1, 2, 3]), "mm")]
    html = first_screen(*traced("sentiment-lstm", NOT_GOOD), inputs=inputs, chosen=1)
    assert "<li>the: rain 0.25 mm; " in html
    assert '<p class="readout">At “movie”: rain missing, ' in html
