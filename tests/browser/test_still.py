"""A still picture in a notebook and in a file: it is drawn, answers to the theme, and leaves all around it alone."""

from pathlib import Path

import gatescope
import torch
from gatescope.figures.push_colours import LIGHT, STEPS, colour
from playwright.sync_api import Page, expect

from .axe import violations

AROUND = "<p class='word number value cell p5 bar'>out</p>"
STYLE = """each => {
  const style = getComputedStyle(each);
  return [style.fontWeight, style.color, style.fill, style.getPropertyValue('--push')];
}"""
SHIPPED = Path(gatescope.__file__).parents[1] / "models"


def rgb(hexadecimal: str) -> str:
    """Return #rrggbb as a browser tells it."""
    return f"rgb({', '.join(str(int(hexadecimal[at : at + 2], 16)) for at in (1, 3, 5))})"


def test_a_still_picture_styles_nothing_but_itself(page: Page) -> None:
    shown = gatescope.show(gatescope.load_model(SHIPPED / "sentiment-lstm"), "the story was good but not the acting")
    around = f"<!doctype html><body>{AROUND}"
    page.set_content(around)
    before = page.locator("p.word").evaluate(STYLE)
    page.set_content(f"{around}{shown._repr_html_()}")
    assert page.locator("body > p.word").evaluate(STYLE) == before
    assert page.locator(".gatescope-still .picture:visible").count() == 1
    stops = page.locator(".gatescope-still .wide stop[class^=p]:not([class^=positive])")
    colours = stops.evaluate_all("all => all.map((each) => [each.className.baseVal, getComputedStyle(each).stopColor])")
    light = {f"p{step}": rgb(colour(step, LIGHT)) for step in range(-STEPS, STEPS + 1)}
    assert len({step for step, _ in colours}) > 5
    assert [shown for _, shown in colours] == [light[step] for step, _ in colours]


def test_a_still_picture_is_dark_where_the_notebook_is(page: Page) -> None:
    torch.manual_seed(0)
    html = gatescope.show(torch.nn.GRU(4, 8), torch.randn(3, 4))._repr_html_()
    inks = []
    for attributes in ("data-jp-theme-light=true", "data-jp-theme-light=false", "class=vscode-dark"):
        page.set_content(f"<!doctype html><body {attributes}>{html}")
        of = page.locator(".gatescope-still").evaluate("each => getComputedStyle(each).backgroundColor")
        ink = page.locator(".gatescope-still .finding").evaluate("each => getComputedStyle(each).color")
        inks.append((of, ink))
    assert inks[0] == ("rgb(252, 252, 253)", "rgb(27, 27, 31)")
    assert inks[1] == inks[2] == ("rgb(20, 20, 22)", "rgb(236, 236, 241)")


def test_a_file_is_drawn_without_a_network(page: Page, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "x.html"
    gatescope.show(torch.nn.RNN(4, 8), torch.randn(3, 4), labels=["a", "<b>", "c"], path=path)
    page.set_viewport_size({"width": 360, "height": 700})
    page.goto(path.as_uri())
    expect(page.locator(".narrow tbody th").nth(1)).to_have_text("<b>")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page) == []
