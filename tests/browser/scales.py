"""What states a scale, and what is drawn by it."""

import itertools
import re
from typing import NamedTuple

import pytest
from playwright.sync_api import Locator, Page

from .driving import legend, number

NOUNS = {**dict.fromkeys("ifozr", "gates"), **dict.fromkeys("gn", "candidate"), "c": "cell state", "h": "hidden state"}
NEUTRAL = {"#f5f5f7", "#1e1e22"}  # light and dark
PANELS = """places => places.map(place => {
    const { zmin, zmax, colorscale } = place.querySelector(".plot").data[0];
    const [lane, path] = [place.closest(".lane"), place.querySelector(".bars path")];
    const [end, kind] = Array.from(place.querySelectorAll(".bars .axis"), (text) => text.textContent);
    return {
        letter: place.dataset.letter, low: zmin, high: zmax, colors: colorscale.map(([, color]) => color), end, kind,
        difference: lane.classList.contains("difference"), lane: lane.querySelector(".lane-title").textContent,
        heights: Array.from(path.getAttribute("d").matchAll(/v(-?[\\d.]+)h/g), ([, up]) => -up),
    };
})"""


class Panel(NamedTuple):
    """A panel as it is drawn."""

    letter: str
    low: float
    high: float
    colors: list[str]
    end: str  # of its bars
    kind: str
    difference: bool
    lane: str
    heights: list[float]


def panels(page: Page) -> list[Panel]:
    return [Panel(**panel) for panel in page.locator(".panel").evaluate_all(PANELS)]


def rgb(color: str) -> str:
    return f"rgb({', '.join(str(int(color[at : at + 2], 16)) for at in (1, 3, 5))})"


def check_legend(page: Page, place: Locator, drawn: list[Panel]) -> None:
    """Each panel has one scale in the legend, which has its ends and its colours, and each scale has a panel."""
    entries = legend(place)
    ramps = place.locator(".ramp").evaluate_all("ramps => ramps.map(ramp => ramp.style.backgroundImage)")
    used = set[int]()
    for panel in drawn:
        noun = re.escape(NOUNS[panel.letter])
        own = rf"(^|, ){noun}( \([^)]*{re.escape(panel.lane)}[^)]*\))?(, |$)"
        [at] = [at for at, (_, what) in enumerate(entries) if re.search(own, what)]
        assert entries[at][0] == pytest.approx((panel.low, panel.high), rel=1e-9)
        assert ramps[at] == f"linear-gradient(to right, {', '.join(map(rgb, panel.colors))})"
        used.add(at)
    assert used == set(range(len(entries)))


def check_scales(page: Page) -> list[Panel]:
    everything = panels(page)
    values = [panel for panel in everything if not panel.difference]
    check_legend(page, page.locator("#scales"), values)
    differences = [panel for panel in everything if panel.difference]
    if differences:
        check_legend(page, page.locator(".difference .color-scales"), differences)
    for panel in everything:
        at_zero = -panel.low / (panel.high - panel.low) * (len(panel.colors) - 1)
        assert panel.colors[round(at_zero)] in NEUTRAL
        assert at_zero == round(at_zero), "zero is where the neutral colour is"
        assert (panel.low == 0) == (NOUNS[panel.letter] == "gates" and not panel.difference) or panel.letter == "h"
    for panel in values:
        assert (panel.kind, number(panel.end) == 1) == ("mean", True) or NOUNS[panel.letter] != "gates"
    # Bars that stand for the same on the same colours are of the same height in every lane.
    for _, same in itertools.groupby(sorted(everything, key=scale_of), scale_of):
        assert len({panel.end for panel in same}) == 1
    return everything


def scale_of(panel: Panel) -> tuple[bool, str, float, float]:
    return panel.difference, panel.kind, panel.low, panel.high
