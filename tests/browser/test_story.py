"""The story: its card covers nothing that matters, notices what is done, and needs no mouse."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from gatescope.web.story.chapters import CHAPTERS, TOUR
from playwright.sync_api import Browser, Page, expect

from .axe import violations
from .driving import another_page, at_rest

SIZES = [(1920, 1080), (1440, 900), (1366, 768), (1024, 768), (768, 1024), (390, 844)]
NUMBERS = range(1, len(CHAPTERS) + 1)
CARD = "#story article:not([hidden])"

# What a chapter marks, the verdict, the text box, what it asks for: their boxes, as far as the window shows them.
BOXES = """() => {
  const card = document.querySelector("#story");
  const article = card.querySelector("article:not([hidden])");
  const selectors = {
    verdict: "#first-screen div.says, #first-screen .sum .verdict, #first-screen .sum .strong:not(.end, .word)",
    text: "#text",
    controls: article.dataset.controls || "none",
    lit: article.dataset.lit || "none",
  };
  for (const [at, marks] of JSON.parse(article.dataset.marks).entries()) selectors[`place ${at}`] = marks;
  const box = (each) => each.getBoundingClientRect().toJSON();
  const all = (name, each) => [...document.querySelectorAll(each)].map((one) => [name, box(one)]);
  const seen = Object.entries(selectors).flatMap(([name, each]) => all(name, each));
  return {
    card: box(card),
    window: { left: 0, top: 0, right: document.documentElement.getBoundingClientRect().right, bottom: innerHeight },
    boxes: seen.filter(([, each]) => each.right > each.left && each.bottom > each.top),
  };
}"""


def told(page: Page, number: int) -> None:
    """Open a chapter, and wait until its picture stands and the page is at rest."""
    page.goto(f"/?chapter={number}")
    settled(page, number)


def turned(page: Page) -> Iterator[int]:
    """Open the first chapter, then turn to one after the other, and yield the number of each."""
    told(page, 1)
    yield 1
    for number in NUMBERS[1:]:
        page.locator(f"{CARD} .next").click()
        settled(page, number)
        yield number


def settled(page: Page, number: int) -> None:
    expect(page.locator(CARD)).to_have_attribute("data-chapter", str(number))
    expect(page.locator(".first-screen").first).to_be_visible()
    at_rest(page)


def check_boxes(page: Page, at: Any) -> None:
    seen = page.evaluate(BOXES)
    card, window = seen["card"], seen["window"]
    assert window["left"] <= card["left"] < card["right"] <= window["right"] + 0.5, at
    assert window["top"] <= card["top"] < card["bottom"] <= window["bottom"] + 0.5, at
    names = {name for name, _ in seen["boxes"]}
    assert any(name.startswith("place") for name in names), at
    assert "text" in names, at
    for name, box in seen["boxes"]:
        apart = (
            box["right"] <= card["left"]
            or card["right"] <= box["left"]
            or box["bottom"] <= card["top"]
            or card["bottom"] <= box["top"]
        )
        assert apart, (at, name, box, card)
    places = [box for name, box in seen["boxes"] if name.startswith("place")]
    assert min(box["top"] for box in places) < window["bottom"], at
    assert min(box["bottom"] for box in places) > 0, at


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_card_covers_nothing_that_it_speaks_of(browser: Browser, base_url: str, width: int, height: int) -> None:
    with another_page(browser, base_url=base_url, viewport={"width": width, "height": height}) as page:
        for number in turned(page):
            check_boxes(page, (number, "at first"))
            do(page, number)
            settled(page, number)
            check_boxes(page, (number, "done"))


def do(page: Page, number: int) -> None:
    """Do what a chapter asks for, on its card."""
    card, chapter = page.locator(CARD), CHAPTERS[number - 1]
    match chapter.kind:
        case "hold":
            card.locator("input[type=range]").fill(f"{chapter.action.value:g}")  # type: ignore[union-attr]
        case "pick":
            card.locator("input[type=radio]").last.check()
        case _:
            card.locator(".do").click()
    expect(card).to_have_class("is-done")


@pytest.mark.parametrize("number", NUMBERS)
def test_what_a_chapter_asks_for_is_noticed(page: Page, number: int) -> None:
    told(page, number)
    card = page.locator(CARD)
    expect(card).not_to_have_class("is-done")
    expect(card.locator(".done > span")).to_be_hidden()
    do(page, number)
    expect(card.locator(".done > span")).to_be_visible()
    settled(page, number)
    for live in card.locator(".live").all():
        assert live.inner_text()
        row, step = live.get_attribute("data-row"), live.get_attribute("data-step")
        if row == "verdict" and not step:
            expect(page.locator("#first-screen .sum .verdict:visible")).to_have_text(live.inner_text())
    scheme = "rgb(252, 252, 253)"
    if number < len(CHAPTERS):
        expect(card.locator(".next")).to_have_css("color", scheme)  # on the accent: it has the emphasis
    if CHAPTERS[number - 1].kind in ("hold", "show"):
        page.wait_for_url(lambda url: "edits=" in url or "sentiment-gru" in url)
        page.reload()
        settled(page, number)
        expect(card).to_have_class("is-done")


def test_sliders_in_the_picture_count_too(page: Page) -> None:
    told(page, 1)
    page.locator(".first-screen .slider input[name=i]").fill("0.05")
    expect(page.locator(CARD)).to_have_class("is-done")
    page.locator(".first-screen .slider input[name=i]").fill("0.5")
    expect(page.locator(CARD)).not_to_have_class("is-done")
    expect(page.locator(f"{CARD} .try output")).to_have_text("0.50")


def test_the_card_stays_where_it_is_while_its_slider_moves(page: Page) -> None:
    told(page, 1)
    before = page.locator("#story").bounding_box()
    for value in ("0.6", "0.3", "0"):
        page.locator(f"{CARD} input").fill(value)
        expect(page.locator(f"{CARD} .try output")).to_have_text(f"{float(value):.2f}")
        settled(page, 1)
        assert page.locator("#story").bounding_box() == before


def test_keys_turn_chapters_and_step_through_words(page: Page) -> None:
    page.goto("/")
    page.locator("#start-story").focus()
    page.keyboard.press("Enter")
    settled(page, 1)
    for number, key in enumerate(("ArrowRight", "PageDown", "Space"), 2):
        page.keyboard.press(key)
        settled(page, number)
    for number, key in ((3, "ArrowLeft"), (2, "PageUp")):
        page.keyboard.press(key)
        settled(page, number)
    section = page.locator(".first-screen")
    expect(section).to_have_attribute("data-chosen", "4")
    page.keyboard.press("ArrowDown")
    expect(section).to_have_attribute("data-chosen", "5")
    page.keyboard.press("ArrowUp")
    expect(section).to_have_attribute("data-chosen", "4")
    slider = page.locator(f"{CARD} input")
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator(CARD)).to_have_class("is-done")
    page.keyboard.press("ArrowLeft")  # moves the slider
    settled(page, 2)
    page.locator("#text").focus()
    for key in ("ArrowRight", "PageDown", "Space"):
        page.keyboard.press(key)
    settled(page, 2)
    page.locator(f"{CARD} .next").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#story")).to_be_hidden()
    expect(page.locator("#start-story")).to_be_focused()
    expect(page).not_to_have_url(re.compile("chapter"))
    page.keyboard.press("ArrowRight")  # belongs to the picture again
    expect(page.locator("#story")).to_be_hidden()


# Lets the page ask for traces only when `go()` was called, once `wait()` was.
HELD = """
    const ask = window.fetch;
    let gate = null;
    window.wait = () => (gate = new Promise((open) => (window.go = open)));
    window.fetch = async (...asked) => {
        if (String(asked[0]).endsWith("/traces")) await gate;
        return ask(...asked);
    };
