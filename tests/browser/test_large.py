"""A model of more units than one picture shows: only what is drawn is asked for, and every unit can be reached."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from gatescope.main import create_app
from gatescope.settings import Settings
from gatescope.store.saving import save_model
from networks import random_network
from playwright.sync_api import Page, Request, expect
from serving import running

from .driving import PATIENCE, at_rest, layer_of, opened, point_at, shown
from .zoo import TEXT, VERDICT, WORDS

UNITS, LAYERS, ROWS, STEPS = 600, 3, 256, 5
LONG, PAGE = 150, 150_000 // (256 * 6)  # words of a text, and those of one page of heatmaps
LONG_TEXT = "+".join(TEXT.split() * (LONG // STEPS))
MIDDLE = 1


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the application over a model of 600 units and 3 layers, and a GRU of 7 of the same task.

    All units of a third, which is of another task, are in sight.
    """
    folder: Path = tmp_path_factory.mktemp("large")
    sizes = {"vocabulary_size": len(WORDS.vocabulary), "outputs": 1}
    about = {"task": "verdicts", "description": "d", "outputs": VERDICT, "opposite": "negative", "licence": "MIT"}
    about |= {"examples": [TEXT]}
    network = random_network(1, scale=12, cell="lstm", hidden_size=UNITS, layers=LAYERS, **sizes)
    save_model(folder / "large", network, WORDS, {"title": "LARGE", **about})
    save_model(folder / "small", random_network(2, cell="gru", **sizes), WORDS, {"title": "SMALL", **about})
    network = random_network(3, scale=3, cell="lstm", hidden_size=ROWS, **sizes)
    save_model(folder / "pages", network, WORDS, {**about, "title": "PAGES", "task": "pages"})
    with running(create_app(Settings(models=folder, default_model="large"))) as address:
        yield address


@pytest.fixture(scope="module")
def client(zoo: str) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=zoo, timeout=PATIENCE / 1000) as client:
        yield client


def asked(page: Page) -> list[dict[str, Any]]:
    """The bodies of the traces that the page asks for from now on."""
    bodies: list[dict[str, Any]] = []

    def keep(request: Request) -> None:
        if request.url.endswith("/traces"):
            bodies.append(json.loads(request.post_data or ""))

    page.on("request", keep)
    return bodies


def carrier(client: httpx2.Client, layer: int) -> np.ndarray:
    return np.array(layer_of(client, "large", TEXT, layer)["c"])


def by_variance(client: httpx2.Client, layer: int) -> list[int]:
    return np.argsort(-carrier(client, layer).var(axis=0), kind="stable").tolist()


def says(page: Page, first: int, last: int) -> None:
    expect(page.locator("#rows")).to_have_text(f"units {first}–{last} of {UNITS}")
    at_rest(page)


def cell_unit(page: Page) -> int:
    """The unit that the first screen shows."""
    return int(page.locator("#first-screen .cell").get_attribute("data-unit") or "")


def test_only_the_layer_that_is_shown_is_asked_for(page: Page, zoo: str, client: httpx2.Client) -> None:
    bodies = asked(page)
    opened(page, zoo)
    says(page, 1, ROWS)
    assert bodies == [], "what came with the page serves"
    page.locator("#layer").select_option(str(MIDDLE))
    page.locator("#order").select_option("variance")
    says(page, 1, ROWS)
    assert [(each["layers"], each["directions"], each["rows"]["count"]) for each in bodies] == [
        ([MIDDLE], ["forward"], ROWS)
    ] * len(bodies)
    order, c = by_variance(client, MIDDLE), carrier(client, MIDDLE)
    for at in (0, 255):
        note = point_at(page, "c", 2, at, STEPS, ROWS)
        assert f"unit {order[at]}, " in note
        assert note.endswith(f"c = {shown(c[2][order[at]], 4)}")
    bars = page.locator(".panel[data-letter=c] .bars text:not(.axis)").all_text_contents()
    assert bars == [shown(value, 2) for value in np.linalg.norm(c, axis=1)]
    means = page.locator(".panel[data-letter=f] .bars text:not(.axis)").all_text_contents()
    f = layer_of(client, "large", TEXT, MIDDLE)["f"]
    assert means == [shown(value, 2) for value in np.mean(f, axis=1)]


