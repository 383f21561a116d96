"""How the tests drive the page: open, type, point."""

from typing import Any

import httpx2
from playwright.sync_api import Page, expect

SENTENCE = "the movie was not good"
DRAWN = ".plot .heatmaplayer image"


def trace(server: httpx2.Client, model: str, text: str) -> dict[str, Any]:
    answer: dict[str, Any] = server.post(f"/api/v1/models/{model}/traces", json={"text": text}).json()
    return answer


def opened(page: Page, path: str = "/") -> Page:
    page.goto(path)
    page.locator(DRAWN).first.wait_for()
    return page


def type_sentence(page: Page, text: str) -> None:
    with page.expect_response("**/traces"):
        page.locator("#text").fill(text)


def words(page: Page) -> list[str]:
    return page.locator("#tokens bdi").all_inner_texts()


def titles(page: Page) -> list[str]:
    return page.locator(".panel var").all_inner_texts()


def place_of(page: Page, letter: str, t: int, unit: int, steps: int, units: int) -> tuple[float, float]:
    """The middle of a cell of a panel, by the picture that Plotly drew."""
    page.locator(f".panel[data-letter={letter}]").scroll_into_view_if_needed()
    box = page.locator(f".panel[data-letter={letter}] .heatmaplayer image").bounding_box()
    assert box
    return box["x"] + (t + 0.5) / steps * box["width"], box["y"] + (unit + 0.5) / units * box["height"]


def point_at(page: Page, letter: str, t: int, unit: int, steps: int, units: int) -> str:
    """Point at a cell; gives the note beside the pointer."""
    x, y = place_of(page, letter, t, unit, steps, units)
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    note = page.locator("#tooltip")
    expect(note).to_be_visible()
    return note.inner_text()
