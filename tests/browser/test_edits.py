"""Edits on the page: sliders and their list change what the network does, and whatever is taken along has it too."""

import csv
import io
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import httpx2
import numpy as np
import pytest
from documentation import read
from gatescope.recurrent.edits.short_form import from_short_form
from playwright.sync_api import Browser, Locator, Page, expect

from .axe import violations
from .driving import (
    DRAWN,
    SENTENCE,
    another_page,
    at_rest,
    edited,
    opened,
    point_at,
    probability,
    shown,
    side,
    trace,
    type_sentence,
    verdict,
)

TURN = "the acting was terrible but the story was wonderful"
SVG = "{http://www.w3.org/2000/svg}"


def address(text: str, fragment: str, model: str = "sentiment-lstm", **query: str) -> str:
    return f"/?{urlencode({'model': model, 'text': text, **query})}#{fragment}"


@pytest.fixture
def unedited(server: httpx2.Client) -> dict[str, Any]:
    """The run of SENTENCE without edits."""
    return trace(server, "sentiment-lstm", SENTENCE)


@pytest.fixture
def shut(server: httpx2.Client) -> dict[str, Any]:
    """The run of SENTENCE with the input gates held shut at "not"."""
    return edited(server, "sentiment-lstm", SENTENCE, {"letter": "i", "steps": [3], "hold": 0})


@pytest.fixture
def plain_output(unedited: dict[str, Any]) -> str:
    """What stands under the last word of SENTENCE without edits."""
    return probability(unedited)


@pytest.fixture
def shut_output(unedited: dict[str, Any], shut: dict[str, Any]) -> str:
    """What stands under the last word once the input gates are held shut at "not"."""
    written = probability(unedited, shut)
    assert "→" in written, "these tests need an edit that is seen in the output: choose another"
    return written


def slider(page: Page, letter: str, lane: int = 0) -> Locator:
    return page.locator(".lane").nth(lane).locator(f".slider[data-letter={letter}] input")


def outputs(page: Page, lane: int = 0) -> list[str]:
    """What stands under the words."""
    return page.locator(".lane").nth(lane).locator(".token > span").all_inner_texts()


def items(page: Page) -> list[str]:
    return [" ".join(each.split()) for each in page.locator("#edit-items li").all_inner_texts()]


def expect_in_address(page: Page, edits: str) -> None:
    """Wait until the address holds these edits, written like that."""
    expect(page).to_have_url(re.compile(rf"[?#&]edits={re.escape(edits)}([&#]|$)"))


def expect_none_in_address(page: Page) -> None:
    expect(page).not_to_have_url(re.compile("edits"))


@pytest.mark.parametrize(
    ("model", "text", "step", "letter", "value", "edit"),
    [
        ("sentiment-lstm", SENTENCE, 3, "i", 0.5, "i@3=0.5"),
        ("sentiment-lstm", SENTENCE, 3, "i", 0.23, "i@3=0.23"),
        ("sentiment-lstm", SENTENCE, 3, "i", 0, "i@3=0"),
        ("sentiment-lstm", TURN, 4, "f", 1, "f@4=1"),
        ("sentiment-gru", SENTENCE, 3, "z", 1, "z@3=1"),
        ("sentiment-lstm", SENTENCE, 3, "g", -1, "g@3=-1"),
    ],
)
def test_slider_holds_a_gate_and_the_verdict_follows(
    page: Page, server: httpx2.Client, model: str, text: str, step: int, letter: str, value: float, edit: str
) -> None:
    opened(page, address(text, f"step={step}&unit=20", model))
    before = outputs(page)[-1]
    slider(page, letter).fill(str(value))
    expected = edited(server, model, text, {"letter": letter, "steps": [step], "hold": value})
    written = probability(trace(server, model, text), expected)
    assert written.startswith(before)
    expect(page.locator(".token > span").last).to_have_text(written)
    expect(page.locator(".effect")).to_have_text(
        re.compile(rf"after word {expected['steps']}: .* P\(positive\) = {written}")
    )
    expect_in_address(page, edit)
    assert from_short_form(edit)[0].to_dict() == {"letter": letter, "steps": [step], "hold": value}
    unit = expected["layers"][0]["activations"][letter][step][20]
    expect(page.locator("#first-screen .arithmetic")).to_contain_text(shown(unit, 2))


