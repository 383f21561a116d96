"""Presenting: large type, nothing else, steps that are kept in the link."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from .axe import violations
from .driving import SENTENCE, another_page, opened

OTHER = "not bad at all"


def presented(page: Page, address: str) -> None:
    """Open an address that is presented: its heatmaps are hidden."""
    page.goto(f"{address}&present=1")
    expect(page.locator("#present")).to_be_visible()
    expect(page.locator(".first-screen.one")).to_be_visible()


def slides(page: Page) -> list[list[object]]:
    """The steps that the address holds."""
    [text] = parse_qs(urlsplit(page.url).fragment)["slides"]
    result: list[list[object]] = json.loads(text)
    return result


def test_type_is_larger_and_nothing_else_is_shown(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    before = page.locator(".finding").evaluate("each => parseFloat(getComputedStyle(each).fontSize)")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("p")
    expect(page.locator("#text")).to_be_hidden()
    expect(page.locator("#picture")).to_be_hidden()
    expect(page.locator(".cell .circuit")).to_be_hidden()
    expect(page.locator(".finding")).to_be_visible()
    expect(page.locator(".cell .slider").first).to_be_visible()
    zoom = page.locator("#first-screen").evaluate("each => Number(getComputedStyle(each).zoom)")
    assert zoom >= 1.3
    assert zoom * page.locator(".finding").evaluate("each => parseFloat(getComputedStyle(each).fontSize)") >= before
    expect(page).to_have_url(re.compile("present=1"))
    page.keyboard.press("Escape")
    expect(page.locator("#picture")).to_be_visible()
    expect(page).not_to_have_url(re.compile("present"))


@pytest.mark.parametrize("size", [(1366, 768), (1440, 900), (1920, 1080)])
def test_the_whole_picture_stands_above_the_bar(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    presented(page, f"/?text={SENTENCE}")
    expect(page.locator(".drawn > .picture:visible")).to_have_count(1)
    [picture, bar] = [page.locator(each).bounding_box() for each in (".drawn > .picture:visible", "#present")]
    assert picture
    assert bar
    assert picture["y"] + picture["height"] <= bar["y"]


def test_no_word_breaks_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    presented(page, f"/?text={SENTENCE}")
    head = page.locator(".rows thead b")
    expect(head).to_have_text("remembers")
    assert head.evaluate("each => each.getClientRects().length") == 1


def test_steps_are_collected_turned_and_kept_in_the_link(page: Page, browser: Browser, base_url: str) -> None:
    presented(page, f"/?text={SENTENCE}")
    expect(page.locator("#present")).to_be_visible()
    page.locator("#present summary").click()
    page.locator("#slide-add").click()
    page.keyboard.press("Escape")
    page.locator("#text").fill(OTHER)
    expect(page.locator(".finding")).to_contain_text("bad")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("p")
    page.locator("#slide-add").click()
    assert slides(page) == [["sentiment-lstm", SENTENCE, "", None], ["sentiment-lstm", OTHER, "", None]]
    expect(page.locator("#present-at")).to_have_text("2 of 2")
    with another_page(browser, base_url=base_url) as visitor:
        visitor.goto(page.url)
        expect(visitor.locator("#present-at")).to_have_text("2 of 2")
        visitor.keyboard.press("PageUp")
        expect(visitor.locator(".finding")).to_contain_text("good")
        expect(visitor.locator("#present-at")).to_have_text("1 of 2")
        visitor.keyboard.press("b")
        expect(visitor.locator("main")).to_be_hidden()
        visitor.keyboard.press("ArrowRight")
        expect(visitor.locator(".finding")).to_contain_text("bad")
        visitor.locator("#present summary").click()
        visitor.get_by_role("button", name="Move step 2 up").click()
        visitor.get_by_role("button", name="Remove step 2").click()
        assert slides(visitor) == [["sentiment-lstm", OTHER, "", None]]


def test_a_gate_is_held_while_presenting(page: Page) -> None:
    presented(page, f"/?text={SENTENCE}&step=3")
    slider = page.locator(".cell .slider input[name=i]")
    expect(slider).to_be_visible()
    slider.fill("0")
    expect(page.locator(".finding")).to_contain_text("With the input gate at “not” held at 0 ")
    page.locator("#present summary").click()
    page.locator("#slide-add").click()
    assert slides(page) == [["sentiment-lstm", SENTENCE, "i@3=0", 3]]


def test_steps_that_cannot_be_read_are_named(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}#slides=[1]")
    expect(page.locator("#message")).to_contain_text("slides=[1], which means nothing here")


def test_axe_finds_nothing(page: Page) -> None:
    presented(page, f"/?text={SENTENCE}")
    expect(page.locator("#present")).to_be_visible()
    assert violations(page) == []