def test_next_units_follow_in_the_order_and_a_link_leads_to_them(page: Page, zoo: str, client: httpx2.Client) -> None:
    opened(page, f"{zoo}/?layer={MIDDLE}#order=variance")
    says(page, 1, ROWS)
    before, after = page.locator("#rows-before"), page.locator("#rows-after")
    expect(before).to_be_disabled()
    after.click()
    says(page, 257, 512)
    after.click()
    says(page, 513, 600)
    expect(after).to_be_disabled()
    order = by_variance(client, MIDDLE)
    assert f"unit {order[-1]}, " in point_at(page, "h", 0, 87, STEPS, 88)
    expect(page).to_have_url(re.compile("rows=512"))
    page.goto("about:blank")
    opened(page, f"{zoo}/?layer={MIDDLE}#order=variance&rows=512")
    says(page, 513, 600)
    c = carrier(client, MIDDLE)
    changes = np.abs(np.diff(c, axis=0, prepend=0)).max(axis=0)
    unit = max(order[512:], key=lambda each: float(changes[each]))
    assert cell_unit(page) not in order[512:], "what the first screen shows of all units is out of sight"
    expect(page.locator(".inspector h3")).to_contain_text(f"unit {unit} at")
    expect(page.locator(".inspector .names")).to_have_text("Of the 88 units in sight, it changes the most.")
    assert f"unit {order[512]}, " in point_at(page, "h", 0, 0, STEPS, 88)
    expect(page.locator(".inspector .names")).to_have_text("")
    page.locator("#rows-before").click()
    says(page, 257, 512)


def test_a_pinned_unit_is_in_sight_in_every_order_and_layer(page: Page, zoo: str, client: httpx2.Client) -> None:
    order = by_variance(client, MIDDLE)
    unit = order[300]
    opened(page, f"{zoo}/?layer={MIDDLE}&step=2&unit={unit}")
    first = unit // ROWS * ROWS
    says(page, first + 1, min(first + ROWS, UNITS))
    expect(page.locator(".inspector h3")).to_contain_text(f"unit {unit} at was pinned")
    page.locator("#order").select_option("variance")
    says(page, 257, 512)
    expect(page.locator(".inspector h3")).to_contain_text(f"unit {unit} at was pinned")
    row = page.locator(".panel[data-letter=c] .mark").nth(1)
    expect(row).to_be_visible()
    page.locator("#rows-before").click()
    says(page, 1, ROWS)
    expect(row).to_be_hidden()
    expect(page).to_have_url(re.compile("rows=0"))


def test_keys_cross_the_edge_of_a_window(page: Page, zoo: str) -> None:
    opened(page, f"{zoo}/?layer=0&step=1&unit={ROWS - 1}")
    says(page, 1, ROWS)
    page.keyboard.press("ArrowDown")
    says(page, 257, 512)
    expect(page.locator(".inspector h3")).to_contain_text(f"unit {ROWS} at movie pinned")
    page.keyboard.press("ArrowUp")
    says(page, 1, ROWS)
    expect(page.locator(".inspector h3")).to_contain_text(f"unit {ROWS - 1} at movie pinned")


def test_the_finder_searches_all_units_and_leads_to_one_out_of_sight(
    page: Page, zoo: str, client: httpx2.Client
) -> None:
    c = carrier(client, MIDDLE)
    above = 0.3
    found = [
        unit
        for unit in range(UNITS)
        for sign in (1, -1)
        if (sign * c[2:4, unit] >= above).all() and not (sign * c[[1, 4], unit] >= above).any()
    ]
    beyond = next(unit for unit in found if unit >= 512)
    opened(page, f"{zoo}/?layer={MIDDLE}#find=2-3,c,{above}")
    expect(page.locator("#find-count")).to_have_text(f"{len(found)} of {UNITS} units:")
    page.locator("#find-units button", has_text=re.compile(rf"^−?{beyond}$")).click()
    says(page, 513, 600)
    expect(page.locator(".inspector h3")).to_contain_text(f"unit {beyond} at not pinned")