def test_figures_of_the_documentation(page: Page) -> None:
    opened(page, address(SENTENCE, "step=3&unit=20"))
    documented = re.findall(r"^input gates at \*not\* held at +(\S+): (.+)$", read("docs/experiments.md"), re.MULTILINE)
    assert len(documented) == 3
    for value, written in documented:
        slider(page, "i").fill(value)
        expect(page.locator(".token > span").last).to_have_text(written)
    assert (value, f"*{written}*" in read("docs/page.md")) == ("0", True)


def test_ghost_is_the_run_without_edits(page: Page, unedited: dict[str, Any], shut: dict[str, Any]) -> None:
    opened(page, address(SENTENCE, "step=4&unit=20&edits=i@3=0"))
    lines = page.locator(".prediction")
    expect(lines.locator(".verdict")).to_have_text(verdict(unedited, shut))
    assert side(unedited) != side(shut), "the page says what the verdict was only if it has turned"
    expect(lines.locator(".after")).to_have_text(f"after word 5 of 5; {side(unedited)} without edits")
    expect(lines.locator(".ghost")).to_have_text(probability(unedited))
    assert outputs(page) == [probability(unedited, shut, t=t) for t in range(5)]
    values = [each["layers"][0]["activations"]["c"][4][20] for each in (shut, unedited)]
    note = point_at(page, "c", 4, 20, 5, 64)
    assert f"c = {shown(values[0], 4)}, {shown(values[1], 4)} without edits" in note
    assert "without" not in point_at(page, "c", 1, 20, 5, 64)


def test_ghost_in_a_list_of_outputs(page: Page, server: httpx2.Client) -> None:
    text, edit = "It is a truth", {"letter": "f", "steps": [2, 3, 4], "hold": 0}
    opened(page, address(text, "step=5&unit=3&edits=f@2-4=0", "prose-lstm"))
    plain, expected = (edited(server, "prose-lstm", text, *edits)["outputs"] for edits in ((), (edit,)))
    rows = page.locator(".ranking li")
    expect(rows).to_have_count(3)
    best = sorted(range(len(plain["names"])), key=lambda each: -expected["values"][5][each])[:3]
    for row, output in zip(rows.all(), best, strict=True):
        pair = [shown(each["values"][5][output], 2) for each in (plain, expected)]
        expect(row.locator(".share")).to_have_text(" → ".join(dict.fromkeys(pair)))
        widths = [float(each.evaluate("({ style }) => parseFloat(style.width)")) for each in row.locator("i").all()]
        assert widths == pytest.approx([100 * each["values"][5][output] for each in (expected, plain)], abs=0.06)


def test_slider_is_a_slider_with_name_and_value(
    page: Page, unedited: dict[str, Any], plain_output: str, shut_output: str
) -> None:
    opened(page, address(SENTENCE, "step=3&unit=20"))
    gate = page.get_by_role("slider", name="input gate i at not, all 64 units")
    mean = shown(float(np.mean(unedited["layers"][0]["activations"]["i"][3])), 2)
    expect(gate).to_have_attribute("aria-valuetext", f"mean {mean}")
    gate.focus()
    page.keyboard.press("Home")
    expect(gate).to_have_attribute("aria-valuetext", f"held at 0.00, {mean} without edits")
    expect(page.locator(".token > span").last).to_have_text(shut_output)
    expect(gate).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#edit-items li")).to_contain_text("held at 0.01")
    expect_in_address(page, "i@3=0.01")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Let go of the input gate at not")).to_be_focused()
    page.keyboard.press("Enter")
    expect(gate).to_have_attribute("aria-valuetext", f"mean {mean}")
    expect(gate).to_be_focused()
    expect(page.locator(".token > span").last).to_have_text(plain_output)
    expect_none_in_address(page)
    for live in (".prediction[role=status]", ".effect[aria-live=polite]"):
        expect(page.locator(live)).to_have_count(1)


