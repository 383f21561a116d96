"""Every state whose picture is taken can be brought about; nothing goes wrong in it, and its scales are stated."""

import pytest
from playwright.sync_api import Browser, expect

from .driving import DRAWN, another_page
from .scales import check_scales
from .states import STATES, show


@pytest.mark.parametrize("name", STATES)
def test_state_is_shown(browser: Browser, base_url: str, name: str) -> None:
    state, said = STATES[name], list[str]()
    size = {"width": state.width, "height": state.height}
    with another_page(browser, viewport=size, color_scheme=state.scheme) as page:
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        show(page, base_url, state)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it is wider than the window"
        if state.part:
            expect(page.locator(state.part).locator(".triangle .heatmaplayer image")).to_have_count(3)
        if page.locator(DRAWN).count() > 0:
            check_scales(page)
    assert said == []
