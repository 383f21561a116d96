"""Brush a phrase, and find the units that are on throughout it and off around it."""

import re
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from .driving import SENTENCE, layer_of, opened

TEXT = "the acting was terrible but the story was wonderful"


def on_in(rows: list[list[float]], start: int, stop: int, above: float) -> list[str]:
    """The units that are on from step ``start`` to ``stop``, and off just before and behind."""
    names = []
    for unit in range(len(rows[0])):
        for sign in (1, -1):
            on = [sign * row[unit] >= above for row in rows]
            around = [on[t] for t in (start - 1, stop + 1) if 0 <= t < len(rows)]
            if all(on[start : stop + 1]) and not any(around):
                names.append(f"{'−' if sign < 0 else ''}{unit}")
    return names


def threshold(rows: list[list[float]], start: int, stop: int, units: int) -> float:
    """The highest tenth above which so many units, or more, are on throughout a phrase and off around it."""
    return next(above / 10 for above in range(9, 0, -1) if len(on_in(rows, start, stop, above / 10)) >= units)


def brushed(page: Page, start: int, stop: int) -> None:
    words = page.locator(".token")
    words.nth(start).hover()
    page.mouse.down()
    words.nth(stop).hover()
    page.mouse.up()


def listed(page: Page) -> list[str]:
    return page.locator("#find-units button").all_inner_texts()


def rows_of(server: httpx2.Client, letter: str) -> list[list[float]]:
    rows: Any = layer_of(server, "sentiment-lstm", TEXT)[letter]
    return rows  # type: ignore[no-any-return]


def test_units_on_throughout_a_phrase_are_listed_lit_and_pinned(page: Page, server: httpx2.Client) -> None:
    opened(page, f"/?text={TEXT}")
    brushed(page, 3, 7)
    expect(page.locator("#find")).to_be_visible()
    above = threshold(rows_of(server, "c"), 3, 7, units=3)
    page.locator("#find-above").fill(str(above))
    expected = on_in(rows_of(server, "c"), 3, 7, above)
    expect(page.locator("#find-units button")).to_have_text(expected)
    expect(page.locator("#find-count")).to_have_text(f"{len(expected)} of 64 units:")
    lit = re.compile(rf"^(M[^M]*){{{len(expected)}}}$")
    expect(page.locator(".panel[data-letter=f] .edge path")).to_have_attribute("d", lit)
    page.locator("#find-units button").first.click()
    unit = expected[0].removeprefix("−")
    expect(page.locator(".inspector h3")).to_have_text(f"unit {unit} at was pinned")
    expect(page).to_have_url(re.compile(re.escape(f"find=3-7%2Cc%2C{above}")))
    page.reload()
    expect(page.locator("#find-units button")).to_have_text(expected)
    page.locator("#find-close").click()
    expect(page.locator("#find")).to_be_hidden()
    expect(page).not_to_have_url(re.compile("find"))


def test_other_places_where_they_are_on_together_are_offered(page: Page, server: httpx2.Client) -> None:
    text = "not good and not bad and not good"
    rows = layer_of(server, "sentiment-lstm", text)["g"]
    for above in (each / 10 for each in range(9, 0, -1)):
        signed = [(-1 if name.startswith("−") else 1, int(name.lstrip("−"))) for name in on_in(rows, 3, 3, above)]
        others = [t for t, row in enumerate(rows) if t != 3 and all(sign * row[unit] >= above for sign, unit in signed)]
        if signed and others:
            break
    else:
        pytest.fail("no units are on at the second not that are all on elsewhere too: choose another text")
    opened(page, f"/?text={text}#find=3-3,g,{above}")
    expect(page.locator("#find-elsewhere button")).to_have_text([text.split()[t] for t in others])
    page.locator("#find-elsewhere button").last.click()
    last = others[-1]
    expect(page.locator(".inspector h3")).to_have_text(f"unit {signed[0][1]} at {text.split()[last]} pinned")
    expect(page).to_have_url(re.compile(f"step={last}"))


@pytest.mark.parametrize("letter", ["i", "h", "g"])
def test_any_activation_is_searched(page: Page, server: httpx2.Client, letter: str) -> None:
    above = threshold(rows_of(server, letter), 3, 3, units=1)
    opened(page, f"/?text={TEXT}#find=3-3,{letter},{above}")
    expect(page.locator("#find-units button")).to_have_text(on_in(rows_of(server, letter), 3, 3, above))


def test_phrase_is_chosen_by_keyboard_and_by_lists(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    page.locator(".token").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#find-from")).to_have_value("1")
    expect(page.locator("#find-to")).to_have_value("3")
    page.locator("#find-close").click()
    page.locator("#show-find").click()
    page.locator("#find-from").select_option("0")
    page.locator("#find-to").select_option("2")
    expect(page).to_have_url(re.compile("find=0-2"))


def test_phrase_is_searched_in_the_lane_where_it_was_drawn(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}&compare=cells")
    words = page.locator(".lane").nth(1).locator(".token")
    words.nth(1).click()
    words.nth(3).click(modifiers=["Shift"])
    expect(page.locator("#find-by option").first).to_have_text("reset gate r")
    lit = [page.locator(".lane").nth(at).locator(".edge path").first.get_attribute("d") for at in range(3)]
    assert not lit[0]
    assert not lit[2]