def test_a_drag_ends_where_the_slider_stands(page: Page, server: httpx2.Client, unedited: dict[str, Any]) -> None:
    opened(page, address(SENTENCE, "step=3&unit=20"))
    slider(page, "i").scroll_into_view_if_needed()
    box = slider(page, "i").bounding_box()
    assert box
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.8 * box["width"], middle)
    page.mouse.down()
    for share in np.linspace(0.8, 0.3, 25):
        page.mouse.move(box["x"] + share * box["width"], middle)
    page.mouse.up()
    value = float(slider(page, "i").input_value())
    assert 0.2 < value < 0.4
    expected = edited(server, "sentiment-lstm", SENTENCE, {"letter": "i", "steps": [3], "hold": value})
    expect(page.locator(".token > span").last).to_have_text(probability(unedited, expected))
    expect_in_address(page, f"i@3={value:g}")
    assert len(items(page)) == 1


def test_a_move_while_the_last_one_is_under_way_is_not_lost(page: Page, shut_output: str) -> None:
    opened(page, address(SENTENCE, "step=3&unit=20"))
    slider(page, "i").evaluate("""(input) => {
        for (const value of [0.5, 0]) {
            input.value = value;
            input.dispatchEvent(new InputEvent("input", { bubbles: true }));
        }
    }""")
    expect(page.locator(".token > span").last).to_have_text(shut_output)
    expect_in_address(page, "i@3=0")
    page.evaluate("""() => {
        for (const [selector, value] of [["#text", "but the movie was not good"], [".lane .slider input", 0.5]]) {
            const input = document.querySelector(selector);
            input.value = value;
            input.dispatchEvent(new InputEvent("input", { bubbles: true }));
        }
    }""")
    expect(page.locator(".tokens bdi").first).to_have_text("but")
    expect_in_address(page, "i@4=0.5")


def test_without_a_pin_the_slider_pins_what_it_is_about(page: Page) -> None:
    opened(page, address(TURN, ""))
    heading = page.locator(".inspector h3").inner_text()
    slider(page, "f").fill("0")
    expect(page.locator(".inspector h3")).to_have_text(f"{heading} pinned")
    expect(page).to_have_url(re.compile("edits=f@"))
    step = int(re.search(r"step=(\d+)", page.url).group(1))  # type: ignore[union-attr]
    expect_in_address(page, f"f@{step}=0")
    assert TURN.split()[step] in heading


def test_only_one_unit_is_held(page: Page, server: httpx2.Client) -> None:
    opened(page, address(SENTENCE, "step=3&unit=20"))
    page.get_by_label("Units that are held").select_option("unit 20 only")
    plain = edited(server, "sentiment-lstm", SENTENCE)["layers"][0]["activations"]["i"]
    expect(slider(page, "i")).to_have_attribute("aria-valuetext", shown(plain[3][20], 2))
    slider(page, "i").fill("0.4")
    expect(page.locator("#edit-items li")).to_contain_text("input gate i in unit 20 at “not” held at 0.4")
    expect_in_address(page, "i%5B20%5D@3=0.4")
    assert f"{shown(plain[3][21], 4)}" in point_at(page, "i", 3, 21, 5, 64)
    assert "i = 0.4000" in point_at(page, "i", 3, 20, 5, 64)


def hatching(page: Page, letter: str, lane: int = 0) -> dict[str, float] | None:
    """Where a panel is hatched, relative to its heatmap; None where it is not."""
    panel = page.locator(".lane").nth(lane).locator(f".panel[data-letter={letter}]")
    path = panel.locator(".hatching .stroke")
    if not path.get_attribute("d"):
        return None
    line, image = path.bounding_box(), panel.locator(".heatmaplayer image").bounding_box()
    assert line
    assert image
    return {
        "left": (line["x"] - image["x"]) / image["width"],
        "right": (line["x"] + line["width"] - image["x"]) / image["width"],
        "top": (line["y"] - image["y"]) / image["height"],
        "bottom": (line["y"] + line["height"] - image["y"]) / image["height"],
    }


