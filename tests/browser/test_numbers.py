"""A model that reads numbers: chosen, typed, read from files; edited and walked through like any other."""

import json
import re
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from .axe import violations
from .driving import DRAWN, another_page, opened, shown
from .zoo import NUMBERS

COLUMNS = "date,temperature,precipitation"
SNOW = f"# Two days\n{COLUMNS}\n1 Feb,-4,12\n2 Feb,-3,9.5"


def answer(server: httpx2.Client, csv: str, *edits: dict[str, Any]) -> dict[str, Any]:
    """What the API says of the same CSV."""
    response = server.post("/api/v1/models/snow-lstm/traces", json={"csv": csv, "edits": list(edits)})
    assert response.status_code == 200, response.text
    trace: dict[str, Any] = response.json()
    return trace


def verdict_at(trace: dict[str, Any], step: int) -> str:
    return shown(trace["outputs"]["values"][step][0], 2)


def test_choosing_the_task_shows_its_first_example_with_all_its_views(page: Page, server: httpx2.Client) -> None:
    card = server.get("/api/v1/models/snow-lstm").json()
    example = card["examples"][0]
    opened(page, "/?model=sentiment-lstm&text=good")
    expect(page.locator("#file-choice")).to_be_hidden()
    page.locator("#task").select_option("snow")
    expect(page.locator("#text")).to_have_value(example)
    screen = page.locator("#first-screen")
    expect(screen.locator("svg.gutter text", has_text="precipitation")).to_be_visible()
    assert {"°C", "mm"} <= set(screen.locator("svg.gutter text").all_text_contents())
    expect(screen.locator("svg.chart .curve.input")).to_have_count(2)
    expect(screen.locator("svg.chart .read").first).to_have_text("8 Jan")
    told = screen.locator(".finding, .readout, .cell").all_inner_texts()
    assert not set("“”␣") & set("".join(told))
    expect(page.locator(DRAWN).first).to_be_attached()
    expect(page.locator(".xtick").first).to_have_text("8 Jan")
    expect(page.locator(".token span")).to_have_count(0)  # no colour, and no number, of a word
    expect(page.locator("#file-choice")).to_be_visible()
    expect(page.locator("#compare option[value=text]")).to_have_attribute("hidden", "")
    page.locator("#presets summary").click()
    expect(page.locator("#examples")).to_have_text("".join(each.split("\n")[0][2:] for each in card["examples"]))
    expect(page).to_have_title(re.compile(f"^{re.escape(example.split(chr(10))[0][2:])}"))
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query)["text"] == [example])
    assert violations(page) == []


def test_a_step_is_chosen_by_keys_and_a_gate_is_set(page: Page, server: httpx2.Client) -> None:
    opened(page, f"/?{urlencode({'model': 'snow-lstm', 'text': SNOW, 'step': 0})}")
    readout = page.locator(".readout")
    expect(readout).to_contain_text("At 1\u00a0Feb: temperature −4 °C, precipitation 12 mm")
    page.locator("body").press("ArrowRight")
    expect(readout).to_contain_text("At 2\u00a0Feb: temperature −3 °C, precipitation 9.5 mm")
    slider = page.locator("#first-screen .cell input[name=i]")
    slider.fill("0")
    edited = answer(server, SNOW, {"letter": "i", "steps": [1], "hold": 0})
    expect(readout).to_contain_text(f"the verdict is {verdict_at(edited, 1)}")
    expect(page.locator("#edit-items")).to_contain_text("input gate i at 2 Feb held at 0")
    expect(page.locator(".finding")).to_contain_text("With the input gate at 2\u00a0Feb held at 0")


def test_what_is_typed_is_drawn_and_what_is_wrong_is_said(
    page: Page, server: httpx2.Client, expected_console: list[str]
) -> None:
    expected_console.append("status of 422")
    opened(page, f"/?{urlencode({'model': 'snow-lstm', 'text': SNOW})}")
    longer = f"{SNOW}\n3 Feb,-1,0"
    page.locator("#text").fill(longer)
    expect(page.locator("#first-screen .verdict").first).to_have_text(verdict_at(answer(server, longer), 2))
    page.locator("#text").fill(longer.replace("9.5", "much"))
    expect(page.locator("#message")).to_have_text("csv: line 4, column 'precipitation': 'much' is not a number.")
    expect(page.locator("#text")).to_have_value(longer.replace("9.5", "much"))
    page.locator("#text").fill(longer)
    expect(page.locator("#message")).to_have_text("")
    page.locator("#text").fill("")
    expect(page.locator("#first-screen")).to_contain_text("Paste CSV of temperature, precipitation above")
    expect(page.locator(".prediction .verdict")).to_have_text("Paste numbers, and the gates appear.")


