"""The page is for everyone: axe finds nothing."""

from typing import Any

import pytest
from playwright.sync_api import Browser

from .axe import violations
from .driving import another_page, from_menu

ADDRESSES = [
    "/?text=the movie was not good#step=3&unit=20&find=1-3,c,0.1",
    "/?model=sentiment-gru&text=terrible but wonderful zzz&compare=cells&chapter=2",
    "/?text=good&compare=text&other=not bad",
    "/?text= ",
    "/?model=sentiment-gru&text=not good#memory=states&alpha=2",
    "/models/sentiment-lstm/card",
]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_axe_finds_nothing(browser: Browser, base_url: str, scheme: Any, width: int) -> None:
    size = {"width": width, "height": 900}
    with another_page(browser, base_url=base_url, viewport=size, color_scheme=scheme, bypass_csp=True) as page:
        for address in ADDRESSES:
            page.goto("about:blank")
            page.goto(address)
            page.locator(".tokens bdi, main .verdict:has-text('Type a word'), .prose table").first.wait_for()
            page.wait_for_load_state("networkidle")
            assert violations(page) == [], address


def test_axe_finds_nothing_in_the_sheets(browser: Browser, base_url: str) -> None:
    with another_page(browser, base_url=base_url, bypass_csp=True) as page:
        page.goto("/?text=good")
        page.locator(".tokens bdi").first.wait_for()
        page.get_by_text("numbers").first.click()
        for opener, sheet in (("#show-help", "#help"), ("#show-share", "#share")):
            if opener == "#show-help":
                from_menu(page, opener)
            else:
                page.locator(opener).click()
            assert violations(page) == [], sheet
            page.locator(f"{sheet} form button").click()
