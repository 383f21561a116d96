"""Whatever states a scale states the one that was drawn, in every state of the page."""

import math
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from playwright.sync_api import Page, expect

from .driving import DRAWN, SENTENCE, at_rest, end_of_scale, from_menu, layer_of, number, opened
from .scales import NOUNS, Panel, check_scales
from .zoo import ZOO

CELLS = ["sentiment-lstm", "sentiment-gru", "sentiment-rnn"]
TEXTS = "the movie was good", "the movie was bad"  # word against word, without a gap
HEATMAPS = """plots => plots.flatMap(({ data }) => data ?? []).map(({ zmin, zmax, z }) => ({
    low: zmin, high: zmax, values: z.flatMap((row) => Array.from(row)).filter(Number.isFinite),
}))"""
BARS = 19  # pixels of the highest possible bar
RANDOM = {
    **{name: {"model": name} for name in ZOO},
    **{
        f"{name} next to the other cells": {"model": name, "compare": "cells"}
        for name in ("lstm", "letters-relu", "deep")
    },
    **{
        f"{name} next to another text": {"model": name, "compare": "text", "other": "good bad a b"}
        for name in ("gru", "letters-lstm", "letters-relu")
    },
    "next to nothing": {"model": "lstm", "compare": "text", "other": " "},
}


def drawn(page: Page) -> None:
    page.locator(DRAWN).first.wait_for()
    expect(page.locator("#scales .scale").first).to_be_visible()


@pytest.mark.parametrize("name", RANDOM)
def test_legend_states_the_scales_of_every_model_and_comparison(page: Page, zoo: str, name: str) -> None:
    page.goto(f"{zoo}/?{urlencode(RANDOM[name])}")
    drawn(page)
    check_scales(page)


def test_legend_follows_text_order_layer_and_theme(page: Page, zoo: str) -> None:
    opened(page, f"{zoo}/?model=deep")
    check_scales(page)
    page.locator("#layer").select_option("2")
    at_rest(page)
    check_scales(page)
    page.locator("#compare").select_option("text")
    expect(page.locator(".difference .color-scales")).to_be_visible()
    check_scales(page)
    from_menu(page, "#theme")
    check_scales(page)
    for order in ("value", "variance", "similarity"):
        page.locator("#order").select_option(order)
        at_rest(page)
        check_scales(page)
    with page.expect_response("**/traces"):
        page.locator("#other").fill("")
    expect(page.locator(".lane").nth(1).locator(".verdict")).to_have_text("Type a word, and the gates appear.")
    check_scales(page)
    page.locator("#compare").select_option("cells")
    expect(page.locator(".difference")).to_have_count(0)
    check_scales(page)


def norm(rows: list[list[float]]) -> list[float]:
    return [math.hypot(*row) for row in rows]


def mean(rows: list[list[float]]) -> list[float]:
    return [math.fsum(row) / len(row) for row in rows]


def check_bars(panel: Panel, kind: str, values: list[float]) -> None:
    """The bars are of the values, by the scale that is written before them."""
    assert panel.kind == kind
    assert panel.heights == pytest.approx([BARS * value / number(panel.end) for value in values], abs=0.006)


def test_bars_of_lanes_side_by_side_are_of_one_scale(page: Page, server: httpx2.Client) -> None:
    opened(page, f"/?{urlencode({'text': SENTENCE, 'compare': 'cells'})}")
    drawn(page)
    traces = {
        title: layer_of(server, model, SENTENCE) for title, model in zip(["LSTM", "GRU", "RNN"], CELLS, strict=True)
    }
    bounded = max(max(norm(rows)) for layer in traces.values() for letter, rows in layer.items() if letter in "gnh")
    for panel in check_scales(page):
        rows = traces[panel.lane][panel.letter]
        isgate = NOUNS[panel.letter] == "gates"
        check_bars(panel, "mean" if isgate else "norm", (mean if isgate else norm)(rows))
        assert number(panel.end) == (
            1 if isgate else end_of_scale(max(norm(rows))) if panel.letter == "c" else end_of_scale(bounded)
        )


def test_difference_has_the_span_of_the_values_as_its_scale_and_bars_of_its_norm(
    page: Page, server: httpx2.Client
) -> None:
    opened(page, f"/?{urlencode({'text': TEXTS[0], 'compare': 'text', 'other': TEXTS[1]})}")
    drawn(page)
    first, second = (layer_of(server, CELLS[0], text) for text in TEXTS)
    most = end_of_scale(max(abs(value) for layer in (first, second) for row in layer["c"] for value in row))
    expected: dict[str, Any] = (
        dict.fromkeys("ifo", (-1, 1)) | dict.fromkeys("gh", (-2, 2)) | {"c": (-2 * most, 2 * most)}
    )
    panels = {panel.letter: panel for panel in check_scales(page) if panel.difference}
    assert panels.keys() == expected.keys()
    for letter, panel in panels.items():
        assert (panel.low, panel.high) == pytest.approx(expected[letter])
        pairs = zip(first[letter], second[letter], strict=True)
        check_bars(panel, "norm", norm([[b - a for a, b in zip(*rows, strict=True)] for rows in pairs]))
    expect(page.locator(".difference .prediction")).to_contain_text("bars: norm of the difference")


@pytest.mark.parametrize(
    "fragment", ["memory=states", "memory=inputs&alpha=3", "memory=kept&weights=untrained&alpha=0.1"]
)
def test_memory_states_the_scales_of_its_triangles_and_time_scales(
    page: Page, server: httpx2.Client, fragment: str
) -> None:
    text = "the acting was terrible but the story was wonderful " * 3
    opened(page, f"/?{urlencode({'text': text})}#{fragment}")
    expect(page.locator(".memory-cell")).to_have_count(3)
    expect(page.locator("#memory-scale .scale")).to_be_visible()
    every = page.locator(".memory-cell .triangle .plot, .memory-cell .scales .plot")
    every.first.locator(".heatmaplayer image").wait_for()
    heatmaps = page.locator(".memory-cell .triangle .plot").evaluate_all(HEATMAPS)
    low, high = page.locator("#memory-scale i").all_inner_texts()
    for heatmap in heatmaps:
        assert number(low.removeprefix("≤ ").replace("10", "1 · 10", 1)) == pytest.approx(10 ** heatmap["low"])
        assert number(high.removeprefix("≥ ").replace("10", "1 · 10", 1)) == pytest.approx(10 ** heatmap["high"])
    values = [value for heatmap in heatmaps for value in heatmap["values"]]
    assert low.startswith("≤") == (min(values) < heatmaps[0]["low"])
    assert high.startswith("≥") == (max(values) > heatmaps[0]["high"])
    for at in range(2):  # a plain RNN has none
        chart = page.locator(".memory-cell").nth(at).locator(".scales")
        ends = chart.locator(".scale i").all_inner_texts()
        zmin, zmax = chart.locator(".plot").evaluate("({ data: [{ zmin, zmax }] }) => [zmin, zmax]")
        assert ends == [f"{10**zmin:.0f}", f"≥ {10**zmax:.0f}"] == ["1", f"≥ {len(text.split())}"]