def test_a_page_without_numbers_explains_no_picture(page: Page) -> None:
    page.goto("/?model=snow-lstm&text=%20")
    expect(page.locator(".prediction .verdict")).to_have_text("Paste numbers, and the gates appear.")
    expect(page.locator(".invitation")).to_be_visible()
    for each in (".legend", "#edit-none"):
        expect(page.locator(each)).to_be_hidden()
    page.locator(".invitation a").first.click()
    expect(page.locator(".legend")).to_be_visible()


def test_a_double_click_selects_the_row_of_a_step(page: Page) -> None:
    rows = [f"{day} Feb,-4,{day}" for day in range(1, 20)]
    opened(page, f"/?{urlencode({'model': 'snow-lstm', 'text': chr(10).join(['# Two, weeks', COLUMNS, *rows])})}")
    box = page.locator("#text")
    for at in (17, 0):
        page.locator(".token").nth(at).dblclick()
        expect(box).to_be_focused()
        selected, top, high = box.evaluate(
            "(it) => [it.value.slice(it.selectionStart, it.selectionEnd), it.scrollTop, it.clientHeight]"
        )
        assert selected == rows[at]
        line = box.evaluate("(it) => it.scrollHeight / it.value.split('\\n').length")
        assert top - line <= (at + 2) * line <= top + high  # in sight


def npy(values: list[list[float]]) -> bytes:
    file = BytesIO()
    np.save(file, np.array(values))
    return file.getvalue()


def test_files_are_read_and_a_wrong_one_changes_nothing(page: Page, expected_console: list[str]) -> None:
    expected_console.append("status of 422")
    opened(page, f"/?{urlencode({'model': 'snow-lstm', 'text': SNOW})}")
    rows = [[-4.0, 12.0], [-3.0, 9.5]]
    by_step = [{"time": "1 Feb", "temperature": -4, "precipitation": 12}]
    header = "temperature,precipitation"
    for name, content, written in (
        ("a.npy", npy(rows), f"# a.npy\n{header}\n-4.0,12.0\n-3.0,9.5"),
        ("b.json", json.dumps(by_step).encode(), f"# b.json\ntime,{header}\n1 Feb,-4.0,12.0"),
        ("c.CSV", b"precipitation;temperature\n1;2\n", f"# c.CSV\n{header}\n2.0,1.0"),
    ):
        page.locator("#file").set_input_files({"name": name, "mimeType": "", "buffer": content})
        expect(page.locator("#text")).to_have_value(written)
    steps = page.locator(".token")
    expect(steps).to_have_count(1)
    for name, content, why in (
        (
            "d.csv",
            b"temperature\n1",
            "body: there is no column 'precipitation': the file names temperature, "
            "and the model reads temperature, precipitation.",
        ),
        ("e.xlsx", b"", "It is not one of .csv, .tsv, .npy, .json."),
    ):
        page.locator("#file").set_input_files({"name": name, "mimeType": "", "buffer": content})
        expect(page.locator("#message")).to_have_text(f"{name} is not read, and nothing has changed. {why}")
    expect(page.locator("#text")).to_have_value(f"# c.CSV\n{header}\n2.0,1.0")
    drop = page.evaluate_handle(
        "() => { const data = new DataTransfer(); data.items.add(new File(['1,2\\n3,4'], 'f.csv')); return data; }"
    )
    page.locator("#text").dispatch_event("drop", {"dataTransfer": drop})
    expect(page.locator("#text")).to_have_value(f"# f.csv\n{header}\n1.0,2.0\n3.0,4.0")


def test_memory_and_the_sheet_to_share_know_numbers(page: Page) -> None:
    opened(page, f"/?{urlencode({'model': 'snow-lstm', 'text': SNOW})}#memory=states")
    expect(page.locator("#memory-cells")).to_contain_text("Seen from 2 Feb")
    expect(page.locator("#memory-says")).to_contain_text("after step k")
    page.locator("#show-share").click()
    assert '"csv":"# Two days\\n' in page.locator("#share-curl").input_value()


