"""The page is for everyone: axe finds nothing."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

ADDRESSES = ["/?text=the movie was not good", "/?model=sentiment-gru&text=terrible but wonderful zzz", "/?text= "]


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, base_url: str, scheme: Any, width: int) -> None:
    # Axe is injected as an inline script, which the page's own policy forbids.
    with browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True) as context:
        for address in ADDRESSES:
            page = context.new_page()
            page.goto(base_url + address)
            page.locator("#tokens bdi, #verdict:has-text('Type a word')").first.wait_for()
            page.wait_for_load_state("networkidle")
            found = Axe().run(page).response["violations"]
            assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
