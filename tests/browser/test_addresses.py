"""What an address says of the page is shown, or named; the opening sentence types itself."""

import pytest
from playwright.sync_api import Browser, Page, expect

from .driving import DRAWN, SENTENCE, another_page, opened


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