def test_without_a_head_the_norm_of_h_stands_in_the_place_of_the_verdict(
    page: Page, zoo: str, keeper: httpx2.Client
) -> None:
    trace = keeper.post("/api/v1/models/bare/traces", json={"csv": NUMBERS}).json()
    norms = np.linalg.norm(trace["layers"][0]["activations"]["h"], axis=1)
    opened(page, f"{zoo}/?model=bare&step=1#memory=states")
    names = page.locator("#first-screen svg.gutter text")
    expect(names.filter(has_text="norm of h")).to_be_visible()
    expect(names.filter(has_text="there is no head")).to_be_visible()
    told = f"At 07:00: temperature 12 °C, rain 0 mm, wind −2 m/s, norm of h {norms[1]:.3g}"
    expect(page.locator(".readout")).to_contain_text(told)
    expect(page.locator(".prediction .verdict")).to_have_text(f"norm of h = {norms[1]:.2f}")
    expect(page.locator(".prediction .after")).to_have_text("after step 2 of 2: there is no head, and so no verdict")
    expect(page.locator("#memory-cells")).to_contain_text("There is no head, and so no verdict.")


@pytest.mark.parametrize("width", [390, 1280])
def test_the_box_shows_whole_lines_of_csv_and_closes_after_the_click_that_leaves_it(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    opened(page, f"/?{urlencode({'model': 'snow-lstm', 'text': chr(10).join([COLUMNS, *['1 Feb,-4,12'] * 9])})}")
    box = page.locator("#text")
    lines = """(it) => {
        const { lineHeight, paddingTop } = getComputedStyle(it);
        return (it.clientHeight - parseFloat(paddingTop)) / parseFloat(lineHeight);
    }"""
    assert box.evaluate(lines) == pytest.approx(3, abs=0.05)
    box.click()
    expect(box).to_have_attribute("data-open", "")
    assert box.evaluate(lines) == pytest.approx(7, abs=0.05)
    share = page.locator("#show-share")
    before = share.bounding_box()
    share.hover()
    page.mouse.down()
    assert share.bounding_box() == before  # what is pressed does not move away
    page.mouse.up()
    expect(page.locator("#share")).to_be_visible()
    page.locator("#share button", has_text="Close").click()
    expect(box).not_to_have_attribute("data-open", "")


def test_long_csv_stays_with_the_browser_and_not_in_the_link(
    page: Page, browser: Browser, base_url: str, expected_console: list[str]
) -> None:
    expected_console.append("status of 422")  # an edit is tried at a step that the shorter text does not have
    longer = f"# Long\n{COLUMNS}\n" + "".join(f"{day},-4,{day % 7}\n" for day in range(500))
    opened(page, f"/?{urlencode({'model': 'snow-lstm', 'text': SNOW})}")
    page.locator("#text").fill(longer)
    page.wait_for_url("**/?model=snow-lstm&example=none*")
    page.locator("#show-share").click()
    expect(page.locator("#share-without")).to_be_visible()
    link = page.locator("#share-link").input_value()
    assert len(link) < 200
    page.locator("#share button", has_text="Close").click()
    page.reload()
    expect(page.locator("#text")).to_have_value(longer)
    expect(page.locator("#message")).to_have_text("")
    page.locator("#first-screen .cell input[name=i]").fill("0")
    page.wait_for_url("**edits=*")
    page.locator(".experiment a.undo").click()  # an entry of its own in the history
    expect(page.locator("#edit-items li")).to_have_count(0)
    page.go_back()
    expect(page.locator("#edit-items li")).to_have_count(1)
    expect(page.locator("#text")).to_have_value(longer)
    page.locator("#text").fill(SNOW)
    page.wait_for_url("**text=*")
    page.locator("#show-share").click()
    expect(page.locator("#share-without")).to_be_hidden()
    with another_page(browser, base_url=base_url) as other:
        opened(other, f"{link}&step=300")
        expect(other.locator("#message")).to_contain_text("This link does not hold its numbers")
        assert other.locator("#text").input_value().startswith("# A snowfall and a thaw")