"""


def test_keys_choose_no_word_of_a_chapter_that_is_not_shown_yet(page: Page) -> None:
    page.add_init_script(HELD)
    told(page, 1)
    page.evaluate("void wait()")
    page.keyboard.press("PageDown")
    section = page.locator(".first-screen")
    expect(section).to_have_attribute("data-chosen", "4")
    expect(page.locator("#picture[data-behind]")).to_have_count(1)
    page.keyboard.press("ArrowUp")
    page.evaluate("go()")
    settled(page, 2)
    expect(section).to_have_attribute("data-chosen", "4")
    page.keyboard.press("ArrowDown")
    expect(section).to_have_attribute("data-chosen", "5")


def test_dots_and_the_way_back(page: Page) -> None:
    page.goto("/?model=sentiment-gru&text=my own words&step=1")
    page.locator("#start-story").click()
    settled(page, 1)
    page.locator(f"{CARD} .dots a").nth(5).click()
    settled(page, 6)
    expect(page.locator(f"{CARD} .dots [aria-current]")).to_have_attribute("href", "?chapter=6")
    expect(page).to_have_url(re.compile("chapter=6"))
    page.go_back()
    settled(page, 1)
    page.go_back()
    expect(page.locator("#story")).to_be_hidden()
    expect(page.locator("#text")).to_have_value("my own words")
    page.go_forward()
    settled(page, 1)
    page.locator(f"{CARD} .close").click()
    expect(page.locator("#story")).to_be_hidden()
    expect(page.locator(".story-veil")).to_be_hidden()


@pytest.mark.parametrize("old", TOUR)
def test_addresses_of_the_tour_still_open(page: Page, old: int) -> None:
    page.goto(f"/#tour={old}")
    settled(page, TOUR[old])
    expect(page.locator("#text")).to_have_value(str(CHAPTERS[TOUR[old] - 1].look.text))
    expect(page.locator("#models :checked")).to_have_value(CHAPTERS[TOUR[old] - 1].look.model)
    expect(page.locator("#message")).to_be_empty()


def test_an_address_of_the_tour_with_a_picture_keeps_it(page: Page) -> None:
    page.goto("/?model=sentiment-gru&text=my own words#tour=4")
    settled(page, 1)
    expect(page.locator("#text")).to_have_value("my own words")
    expect(page.locator("#models :checked")).to_have_value("sentiment-gru")


@pytest.mark.parametrize("address", ["/?chapter=99", "/#chapter=99", "/#tour=99"])
def test_an_unknown_chapter_is_named_and_ignored(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("#message")).to_have_text(f"The address says {address[2:]}, which means nothing here.")
    expect(page.locator("#story")).to_be_hidden()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_axe_finds_nothing_in_any_chapter(browser: Browser, base_url: str, scheme: Any, width: int) -> None:
    size = {"width": width, "height": 900}
    with another_page(browser, base_url=base_url, viewport=size, color_scheme=scheme, bypass_csp=True) as page:
        for number in turned(page):
            do(page, number)
            assert violations(page, "#story") == [], number


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_nothing_scrolls_or_plays_by_itself(browser: Browser, base_url: str, motion: Any) -> None:
    """On a large window every place is in the first screen; what is done there moves nothing either."""
    with another_page(
        browser, base_url=base_url, reduced_motion=motion, viewport={"width": 1440, "height": 900}
    ) as page:
        for number in turned(page):
            do(page, number)
            settled(page, number)
            assert page.evaluate("scrollY") == 0, number
            assert page.evaluate("document.getAnimations().length") == 0, number


def test_forced_colours_keep_the_frame_and_dim_nothing(browser: Browser, base_url: str) -> None:
    with another_page(browser, base_url=base_url, forced_colors="active") as page:
        told(page, 1)
        expect(page.locator(".story-veil .frames rect")).to_have_count(1)
        expect(page.locator(".story-veil .dim")).to_be_hidden()
        expect(page.locator("#story")).to_have_css("border-top-style", "solid")


def test_without_a_script_the_card_stands_above_the_picture(browser: Browser, base_url: str) -> None:
    with another_page(browser, base_url=base_url, java_script_enabled=False) as page:
        page.goto("/?chapter=1")
        card, picture = page.locator("#story").bounding_box(), page.locator("#first-screen").bounding_box()
        assert card
        assert picture
        assert card["y"] + card["height"] <= picture["y"]
        with page.expect_navigation():  # until the styles are there, which show one form of the picture
            page.locator(CARD).get_by_role("link", name="Shut them").click()
        expect(page.locator("#first-screen .sum .verdict:visible")).to_have_text("0.95")
        page.locator(f"{CARD} .next").click()
        expect(page.locator(CARD)).to_have_attribute("data-chapter", "2")
        page.locator(f"{CARD} .close").click()
        expect(page.locator("#story")).to_be_hidden()
