"""Every state whose picture is taken can be brought about; nothing goes wrong in it, and its scales are stated."""

import pytest
from playwright.sync_api import Page, expect

from .driving import DRAWN
from .scales import check_scales
from .states import STATES, show


@pytest.mark.parametrize("name", STATES)
def test_state_is_shown(page: Page, base_url: str, name: str) -> None:
    state = STATES[name]
    page.set_viewport_size({"width": state.width, "height": state.height})
    page.emulate_media(color_scheme=state.scheme)
    show(page, base_url, state)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it is wider than the window"
    if state.part:
        expect(page.locator(state.part).locator(".triangle .heatmaplayer image")).to_have_count(3)
    if page.locator(DRAWN).count() > 0:
        check_scales(page)