def test_edited_entries_are_hatched_where_they_are(page: Page) -> None:
    opened(page, address(SENTENCE, "step=3&unit=20&edits=i@3=0;f[16-31]@1=1;!o@2=0"))
    edges = json.loads(page.locator("#first-screen script.numbers").text_content() or "")["edges"]  # of its columns
    for letter, expected in (("i", (*edges[3:5], 0, 1)), ("f", (*edges[1:3], 16 / 64, 32 / 64))):
        assert list((hatching(page, letter) or {}).values()) == pytest.approx(expected, abs=0.02)
    assert [hatching(page, letter) for letter in "gcoh"] == [None] * 4
    expect(page.locator(".panel[data-letter=i] .plot")).to_have_attribute("aria-label", re.compile("hatched$"))
    page.locator("#order").select_option("variance")
    expect(page.locator(".panel[data-letter=f] .hatching .stroke")).not_to_have_attribute("d", "")
    assert list((hatching(page, "i") or {}).values()) == pytest.approx((*edges[3:5], 0, 1), abs=0.02)
    page.locator(".panel[data-letter=f] summary").click()
    cells = page.locator(".panel[data-letter=f] td", has_text="edited")
    expect(cells).to_have_text(["1.000 edited"] * 16)
    page.locator("#edit-items input").first.uncheck()
    expect(page.locator(".panel[data-letter=i] .hatching .stroke")).to_have_attribute("d", "")


def test_edits_are_switched_off_and_on_removed_and_reset(page: Page, plain_output: str, shut_output: str) -> None:
    opened(page, address(SENTENCE, "step=3&unit=20&edits=i@3=0;f@2=1"))
    last = page.locator(".token > span").last
    expect(last).to_contain_text("→")
    both = last.inner_text()
    page.get_by_role("checkbox", name="forget gate f at “was” held at 1").uncheck()
    expect(last).to_have_text(shut_output)
    expect_in_address(page, "i@3=0;!f@2=1")
    expect(page.get_by_role("checkbox").nth(1)).to_be_focused()
    page.get_by_role("checkbox").nth(1).check()
    expect(last).to_have_text(both)
    page.get_by_role("checkbox").nth(1).uncheck()
    page.get_by_role("button", name="Remove: input gate i at “not” held at 0").click()
    expect(last).to_have_text(plain_output)
    assert items(page) == ["forget gate f at “was” held at 1 ×"]
    expect_in_address(page, "!f@2=1")
    page.get_by_role("button", name="remove all edits").click()
    expect(page.locator("#edit-none")).to_be_visible()
    assert items(page) == []
    expect_none_in_address(page)


def test_link_gives_back_the_edits(page: Page, shut_output: str) -> None:
    opened(page, address(SENTENCE, "step=3&unit=20"))
    slider(page, "i").fill("0")
    expect(page.locator(".token > span").last).to_have_text(shut_output)
    expect(page.locator("#first-screen .ghost").first).to_be_attached()
    at_rest(page)
    page.locator("#show-share").click()
    link = page.locator("#share-link").input_value()
    assert "&step=3&unit=20&edits=i@3=0#sha=" in link
    before = page.locator("main").inner_text()
    page.goto("about:blank")
    opened(page, link)
    expect(page.locator(".token > span").last).to_have_text(shut_output)
    expect(page.locator("main")).to_have_text(before, use_inner_text=True)
    page.reload()
    expect(page.locator(".token > span").last).to_have_text(shut_output)
    page.evaluate("location.hash = 'edits=f@4=0'")
    expect(page.locator("#edit-items li")).to_contain_text("forget gate f at “good” held at 0")


def test_what_cannot_be_read_is_named(page: Page) -> None:
    opened(page, address(SENTENCE, "edits=i@3"))
    expect(page.locator("#message")).to_have_text("The address says edits=i@3, which means nothing here.")
    assert items(page) == []


