"""The first screen as Chromium lays it out: nothing leaves its part of the picture or lies on its neighbour."""

from pathlib import Path
from typing import Any

import pytest
from figures.pictures import BUT, NOT_GOOD, screen, shipped, subject
from gatescope.figures.cell.panel import cell_panel
from gatescope.figures.stylesheet import stylesheet
from playwright.sync_api import Browser, Page, Route

from .axe import violations

SIZES = {1920: 1880, 1440: 1400, 1366: 1320, 1024: 984, 768: 728, 390: 358}
TEXTS = [
    ("sentiment-lstm", NOT_GOOD),
    ("sentiment-gru", BUT),
    ("sentiment-rnn", BUT),
    ("anbn-lstm", "aaaaabbbbb"),
    ("agreement-lstm", "the keys near the cabinet are old."),
    ("prose-lstm", '"You are very kind," said Emma; "but I must go."'),
]

NODE = Path(__file__).parents[2] / "node_modules"
ARIMO = NODE / "@fontsource" / "arimo" / "files"
DEJAVU = NODE / "dejavu-fonts-ttf" / "ttf"
FONTS = {  # regular and bold; Arimo and Liberation Sans have the same outlines
    "arimo": [ARIMO / f"arimo-latin-{weight}-normal.woff2" for weight in (400, 700)],
    "dejavu": [DEJAVU / name for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf")],
}

MEASURE = """() => {
  const liesOn = (one, other) => {
    const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
    const tall = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
    return wide > 2 && tall > 0.45 * Math.min(one.height, other.height);
  };
  const all = [...document.querySelectorAll('.picture > svg, svg.remembered')];
  const parts = all.filter((each) => each.getBoundingClientRect().width);
  return parts.map((part) => {
    const box = part.getBoundingClientRect();
    const texts = [...part.querySelectorAll('text')].filter((each) => !each.closest('.mark'));
    const boxes = texts.filter((each) => each.textContent.trim()).map((each) => [each, each.getBoundingClientRect()]);
    const outside = boxes.filter(([, at]) => at.left < box.left - 12 || at.right > box.right + 12);
    const lying = boxes.filter(([, one], n) => boxes.slice(0, n).some(([, other]) => liesOn(one, other)));
    return [...outside, ...lying].map(([each]) => each.textContent);
  }).flat();
}"""


def shown(page: Page, fragment: str, width: int, font: str = "") -> None:
    """Show a fragment in a page of its own, as wide as the first screen is, and in a font of ``FONTS``."""
    title = "<title>The first screen</title>"
    theme = ":root { color-scheme: light dark } body { margin: 0; background: light-dark(#fcfcfd, #141416) }"
    style = f"<style>{theme} body {{ width: {width}px }} {stylesheet()} {in_font(font) if font else ''}</style>"
    page.set_content(f'<!doctype html><html lang="en">{title}{style}<main><h1>Gatescope</h1>{fragment}</main></html>')
    if font:
        loaded = "document.fonts.ready.then((fonts) => [...fonts].map(({ status }) => status))"
        assert "error" not in page.evaluate(loaded)
        assert page.evaluate(f"document.fonts.check('15px {font}')")


def in_font(font: str) -> str:
    """Return rules that set the first screen in a font of ``FONTS``, whose files the page's ``route`` answers with."""
    faces = [
        f"@font-face {{ font-family: {font}; font-weight: {weight}; src: url(http://fonts.test/{font}/{at}) }}"
        for at, weight in enumerate((400, 700))
    ]
    return f"{' '.join(faces)} .first-screen {{ font-family: {font} }}"


def answer(route: Route) -> None:
    """Answer a request for a font."""
    *_, font, at = route.request.url.split("/")
    route.fulfill(path=FONTS[font][int(at)], headers={"Access-Control-Allow-Origin": "*"})


@pytest.fixture(scope="module")
def page_at(browser: Browser) -> Any:
    """A page of a width, in a colour scheme."""
    pages: dict[tuple[int, str], Page] = {}

    def page(width: int, scheme: str = "light") -> Page:
        if (width, scheme) not in pages:
            size = {"width": width, "height": 900}
            pages[width, scheme] = browser.new_page(viewport=size, color_scheme=scheme)
            pages[width, scheme].route("http://fonts.test/**", answer)
        return pages[width, scheme]

    yield page
    for each in pages.values():
        each.close()


@pytest.mark.parametrize("font", FONTS)
@pytest.mark.parametrize("viewport", SIZES)
@pytest.mark.parametrize(("model", "text"), TEXTS)
def test_no_text_leaves_its_part_or_lies_on_another(
    page_at: Any, model: str, text: str, viewport: int, font: str
) -> None:
    page, width = page_at(viewport), SIZES[viewport]
    for asked in (width // 40 * 40 if width >= 700 else width, None):
        shown(page, screen(model, text, width=asked), width, font)
        assert page.evaluate(MEASURE) == [], asked
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport


@pytest.mark.parametrize("viewport", [1440, 768, 390])
def test_the_form_that_fits_is_shown(page_at: Any, viewport: int) -> None:
    page = page_at(viewport)
    shown(page, screen("sentiment-lstm", NOT_GOOD), SIZES[viewport])
    assert page.locator(".wide").is_visible() is (viewport == 1440)
    assert page.locator(".medium").is_visible() is (viewport == 768)
    assert page.locator(".narrow").is_visible() is (viewport == 390)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [1440, 390])
def test_axe_finds_nothing(page_at: Any, scheme: str, viewport: int) -> None:
    page = page_at(viewport, scheme)
    for model in ("sentiment-lstm", "prose-lstm"):
        shown(page, screen(model, shipped(model).config.examples[0], width=SIZES[viewport]), SIZES[viewport])
        panel = cell_panel(subject(model, shipped(model).config.examples[0]), 2)
        page.locator(".first-screen").evaluate("(each, panel) => each.insertAdjacentHTML('beforeend', panel)", panel)
        assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_colour_is_that_of_its_theme(page_at: Any, scheme: str) -> None:
    page = page_at(1440, scheme)
    shown(page, screen("sentiment-lstm", NOT_GOOD, width=1400), 1400)
    positive = page.locator("stop.p20").first.evaluate("each => getComputedStyle(each).stopColor")
    assert positive == {"light": "rgb(11, 76, 146)", "dark": "rgb(123, 197, 255)"}[scheme]