def test_edits_hold_the_units_and_scales_and_show_both_runs(page: Page, zoo: str, client: httpx2.Client) -> None:
    unit = by_variance(client, MIDDLE)[400]
    edits = [{"letter": "i", "layer": MIDDLE, "direction": "forward", "units": [unit], "steps": [1], "hold": 1}]
    opened(page, f"{zoo}/?layer={MIDDLE}&step=1&unit={unit}&edits={MIDDLE}.forward.i[{unit}]@1=1#order=variance")
    at_rest(page)
    answer = client.post("/api/v1/models/large/traces", json={"text": TEXT, "edits": edits}).json()
    edited = np.array(answer["layers"][MIDDLE]["activations"]["c"])
    order = np.argsort(-edited.var(axis=0), kind="stable").tolist()
    place = order.index(unit)
    first = place // ROWS * ROWS
    says(page, first + 1, min(first + ROWS, UNITS))
    count = min(ROWS, UNITS - first)
    note = point_at(page, "c", 1, place - first, STEPS, count)
    was = carrier(client, MIDDLE)[1][unit]
    assert note.endswith(f"c = {shown(edited[1][unit], 4)}, {shown(was, 4)} without edits")


def test_two_texts_show_the_same_units_and_their_difference(page: Page, zoo: str, client: httpx2.Client) -> None:
    other = TEXT.replace("good", "bad")
    opened(page, f"{zoo}/?layer=0&compare=text&other={other}#order=similarity&rows=256")
    says(page, 257, 512)
    notes = [point_at(page, "c", 4, 0, STEPS, ROWS, lane=at) for at in range(3)]
    [unit] = {int(number) for note in notes for number in re.findall(r"unit (\d+), ", note)}
    c = [np.array(layer_of(client, "large", text, 0)["c"]) for text in (TEXT, other)]
    assert notes[2].endswith(f"unit {unit}, cell state c = {shown((c[1] - c[0])[4][unit], 4)}")
    expect(page.locator(".lane.difference .prediction")).to_contain_text(
        "norm of the difference of the 256 units in sight"
    )


def test_next_to_a_small_model_each_has_its_own_window(page: Page, zoo: str) -> None:
    opened(page, f"{zoo}/?compare=cells&unit=400&step=1")
    says(page, 257, 512)
    expect(page.locator(".lane")).to_have_count(2)
    assert "unit 2, " in point_at(page, "h", 0, 2, STEPS, 7, lane=1)
    page.goto("about:blank")
    opened(page, f"{zoo}/?model=small&compare=cells")
    says(page, 1, ROWS)
    page.locator("#rows-after").click()
    says(page, 257, 512)
    assert "unit 256, " in point_at(page, "c", 0, 0, STEPS, ROWS)


def test_a_small_model_has_no_windows(page: Page, zoo: str) -> None:
    opened(page, f"{zoo}/?model=small")
    expect(page.locator("#row-pager")).to_be_hidden()


def test_what_the_address_gets_wrong_is_still_said(page: Page, zoo: str) -> None:
    opened(page, f"{zoo}/?model=nope&layer=9#order=variance&rows=99999")
    says(page, 513, 600)
    message = page.locator("#message")
    expect(message).to_contain_text("There is no model “nope” here; this is large.")
    expect(message).to_contain_text("layer=9")
    expect(page.locator("#layer")).to_have_value(str(LAYERS - 1))


def turned(page: Page, first: int, last: int) -> None:
    expect(page.locator("#page")).to_have_text(f"words {first}–{last} of {LONG}")
    at_rest(page)