def test_edits_move_with_their_words_while_one_types(page: Page, server: httpx2.Client) -> None:
    opened(page, address(SENTENCE, "edits=i@3=0;f@0=1;o@1=0.5"))
    text = "but the old movie was not good"
    type_sentence(page, text)
    expect(page.locator("#edit-items li").first).to_contain_text("“not”")
    expect(page.locator(".tokens bdi").first).to_have_text("but")
    expect(page.locator("#edit-items li").nth(1)).to_contain_text("which has gone")
    expect_in_address(page, "i@5=0;!f@0=1;o@3=0.5")
    expect(page.locator("#message")).to_have_text("Switched off: forget gate f at “the”, which has gone, held at 1.")
    on = {"letter": "i", "steps": [5], "hold": 0}, {"letter": "o", "steps": [3], "hold": 0.5}
    expected = edited(server, "sentiment-lstm", text, *on)
    assert outputs(page)[-1].endswith(f"→ {shown(expected['outputs']['values'][-1][0], 2)}")
    page.goto("about:blank")
    opened(page, address(text, "edits=i@5=0;!f@0=1"))  # in a link, steps are those of its text
    assert items(page) == [
        "input gate i at “not” held at 0 ×",
        "forget gate f at “but” held at 1 ×",
    ]


def test_edit_whose_word_is_changed_is_off_and_may_be_switched_on_again(page: Page) -> None:
    opened(page, address(SENTENCE, "edits=i@3=0"))
    type_sentence(page, "the movie was very good")
    expect(page.locator("#message")).to_have_text("Switched off: input gate i at “not”, which has gone, held at 0.")
    box = page.get_by_role("checkbox")
    expect(box).not_to_be_checked()
    expect_in_address(page, "!i@3=0")
    assert "→" not in "".join(outputs(page))
    type_sentence(page, "the movie was so very good")
    expect(page.locator(".tokens bdi").nth(3)).to_have_text("so")
    expect(page.locator("#message")).to_have_text("")
    box.check()
    expect(page.locator("#edit-items li")).to_contain_text("input gate i at “so” held at 0")
    expect_in_address(page, "i@3=0")


def test_blank_text_leaves_all_edits_in_the_list(page: Page) -> None:
    opened(page, address(SENTENCE, "edits=i@3=0;f=0.5"))
    page.locator("#text").fill("")
    expect(page.locator("#message")).to_contain_text("Switched off: input gate i at “not”")
    expect_in_address(page, "!i@3=0;f=0.5")
    type_sentence(page, SENTENCE)
    expect(page.locator(".token > span").last).to_contain_text("→")
    assert [each.is_checked() for each in page.get_by_role("checkbox").all()] == [False, True]


def test_a_long_text_moves_edits_on_pages_out_of_sight(page: Page) -> None:
    text = "good " * 500 + "not bad"
    opened(page, address(text, "start=400&edits=i@500=0"))
    expect(page.locator("#edit-items li")).to_contain_text("input gate i at “not” held at 0")
    assert (hatching(page, "i") or {})["left"] == pytest.approx(100 / 102, abs=0.01)
    with page.expect_response("**/traces"):
        page.locator("#text").fill("well " + text)
    expect(page.locator("#edit-items li")).to_contain_text("input gate i at word 502 held at 0")
    expect_in_address(page, "i@501=0")


def test_a_server_that_fails_while_one_types_leaves_no_link_to_another_word(
    page: Page, expected_console: list[str], shut_output: str
) -> None:
    expected_console.append("Failed to load resource")
    opened(page, address(SENTENCE, "edits=i@3=0"))
    expect(page.locator(".token > span").last).to_have_text(shut_output)
    page.route("**/traces", lambda route: route.abort())
    page.locator("#text").fill(f"but {SENTENCE}")
    expect(page.locator("#message")).to_contain_text("The server does not answer")
    expect_in_address(page, "!i@3=0")
    page.unroute("**/traces")
    page.locator("#again").click()
    expect(page.locator(".tokens bdi").first).to_have_text("but")
    expect_in_address(page, "i@4=0")


