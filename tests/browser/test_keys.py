"""Everything by keyboard: stepping, playing, letting go, the sheet of keys; and the numbers as tables."""

import re

import httpx2
from playwright.sync_api import Page, expect

from .driving import SENTENCE, from_menu, layer_of, opened, shown

TITLE = ".inspector h3"


def unfocused(page: Page) -> None:
    page.evaluate("document.activeElement.blur()")


def test_arrows_step_through_time_and_units(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}#step=1&unit=5")
    unfocused(page)
    for key, expected in [
        ("ArrowRight", "unit 5 at was"),
        ("ArrowDown", "unit 6 at was"),
        ("ArrowLeft", "unit 6 at movie"),
        ("ArrowUp", "unit 5 at movie"),
        ("ArrowLeft", "unit 5 at the"),
        ("ArrowLeft", "unit 5 at the"),
    ]:
        page.keyboard.press(key)
        expect(page.locator(TITLE)).to_have_text(f"{expected} pinned")
    expect(page).to_have_url(re.compile("&step=0&unit=5#sha="))
    page.keyboard.press("Escape")
    expect(page.locator(".panel .mark:visible")).to_have_count(6)
    expect(page).to_have_url(re.compile("&step=0$"))
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("step="))


def test_arrows_choose_a_word_and_pin_no_unit(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    chosen = page.locator("#first-screen .first-screen")
    expect(chosen).to_have_attribute("data-chosen", "3")  # what the finding speaks of first
    unfocused(page)
    for key, t in [("ArrowLeft", 2), ("ArrowLeft", 1), ("ArrowRight", 2), ("ArrowDown", 2)]:
        page.keyboard.press(key)
        expect(chosen).to_have_attribute("data-chosen", str(t))
        expect(page.locator(".lit bdi")).to_have_text(SENTENCE.split()[t])
        expect(page).to_have_url(re.compile(f"&step={t}$"))
    expect(page.locator(TITLE)).not_to_contain_text("pinned")


def test_escape_undoes_one_thing_at_a_time(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}&step=3&unit=5&edits=i@3=0")
    unfocused(page)
    page.keyboard.press("f")
    expect(page.locator(".following .followed-note")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".following")).to_have_count(0)
    expect(page).to_have_url(re.compile("&unit=5"))
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("unit="))
    expect(page).to_have_url(re.compile("edits=i@3=0"))
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("edits="))
    expect(page).to_have_url(re.compile("&step=3$"))
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("step="))


def test_letters_can_be_switched_off(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    page.keyboard.press("?")
    page.get_by_label("letter keys act").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.locator(".token").first.wait_for()
    page.locator("#first-screen.handled, #first-screen .handled").first.wait_for()
    page.keyboard.press("f")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#first-screen .first-screen")).to_have_attribute("data-chosen", "2")
    expect(page.locator(".following")).to_have_count(0)


def test_units_are_stepped_through_in_their_order(page: Page, server: httpx2.Client) -> None:
    c = layer_of(server, "sentiment-lstm", SENTENCE)["c"][3]
    first, second = sorted(range(64), key=lambda unit: -c[unit])[:2]
    opened(page, f"/?text={SENTENCE}#step=3&unit={first}&order=value")
    unfocused(page)
    page.keyboard.press("ArrowDown")
    expect(page.locator(TITLE)).to_have_text(f"unit {second} at not pinned")


def test_keys_belong_to_the_text_while_one_types(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    page.locator("#text").focus()
    page.keyboard.press("End")
    with page.expect_response("**/traces"):
        page.keyboard.type(" ?")
    expect(page.locator(".tokens bdi").last).to_have_text("?")
    expect(page.locator("#help")).to_be_hidden()
    expect(page).not_to_have_url(re.compile("step="))


def test_space_plays_to_the_end_and_begins_again(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}#step=3&unit=5")
    unfocused(page)
    page.keyboard.press("Space")
    expect(page.locator("#play")).to_contain_text("stop")
    expect(page.locator(TITLE)).to_have_text("unit 5 at good pinned")
    expect(page.locator("#play")).to_contain_text("play")
    page.locator("#play").click()
    expect(page.locator(TITLE)).to_have_text("unit 5 at the pinned")
    page.keyboard.press("Escape")
    expect(page.locator("#play")).to_contain_text("play")


def test_enter_chooses_a_word(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    page.locator(".token").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#first-screen .first-screen")).to_have_attribute("data-chosen", "1")
    expect(page).to_have_url(re.compile("&step=1$"))


def test_help_lists_the_keys_and_closes(page: Page) -> None:
    opened(page)
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys and gestures")
    expect(sheet).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(re.compile("step="))
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    from_menu(page, "#show-help")
    expect(sheet).to_be_visible()
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_be_hidden()


def test_table_holds_the_numbers_of_its_panel(page: Page, server: httpx2.Client) -> None:
    opened(page, f"/?text={SENTENCE}")
    panel = page.locator(".panel[data-letter=c]")
    panel.get_by_text("numbers").click()
    expect(panel.locator("thead th")).to_have_text(["unit", *SENTENCE.split()])
    c = layer_of(server, "sentiment-lstm", SENTENCE)["c"]
    expect(panel.locator("tbody tr")).to_have_count(64)
    for unit in (0, 17, 63):
        row = panel.locator("tbody tr").nth(unit).locator("th, td")
        expect(row).to_have_text([str(unit), *(shown(step[unit], 3) for step in c)])
    page.locator("#text").fill("good")
    expect(panel.locator("thead th")).to_have_text(["unit", "good"])