def chosen(page: Page, step: int) -> None:
    """The first screen begins with the text, and the word is lit in it and in the heatmaps below it."""
    screen = page.locator("#first-screen section").first
    expect(screen).to_have_attribute("data-chosen", str(step))
    expect(screen.locator('a[data-t="0"]').first).to_be_attached()
    lit = page.locator(f".tokens li:nth-child({step % PAGE + 1}).lit")
    expect(lit).to_have_count(1)
    assert lit.evaluate(
        "(word) => word.getBoundingClientRect().bottom <= word.parentElement.getBoundingClientRect().bottom"
    )
    expect(page).to_have_url(re.compile(rf"[?&]step={step}\b"))


def test_heatmaps_turn_to_the_word_that_is_chosen_in_the_first_screen(zoo: str, page: Page) -> None:
    beyond = PAGE + 3
    opened(page, f"{zoo}/?model=pages&text={LONG_TEXT}")
    turned(page, 1, PAGE)
    page.locator(f'#first-screen a[data-t="{beyond}"]').first.dispatch_event("click")
    turned(page, PAGE + 1, LONG)
    chosen(page, beyond)
    page.locator("#show-share").dispatch_event("click")
    told = f"CSV, NPZ and the calls hold the words in sight, {PAGE + 1} to {LONG} of {LONG}, with all layers."
    expect(page.locator("#share-status")).to_have_text(told)
    page.locator("#share").press("Escape")
    page.locator(f'#first-screen a[data-t="{PAGE - 1}"]').first.dispatch_event("click")
    turned(page, 1, PAGE)
    chosen(page, PAGE - 1)
    page.keyboard.press("ArrowRight")
    turned(page, PAGE + 1, LONG)
    chosen(page, PAGE)
    page.keyboard.press("ArrowLeft")
    turned(page, 1, PAGE)
    chosen(page, PAGE - 1)
    page.locator(f'#first-screen a[data-t="{PAGE - 1}"]').first.press("ArrowRight")
    turned(page, PAGE + 1, LONG)
    chosen(page, PAGE)


def test_a_link_to_a_word_or_a_pin_opens_at_its_page(zoo: str, page: Page, client: httpx2.Client) -> None:
    step, unit = PAGE + 40, 200
    opened(page, f"{zoo}/?model=pages&text={LONG_TEXT}&step={step}&unit={unit}")
    turned(page, PAGE + 1, LONG)
    chosen(page, step)
    expect(page.locator(".inspector h3")).to_contain_text(f"unit {unit} at {TEXT.split()[step % STEPS]} pinned")
    c = layer_of(client, "pages", LONG_TEXT.replace("+", " "))["c"]
    note = point_at(page, "c", step - PAGE, unit, LONG - PAGE, ROWS)
    assert note.endswith(f"c = {shown(c[step][unit], 4)}")
    page.locator("#earlier").click()
    turned(page, 1, PAGE)
    expect(page).not_to_have_url(re.compile("step="))


def test_a_link_to_a_phrase_opens_at_its_page(zoo: str, page: Page) -> None:
    opened(page, f"{zoo}/?model=pages&text={LONG_TEXT}#find={PAGE + 2}-{PAGE + 3},c,0.3")
    turned(page, PAGE + 1, LONG)
    expect(page.locator("#find-count")).to_contain_text(f"of {ROWS} units")


def test_a_link_to_a_word_that_there_is_not_says_so(zoo: str, page: Page) -> None:
    opened(page, f"{zoo}/?model=pages&text={LONG_TEXT}#step=99999")
    turned(page, 1, PAGE)
    expect(page.locator("#message")).to_contain_text("step=99999, which means nothing here")


def test_a_text_that_ends_before_the_page_is_shown_from_its_beginning(
    zoo: str, page: Page, expected_console: list[str]
) -> None:
    expected_console.append("the server responded with a status of 422")
    opened(page, f"{zoo}/?model=pages&text={LONG_TEXT}&step={PAGE + 1}")
    turned(page, PAGE + 1, LONG)
    page.locator("#text").fill(TEXT)
    expect(page.locator(".tokens li")).to_have_count(STEPS)
    at_rest(page)
    expect(page).not_to_have_url(re.compile("step="))