def test_side_by_side_each_cell_gets_what_it_has(page: Page, server: httpx2.Client) -> None:
    opened(page, address(SENTENCE, "step=3&unit=20&edits=i@3=0;z@3=1", compare="cells"))
    expect(page.locator("#edit-items li").first).to_contain_text("GRU: a GRU has no i; RNN: a plain RNN has no i")
    expect(page.locator("#edit-items li").last).to_contain_text("LSTM: an LSTM has no z; RNN: a plain RNN has no z")
    for lane, (cell, letter, value) in enumerate([("lstm", "i", 0), ("gru", "z", 1)]):
        expected = edited(server, f"sentiment-{cell}", SENTENCE, {"letter": letter, "steps": [3], "hold": value})
        assert outputs(page, lane)[-1].endswith(f"→ {shown(expected['outputs']['values'][-1][0], 2)}")
        assert hatching(page, letter, lane) is not None
    assert "→" not in "".join(outputs(page, 2))
    expect(page.locator(".lane").nth(2).locator(".sliders")).to_have_text("Nothing to hold: a plain RNN has no gates.")
    slider(page, "r", 1).fill("1")
    expect(page.locator("#edit-items li")).to_have_count(3)
    expect_in_address(page, "i@3=0;z@3=1;r@3=1")


def test_of_two_texts_the_first_is_edited_and_the_difference_shows_it(
    page: Page, server: httpx2.Client, plain_output: str, shut_output: str
) -> None:
    opened(page, address(SENTENCE, "step=3&unit=20&edits=i@3=0", compare="text", other=SENTENCE))
    expect(page.locator("#edit-part")).to_have_text("the second text is shown without them")
    expect(page.locator(".lane").nth(0).locator(".token > span").last).to_have_text(shut_output)
    expect(page.locator(".lane").nth(1).locator(".token > span").last).to_have_text(plain_output)
    expect(page.locator(".lane").nth(1).locator(".sliders")).to_be_hidden()
    values = [
        edited(server, "sentiment-lstm", SENTENCE, *edits)["layers"][0]["activations"]["c"][4][20]
        for edits in ((), ({"letter": "i", "steps": [3], "hold": 0},))
    ]
    assert f"c = {shown(values[0] - values[1], 4)}" in point_at(page, "c", 4, 20, 5, 64, lane=2)
    with page.expect_response("**/traces"):
        page.locator("#other").fill("never mind")
    expect(page.locator(".lane").nth(1).locator(".tokens bdi").first).to_have_text("never")
    expect_in_address(page, "i@3=0")


def test_what_the_server_refuses_is_said_at_the_edit(page: Page, expected_console: list[str], shut_output: str) -> None:
    expected_console.append("status of 422")
    opened(page, address(SENTENCE, "edits=i@9=0;i[64]@3=0;i@3=0;q=1;i:wobble=1"))
    expect(page.locator(".token > span").last).to_have_text(shut_output)
    remarks = page.locator("#edit-items li").filter(has=page.locator("small"))
    expect(remarks).to_have_count(4)
    texts = page.locator("#edit-items small").all_inner_texts()
    assert texts[:3] == [
        "steps: there is no step 9: steps go from 0 to 4",
        "units: there is no unit 64 of i: units go from 0 to 63",
        "an LSTM has no q",
    ]
    assert "wobble" in texts[3]
    page.locator("#edit-items li").nth(0).get_by_role("button").click()
    expect(page.locator("#edit-items small").first).to_contain_text("no unit 64")


def test_an_edit_that_changes_nothing_says_so(page: Page, shut_output: str) -> None:
    opened(page, address(SENTENCE, "edits=!f@0=0;i@3=0.5;i@3=0"))
    expect(page.locator("#edit-items li").nth(1)).to_contain_text(
        "changes nothing: edit 3 sets the same places after it"
    )
    expect(page.locator(".token > span").last).to_have_text(shut_output)


