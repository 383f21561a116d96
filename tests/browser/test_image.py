"""The SVG and the PNG of a picture look as a browser draws it with the stylesheet, and need none."""

import re
from base64 import b64encode
from pathlib import Path
from xml.etree import ElementTree

import gatescope
import pytest
import torch
from gatescope.notebook.shown import Shown
from playwright.sync_api import Page

from .driving import SENTENCE

SHIPPED = Path(gatescope.__file__).parents[1] / "models"
SVG = "{http://www.w3.org/2000/svg}"
STYLES = (
    "fill",
    "fill-opacity",
    "font-weight",
    "opacity",
    "paint-order",
    "stop-color",
    "stop-opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-width",
    "text-anchor",
    "text-decoration-line",
)
COMPUTED = """(all, names) => all.map((each) => {
  const style = getComputedStyle(each);
  return [each.tagName, each.textContent, ...names.map((name) => style.getPropertyValue(name).replaceAll('"', ""))];
})"""
DIFFERENCE = """async ([svg, png, scale]) => {
  const images = [];
  for (const source of [`data:image/svg+xml;base64,${svg}`, `data:image/png;base64,${png}`]) {
    const image = new Image();
    image.src = source;
    await image.decode();
    images.push(image);
  }
  const { naturalWidth: width, naturalHeight: height } = images[1];
  const [drawn, painted] = images.map((image) => {
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(image, 0, 0, width, height);
    return context.getImageData(0, 0, width, height).data;
  });
  let far = 0;
  for (let at = 0; at < drawn.length; at += 4) {
    if ([0, 1, 2].some((part) => Math.abs(drawn[at + part] - painted[at + part]) > 64)) far += 1;
  }
  return [images[0].naturalWidth * scale, images[0].naturalHeight * scale, width, height, far / (width * height)];
}"""


@pytest.fixture(scope="module")
def shown() -> dict[str, Shown]:
    torch.manual_seed(0)
    steps = gatescope.show(torch.nn.GRU(4, 8), torch.randn(60, 4), inputs=[0])
    return {
        "words": gatescope.show(gatescope.load_model(SHIPPED / "sentiment-lstm"), SENTENCE),
        "blocks": gatescope.show(gatescope.load_model(SHIPPED / "sentiment-rnn"), SENTENCE),
        "steps": steps,
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["words", "blocks", "steps"])
def test_every_shape_has_the_style_that_the_browser_computes(
    page: Page, shown: dict[str, Shown], name: str, theme: str
) -> None:
    svg = shown[name].svg(theme)  # type: ignore[arg-type]
    assert not re.search(r"class=|style=|var\(|light-dark", svg)
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": 1040, "height": 900})
    page.set_content(shown[name].html())
    parts = ":is(rect, path, text, circle, stop)"
    expected = page.locator(f".wide.picture svg:is(.gutter, .chart, .sum) {parts}").evaluate_all(COMPUTED, list(STYLES))
    page.set_content(f"<!doctype html>{svg}")
    drawn = page.locator(f"body > svg > g > g > g {parts}").evaluate_all(COMPUTED, list(STYLES))
    assert len(expected) > 50
    assert comparable(drawn) == comparable(expected)


def comparable(rows: list[list[str]]) -> list[list[str]]:
    """Styles without the ids of gradients; what is transparent is not painted."""
    return [
        [re.sub(r"url\(#[\w-]+\)", "url", each).replace("rgba(0, 0, 0, 0)", "none") for each in row] for row in rows
    ]


@pytest.mark.parametrize("name", ["words", "blocks", "steps"])
def test_the_png_is_what_the_browser_makes_of_the_svg(page: Page, shown: dict[str, Shown], name: str) -> None:
    svg, png = shown[name].svg(), shown[name].png(scale=1)
    page.goto("about:blank")
    encoded = [b64encode(each).decode() for each in (svg.encode(), png)]
    *sizes, width, height, far = page.evaluate(DIFFERENCE, [*encoded, 1])
    assert [width, height] == pytest.approx(sizes, abs=1)
    assert far < 0.02  # edges of letters, which each smooths in its own way
    words = {"".join(each.itertext()) for each in ElementTree.fromstring(svg).iter(f"{SVG}text")}
    assert set(shown["words"].subject.words) <= words or name == "steps"
