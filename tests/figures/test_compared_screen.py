"""Several networks on one axis: whole, on one scale of pushes, and what they say at the end."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from gatescope.figures.compared_screen import Compared, compared_screen
from gatescope.figures.frame import GUTTER
from gatescope.figures.push_colours import level
from gatescope.figures.terms import terms_of
from gatescope.figures.total import WIDTH as SUM

from .pictures import BUT, placed, shipped, traced
from .test_screen import overlapping

CELLS = ("sentiment-lstm", "sentiment-gru", "sentiment-rnn")
FLAGS = ("flag-lstm", "flag-gru", "flag-rnn", "flag-coupled_lstm", "flag-mingru")


def compared(names: tuple[str, ...], text: str) -> list[Compared]:
    """Return what is compared."""
    models = [shipped(name) for name in names]
    return [Compared(each.config.title, *traced(each.id, text), each.statistics, terms_of(each)) for each in models]


@pytest.mark.parametrize(("names", "text"), [(CELLS, BUT), (FLAGS, "+qjx?"), (("prose-lstm", "prose-rnn"), "The end.")])
@pytest.mark.parametrize("width", [1320, 984, 728, 358, None])
def test_it_is_well_formed_and_nothing_overflows(names: tuple[str, ...], text: str, width: int | None) -> None:
    fragment = compared_screen(compared(names, text), width=width)
    root = ElementTree.fromstring(fragment)
    assert "style" not in {attribute for each in root.iter() for attribute in each.attrib}
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#(.*?)\)", fragment)) <= set(ids)
    if width is None or width < 700:
        return
    for kind, wide in (("gutter", GUTTER), ("chart", width - GUTTER - SUM), ("sum", SUM)):
        [svg] = (each for each in root.iter("svg") if each.get("class") == kind)
        texts = list(placed(svg, wide))
        assert all(each.left >= -12 and each.right <= wide + 12 for each in texts)
        assert not overlapping(texts), overlapping(texts)


def test_it_tells_what_each_says_at_the_end() -> None:
    fragment = compared_screen(compared(CELLS, BUT), width=984)
    root = ElementTree.fromstring(fragment)
    [finding] = (each for each in root.iter("p") if each.get("class") == "finding")
    told = "".join(finding.itertext())
    ends = [float(traced(name, BUT)[0].outputs[-1, 0]) for name in CELLS]
    for name, end in zip(CELLS, ends, strict=True):
        assert f"{shipped(name).config.title} {end:.2f}" in told or f"({end:.2f})" in told
    assert told.startswith("All three say ") is (len({end >= 0.5 for end in ends}) == 1)


@pytest.mark.parametrize(("names", "text"), [(CELLS, BUT), (FLAGS, "+qjx?")])
def test_each_lane_says_what_its_pushes_add_up_to(names: tuple[str, ...], text: str) -> None:
    root = ElementTree.fromstring(compared_screen(compared(names, text), width=984))
    [total] = (each for each in root.iter("svg") if each.get("class") == "sum")
    texts = [each.text or "" for each in total.iter("text")]
    sums = [texts[n + 1] for n, each in enumerate(texts) if each == "adds up to"]
    chances = [texts[n + 1] for n, each in enumerate(texts) if each == "which is"]
    ends = [float(traced(name, text)[0].outputs[-1, 0]) for name in names]
    assert chances == [f"P = {end:.2f}" for end in ends]
    for told, end in zip(sums, ends, strict=True):
        assert 1 / (1 + np.exp(-float(told.replace("−", "-")))) == pytest.approx(end, abs=0.002)


def test_colours_have_one_scale() -> None:
    fragment = compared_screen(compared(CELLS, BUT), width=984)
    scales = {each["scale"] for each in json.loads(re.findall(r'class="numbers">(.*?)</script>', fragment)[0])}
    assert len(scales) == 1
    [scale] = scales
    of_all = [np.abs(parts.shares).max() for parts in (traced(name, BUT)[1] for name in CELLS) if parts is not None]
    assert scale >= max(of_all)
    _, parts = traced("sentiment-gru", BUT)
    assert parts is not None
    assert parts.shares is not None
    assert f'class="p{level(float(parts.shares[3, 3]), scale)}"' in fragment


def test_networks_that_read_other_tokens_are_refused() -> None:
    [one, *_] = compared(CELLS, BUT)
    [other] = compared(("sentiment-gru",), "good")
    with pytest.raises(ValueError, match=r"^a comparison is of two or more networks that read the same tokens$"):
        compared_screen([one, other])


def test_long_titles_are_cut_where_they_differ() -> None:
    titles = [f"A network with gates that was trained for a long time on {day}" for day in ("Monday", "Tuesday")]
    entries = [replace(each, label=title) for each, title in zip(compared(CELLS[:2], BUT), titles, strict=True)]
    fragment = compared_screen(entries, width=1320)
    for day in ("Monday", "Tuesday"):
        assert len(re.findall(rf">…{day}( −?[0-9.]+)?<", fragment)) == 2, "at the left, and in the verdicts"