def test_a_list_that_is_too_long_is_refused_as_a_whole(
    page: Page, expected_console: list[str], plain_output: str
) -> None:
    expected_console.append("status of 422")
    opened(page, address(SENTENCE, f"edits={';'.join(['i@3=0'] * 101)}"))
    expect(page.locator("#edit-problem")).to_contain_text("100")
    expect(page.locator(".token > span").last).to_have_text(plain_output)


def test_a_layer_is_named_where_there_are_several(page: Page, zoo: str, keeper: httpx2.Client) -> None:
    opened(page, f"{zoo}/?{urlencode({'model': 'deep', 'text': SENTENCE})}#layer=3&step=1&unit=2")
    slider(page, "f").fill("0.25")
    expect(page.locator("#edit-items li")).to_contain_text("forget gate f of layer 1 backward at “movie” held at 0.25")
    expect_in_address(page, "1.backward.f@1=0.25")
    edit = {"letter": "f", "layer": 1, "direction": "backward", "steps": [1], "hold": 0.25}
    expected = edited(keeper, "deep", SENTENCE, edit)
    expect(page.locator(".panel[data-letter=f] .hatching .stroke")).not_to_have_attribute("d", "")
    assert f"c = {shown(expected['layers'][3]['activations']['c'][0][2], 4)}" in point_at(page, "c", 0, 2, 5, 7)
    page.locator("#layer").select_option("0")
    expect(page.locator(".panel[data-letter=f] .hatching .stroke")).to_have_attribute("d", "")


def test_what_has_no_range_has_no_slider(page: Page, zoo: str) -> None:
    opened(page, f"{zoo}/?model=scanned")
    expect(page.locator(".lane .slider")).to_have_count(1)
    expect(page.locator(".lane .slider")).to_have_attribute("data-letter", "z")


def test_switching_the_model_keeps_the_edits(page: Page, shut_output: str) -> None:
    opened(page, address(SENTENCE, "edits=i@3=0"))
    page.locator("#models").get_by_text("GRU", exact=True).click()
    expect(page.locator("#edit-items small")).to_have_text("a GRU has no i")
    assert items(page)[0].startswith("i at “not” held at 0")
    page.locator("#models").get_by_text("LSTM", exact=True).click()
    expect(page.locator(".token > span").last).to_have_text(shut_output)
    page.locator("#task").select_option("prose")
    expect(page.locator("#edit-none")).to_be_visible()


def test_memory_is_that_of_the_run_without_edits_and_says_so(page: Page, unedited: dict[str, Any]) -> None:
    opened(page, address(SENTENCE, "step=4&memory=inputs"))
    expect(page.locator("#memory-cells svg.labels").first).not_to_be_empty()
    expect(page.locator("#memory-unedited")).to_be_hidden()
    before = page.locator("#memory-cells").inner_text()
    slider(page, "f").fill("0")
    expect(page.locator("#memory-unedited")).to_have_text("All of this is of the run without the edits.")
    expect(page.locator(".effect")).to_contain_text("→")
    page.evaluate("getSelection().removeAllRanges(); document.activeElement.blur()")
    page.keyboard.press("Escape")
    expect(page.locator("#memory-busy")).to_be_hidden()
    expect(page.locator("#memory-cells")).to_have_text(before, use_inner_text=True)


def saved(page: Page, kind: str) -> Path:
    with page.expect_download() as download:
        page.locator(f"[data-save={kind}]").click()
    assert download.value.suggested_filename == f"gatescope-sentiment-lstm-edited.{kind}"
    return Path(download.value.path())


