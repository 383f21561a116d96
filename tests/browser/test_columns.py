"""The heatmaps stand under the columns of the first screen, and their words stay in sight."""

import pytest
from playwright.sync_api import Browser, Page, expect

from .driving import SENTENCE, another_page, opened

EDGES = """() => {
  const chart = document.querySelector('.first-screen .chart').getBoundingClientRect();
  const columns = [...document.querySelectorAll('.first-screen .chart .column')];
  return [...columns.map((each) => each.getBoundingClientRect().left), chart.right];
}"""


def marked(page: Page) -> list[float]:
    """The left and right edges of the marked column in the first panel."""
    box = page.locator(".panel .mark").first.bounding_box()
    assert box
    return [box["x"], box["x"] + box["width"]]


@pytest.mark.parametrize("width", [1920, 1440, 1024])
def test_a_column_has_the_same_edges_in_both(browser: Browser, base_url: str, width: int) -> None:
    with another_page(browser, base_url=base_url, viewport={"width": width, "height": 900}) as page:
        opened(page, f"/?text={SENTENCE}")
        edges = page.evaluate(EDGES)
        for t in range(5):
            page.locator(".token").nth(t).click()
            assert marked(page) == pytest.approx([edges[t], edges[t + 1]], abs=1)
            word = page.locator(".token").nth(t).bounding_box()
            assert word
            assert edges[t] - 1 <= word["x"]
            assert word["x"] + word["width"] <= edges[t + 1] + 1


def test_the_pointer_finds_the_unit_and_word_of_an_uneven_column(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    edges = page.evaluate(EDGES)
    plot = page.locator(".panel[data-letter=f] .plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box
    for t, word in enumerate(SENTENCE.split()):
        page.mouse.move(edges[t] + 3, box["y"] + box["height"] / 2)
        expect(page.locator("#tooltip bdi")).to_have_text(word)


def test_words_stay_in_sight_while_one_scrolls(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    page.locator(".panel").last.scroll_into_view_if_needed()
    expect(page.locator(".token").first).to_be_in_viewport()


def test_a_phone_and_a_comparison_have_columns_of_their_own(page: Page, browser: Browser, base_url: str) -> None:
    opened(page, f"/?text={SENTENCE}&compare=cells")
    expect(page.locator("#picture")).not_to_have_class("lanes aligned")
    with another_page(browser, base_url=base_url, viewport={"width": 390, "height": 844}) as phone:
        opened(phone, f"/?text={SENTENCE}")
        expect(phone.locator("#picture")).not_to_have_class("lanes aligned")
