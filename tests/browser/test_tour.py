"""The tour sets the picture and gives it back; the opening sentence types itself."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from .driving import DRAWN, SENTENCE, another_page, opened


def test_chapters_set_the_picture_and_there_is_a_way_back(page: Page) -> None:
    opened(page, "/?model=sentiment-gru&text=my own words#step=1&unit=3")
    page.locator("#start-tour").click()
    expect(page.locator("#tour h2:visible")).to_have_text("1 · A memory that is rewritten")
    expect(page.locator("#models :checked")).to_have_value("prose-rnn")
    expect(page.locator("#memory-shown")).to_have_value("inputs")
    expect(page.locator(".memory-cell .triangle .plot > *")).to_have_count(3)
    expect(page.locator("#memory-charts .distance .plot")).to_be_in_viewport()
    expect(page.locator("#meaning")).to_contain_text("After each character of a novel")
    page.locator("#tour-next").click()
    expect(page.locator(".inspector h3")).to_have_text(driven(page, 2))
    link = page.locator("#tour article:visible a.drive").nth(1)
    link.click()
    expect(page.locator(".inspector h3")).to_have_text(pinned_by(link.get_attribute("href")))
    expect(page.locator("#tour h2:visible")).to_have_text("2 · A cure for vanishing: gates")
    page.go_back()
    expect(page.locator(".inspector h3")).to_have_text(driven(page, 2))
    page.reload()
    expect(page.locator("#tour h2:visible")).to_have_text("2 · A cure for vanishing: gates")
    page.locator("#tour-next").click()
    page.locator("#tour-back").click()
    expect(page.locator("#tour")).to_be_hidden()


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_an_address_of_nothing_but_a_chapter_sets_its_picture(browser: Browser, base_url: str, motion: Any) -> None:
    with another_page(browser, base_url=base_url, reduced_motion=motion) as page:
        page.goto("/")
        page.goto("/#tour=1")  # the same page, by its address bar
        expect(page.locator("#models :checked")).to_have_value("prose-rnn")
    with another_page(browser, base_url=base_url, reduced_motion=motion) as page:
        page.goto("/api/v1/models")
        page.goto("/#tour=1")
        expect(page.locator("#tour h2:visible")).to_have_text("1 · A memory that is rewritten")
        expect(page.locator("#models :checked")).to_have_value("prose-rnn")
        expect(page.locator("#memory-shown")).to_have_value("inputs")
        expect(page.locator(".memory-cell .triangle .plot > *")).to_have_count(3)
        expect(page.locator("#memory-charts .distance .plot")).to_be_in_viewport()
        expect(page.locator("#message")).to_be_empty()
        assert "model=prose-rnn" in page.url
        page.locator("#tour-next").click()
        expect(page.locator(".inspector h3")).to_have_text(driven(page, 2))
        page.go_back()
        expect(page.locator("#tour h2:visible")).to_have_text("1 · A memory that is rewritten")
        page.go_back()
        expect(page.locator("#tour")).to_have_count(0)
        page.goto("/?model=sentiment-gru&text=my own words#tour=1")
        expect(page.locator("#tour h2:visible")).to_have_text("1 · A memory that is rewritten")
        expect(page.locator("#text")).to_have_value("my own words")
        expect(page.locator("#models :checked")).to_have_value("sentiment-gru")


def test_back_to_what_one_had(page: Page) -> None:
    opened(page, "/?model=sentiment-gru&text=my own words#step=1&unit=3")
    page.locator("#start-tour").click()
    for _ in range(8):
        page.locator("#tour-next").click()
    expect(page.locator("#memory-shown")).to_have_value("inputs")
    expect(page.locator("#memory-cost tbody tr")).to_have_count(3)
    page.locator("#tour-next").click()
    expect(page.locator("#memory")).not_to_have_attribute("open", "")
    expect(page.locator("#tour-next")).to_be_disabled()
    page.locator("#tour-back").click()
    expect(page.locator("#text")).to_have_value("my own words")
    expect(page.locator(".inspector h3")).to_have_text("unit 3 at own pinned")
    expect(page.locator(".lane")).to_have_count(1)


def test_opening_sentence_types_itself_until_someone_acts(browser: Browser, base_url: str) -> None:
    with another_page(browser, base_url=base_url, reduced_motion="no-preference") as page:
        opened(page)
        expect(page.locator(".tokens bdi")).to_have_text(SENTENCE.split())
        expect(page.locator("#text")).to_have_value(SENTENCE)
        page.reload()
        page.locator(DRAWN).first.wait_for()
        page.locator("#text").click()
        expect(page.locator("#text")).to_have_value(SENTENCE)
        page.locator("#text").fill("mine")
        expect(page.locator(".tokens bdi")).to_have_text(["mine"])
        page.wait_for_timeout(1000)  # longer than two of its words
        expect(page.locator("#text")).to_have_value("mine")


def driven(page: Page, chapter: int) -> str:
    """What is pinned by a chapter, as the heading of the inspector has it."""
    return pinned_by(page.locator(f"#tour [data-chapter='{chapter}']").get_attribute("data-drive"))


def pinned_by(address: str | None) -> str:
    """What an address of the tour pins, as the heading of the inspector has it."""
    parts = urlsplit(address or "")
    text, pin = dict(parse_qsl(parts.query))["text"], dict(parse_qsl(parts.fragment))
    return f"unit {pin['unit']} at {text.split()[int(pin['step'])]} pinned"


STRANGE = {
    "unit=nine&colour=red&order=size": "unit=nine, colour=red, order=size",
    "step=500&unit=3": "step=500",
    "step=2&unit=700": "unit=700",
    "layer=4": "layer=4",
    "find=2-40,c,0.5": "find=2-40,c,0.5",
    "tour=99": "tour=99",
}


@pytest.mark.parametrize(("behind", "named"), STRANGE.items(), ids=STRANGE.keys())
def test_strange_state_is_named_and_ignored(page: Page, behind: str, named: str) -> None:
    opened(page, f"/?text={SENTENCE}#{behind}")
    expect(page.locator("#message")).to_have_text(f"The address says {named}, which means nothing here.")
    expect(page.locator(".tokens bdi")).to_have_text(SENTENCE.split())


def test_valid_fields_next_to_invalid_ones_are_kept(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}#step=500&unit=3")
    expect(page.locator("#message")).to_have_text("The address says step=500, which means nothing here.")
    expect(page.locator(".inspector h3")).to_contain_text("unit 3 at")


def test_strange_state_of_a_text_that_is_asked_for_later_is_named_too(page: Page) -> None:
    opened(page, f"/?model=sentiment-lstm#text={SENTENCE}&step=5&unit=3")
    expect(page.locator("#message")).to_have_text("The address says step=5, which means nothing here.")
    page.locator("#text").fill("good")
    expect(page.locator(".tokens bdi")).to_have_text(["good"])
    expect(page.locator("#message")).to_be_empty()