def test_calls_and_files_are_of_the_edited_run_and_say_so(
    page: Page, browser: Browser, server: httpx2.Client, tmp_path: Path
) -> None:
    opened(page, address(SENTENCE, "step=3&unit=20&edits=i@3=0;!f=0;@4:freeze"))
    expect(page.locator(".effect")).to_contain_text("→")
    edits: list[dict[str, Any]] = [{"letter": "i", "steps": [3], "hold": 0}, {"steps": [4], "freeze": True}]
    expected = edited(server, "sentiment-lstm", SENTENCE, *edits)
    activations = expected["layers"][0]["activations"]
    edges = json.loads(page.locator("#first-screen script.numbers").text_content() or "")["edges"]  # of its columns
    page.locator("#show-share").click()
    command = shlex.split(page.locator("#share-curl").input_value())
    done = subprocess.run(command, capture_output=True, check=True)
    assert json.loads(done.stdout) == expected
    program = page.locator("#share-python").input_value()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # type: ignore[assignment]
    values = {letter: rows[3][20] for letter, rows in activations.items()}
    assert done.stdout.splitlines()[3] == f"'not' {values}"

    rows = list(csv.DictReader(io.StringIO(saved(page, "csv").read_text(encoding="utf-8"))))
    for row in rows[::97]:
        value = activations[row["activation"]][int(row["step"])][int(row["unit"])]
        assert float(row["value"]) == pytest.approx(value, rel=1e-5, abs=1e-6)
    with np.load(saved(page, "npz")) as arrays:
        np.testing.assert_allclose(arrays["0.forward.h"], activations["h"], rtol=1e-5, atol=1e-6)

    drawing = ElementTree.fromstring(saved(page, "svg").read_text(encoding="utf-8"))
    texts = ["".join(text.itertext()) for text in drawing.iter(f"{SVG}text")]
    assert any(text.startswith("Edited (hatched): i@3=0;@4:freeze.") for text in texts)
    hatched = [group.get("class") == "hatching" for group in drawing.iter(f"{SVG}g")].count(True)
    assert hatched == 3  # i, and the states that are frozen
    assert saved(page, "png").read_bytes().startswith(b"\x89PNG")

    file = tmp_path / "picture.html"
    file.write_bytes(saved(page, "html").read_bytes())
    with another_page(browser, offline=True) as offline:
        offline.goto(file.as_uri())
        expect(offline.locator(DRAWN.removeprefix(".plot "))).to_have_count(6)
        expect(offline.locator("p").first).to_contain_text("Edited (hatched): i@3=0;@4:freeze.")
        panels = {
            each.locator("figcaption").inner_text()[-1]: each.locator(".shapelayer path").count()
            for each in offline.locator("figure").all()
        }
        assert panels == {"f": 0, "i": 2, "g": 0, "c": 2, "o": 0, "h": 2}
        line = offline.locator("figure").nth(1).locator(".shapelayer path").last.bounding_box()
        image = offline.locator("figure").nth(1).locator(".heatmaplayer image").bounding_box()
        assert line
        assert image
        assert line["x"] == pytest.approx(image["x"] + edges[3] * image["width"], abs=2.01)
        assert line["width"] == pytest.approx(
            (edges[4] - edges[3]) * image["width"], abs=5
        )  # a box has room for the tips of its strokes


def test_files_without_edits_do_not_speak_of_them(page: Page) -> None:
    opened(page, address(SENTENCE, "edits=!i@3=0"))
    page.locator("#show-share").click()
    with page.expect_download() as download:
        page.locator("[data-save=svg]").click()
    assert download.value.suggested_filename == "gatescope-sentiment-lstm.svg"
    assert "dited" not in Path(download.value.path()).read_text(encoding="utf-8")
    assert "edits" not in page.locator("#share-curl").input_value()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    browser: Browser, base_url: str, scheme: Any, width: int
) -> None:
    size = {"width": width, "height": 900}
    with another_page(browser, base_url=base_url, viewport=size, color_scheme=scheme, bypass_csp=True) as page:
        for path in (
            address(SENTENCE, "step=3&unit=20&edits=i@3=0;!f[1-3,8]@0-4=1;i@9=0"),
            address(TURN, "step=3&unit=20&edits=z@3=0;i@3=0", compare="cells"),
            address("It is a truth", "step=5&unit=3&edits=f@2-4=0&memory=inputs", "prose-lstm"),
        ):
            page.goto("about:blank")
            opened(page, path)
            page.locator(".effect span").first.wait_for()
            page.wait_for_load_state("networkidle")
            assert violations(page) == [], urlsplit(path).fragment
            assert page.evaluate("document.documentElement.scrollWidth") <= width
