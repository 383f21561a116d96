"""The first screen acts: choose, hover, follow, hold a gate, try the experiment; with JavaScript and without."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

from .driving import SENTENCE, another_page, at_rest, cell_at, edited, opened, place_of, shown, trace, verdict

TURN = "the acting was terrible but the story was wonderful"
BAND = """(band) => {
    const { left, top, width, height } = band.getBoundingClientRect();
    for (let down = 1; down < 20; down += 1) for (let across = 1; across < 20; across += 1) {
        const [x, y] = [left + (across * width) / 20, top + (down * height) / 20];
        if (document.elementsFromPoint(x, y).includes(band)) return [x, y];
    }
}"""
CHOSEN = "#first-screen .first-screen"
HOLD = ({"letter": "i", "steps": [3], "hold": 0},)


def column(page: Page, t: int) -> Locator:
    """The column of a step, as a link."""
    return page.locator(f'#first-screen .links a[data-t="{t}"]')


def expect_chosen(page: Page, t: int) -> None:
    expect(page.locator(CHOSEN)).to_have_attribute("data-chosen", str(t))


@contextmanager
def no_request(page: Page) -> Iterator[None]:
    """Fail if something is computed anew meanwhile."""
    urls: list[str] = []

    def note(request: Request) -> None:
        if "/api/" in request.url or "/first-screen" in request.url:
            urls.append(request.url)

    page.on("request", note)
    yield
    page.remove_listener("request", note)
    assert urls == []


def test_a_click_on_a_column_chooses_its_word_without_a_request(page: Page, server: httpx2.Client) -> None:
    values = trace(server, "sentiment-lstm", SENTENCE)["outputs"]["values"]
    opened(page, f"/?text={SENTENCE}")
    expect_chosen(page, 3)
    with no_request(page):
        for t in (1, 4, 0):
            column(page, t).click()
            expect_chosen(page, t)
            expect(page.locator("#first-screen .column.chosen")).to_have_attribute("data-t", str(t))
            readout = page.locator("#first-screen .readout")
            expect(readout).to_contain_text(f"At “{SENTENCE.split()[t]}”: ")
            expect(readout).to_contain_text(f"the verdict is {shown(values[t][0], 2)}.")
            expect(page.locator("#first-screen .cell h2")).to_have_text(f"One unit at “{SENTENCE.split()[t]}”")
            expect(page.locator(".lit bdi")).to_have_text(SENTENCE.split()[t])
            expect(page).to_have_url(re.compile(f"&step={t}$"))
            expect(page).not_to_have_url(re.compile("unit="))


def test_arrows_choose_without_a_request_and_the_focus_goes_along(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    column(page, 3).focus()
    with no_request(page):
        for key, t in (("ArrowRight", 4), ("ArrowRight", 4), ("ArrowLeft", 3), ("ArrowLeft", 2)):
            page.keyboard.press(key)
            expect_chosen(page, t)
            expect(column(page, t)).to_be_focused()


def test_a_word_of_the_strip_a_mark_of_the_finding_and_a_line_choose(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    page.locator(".token").nth(1).click()
    expect_chosen(page, 1)
    expect(page).to_have_url(re.compile("&step=1$"))
    page.locator("#first-screen .marked").last.click()
    expect_chosen(page, 4)
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator('#first-screen .rows a[data-t="0"]').click()
    expect_chosen(page, 0)


def test_pointing_at_a_column_tells_its_numbers(page: Page, server: httpx2.Client) -> None:
    values = trace(server, "sentiment-lstm", SENTENCE)["outputs"]["values"]
    opened(page, f"/?text={SENTENCE}")
    with no_request(page):
        column(page, 2).hover()
        expect(page.locator("#tooltip")).to_contain_text(f"the verdict is {shown(values[2][0], 2)}")
        page.mouse.move(5, 5)
        expect(page.locator("#tooltip")).to_be_hidden()
    expect_chosen(page, 3)


def test_a_band_is_followed_by_click_and_by_key_until_escape(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    band = page.locator('#first-screen .wide .band[data-k="3"], #first-screen .picture .band[data-k="3"]').last
    x, y = band.evaluate(BAND)
    note = page.locator("#first-screen .followed-note")
    numbers = json.loads(page.locator("#first-screen script.numbers").first.text_content() or "")
    with no_request(page):
        page.mouse.click(x, y)
        expect(page.locator("#first-screen .following")).to_have_count(1)
        t = int(page.locator(CHOSEN).get_attribute("data-chosen") or "")
        assert {each.get_attribute("data-k") for each in page.locator("#first-screen .followed").all()} == {"3"}
        share = numbers["amounts"][t][3] / sum(numbers["amounts"][t])
        expect(note).to_contain_text(f"“not”: {round(100 * share)}")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        last = numbers["pushes"][4][3]
        changes = [numbers[name][4][3] for name in ("forgetting", "letting_out")]
        signs = [f"{'+' if each > 0 else ''}{shown(each, 2)}" for each in (last, *changes)]
        expect(note).to_contain_text(f"to {signs[0]}; forgetting {signs[1]}, letting out {signs[2]}.")
        assert sum(changes) == pytest.approx(last - numbers["pushes"][3][3], abs=1e-3)
        page.keyboard.press("Escape")
        expect(page.locator("#first-screen .following")).to_have_count(0)
        expect(note).to_have_count(0)
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("f")
        expect(note).to_contain_text("“not”")
        page.keyboard.press("f")
        expect(note).to_have_count(0)


@pytest.mark.parametrize("model", ["sentiment-lstm", "sentiment-rnn"])
def test_the_panel_and_the_heatmaps_share_one_unit(page: Page, model: str) -> None:
    def shared(t: int, unit: int, state: str = "") -> None:
        cell_at(page, t, unit)
        expect(page.locator(".inspector h3")).to_have_text(f"unit {unit} at {SENTENCE.split()[t]}{state}")

    opened(page, f"/?model={model}&text={SENTENCE}&step=2")
    shown_unit = int(page.locator("#first-screen .cell").get_attribute("data-unit") or "")
    shared(2, shown_unit)
    page.mouse.click(*place_of(page, "h", 1, 20, 5, 64))
    page.mouse.move(5, 5)
    shared(1, 20, " pinned")
    page.get_by_role("button", name="the next unit").click()
    shared(1, 21, " pinned")
    page.get_by_role("button", name="the unit before").click()
    shared(1, 20, " pinned")
    page.keyboard.press("ArrowUp")
    shared(1, 19, " pinned")
    expect(page).to_have_url(re.compile("&step=1&unit=19"))
    page.keyboard.press("Escape")
    page.locator('#first-screen .cell .which:has-text("changes most")').wait_for()
    shared(1, int(page.locator("#first-screen .cell").get_attribute("data-unit") or ""))


def test_the_panel_shows_where_the_edit_at_the_word_holds_its_gate(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}&step=3&edits=f=1;i@3=0")
    here, everywhere = (page.locator(f"#first-screen .where input[value={each}]") for each in ("here", "everywhere"))
    unit = page.locator("#first-screen .cell").get_attribute("data-unit")
    expect(here).to_be_checked()
    column(page, 4).click()
    expect(everywhere).to_be_checked()
    column(page, 3).click()
    expect(here).to_be_checked()
    page.locator("#first-screen .reset").click()
    expect(page.locator("#first-screen .undo")).to_have_count(0)
    expect(page.locator("#first-screen .cell")).to_have_attribute("data-unit", str(unit))


def gate(page: Page, letter: str) -> Locator:
    return page.locator(f"#first-screen .slider input[name={letter}]")


@pytest.mark.parametrize("where", ["here", "everywhere"])
def test_a_slider_holds_a_gate_and_a_ghost_stays_until_it_is_undone(
    page: Page, server: httpx2.Client, where: str
) -> None:
    plain = trace(server, "sentiment-lstm", SENTENCE)
    hold = {"letter": "i", "hold": 0.1} | ({"steps": [3]} if where == "here" else {})
    changed = edited(server, "sentiment-lstm", SENTENCE, hold)
    opened(page, f"/?text={SENTENCE}")
    page.locator(f"#first-screen .where input[value={where}]").check()
    gate(page, "i").fill("0.1")
    finding = page.locator("#first-screen .finding")
    before, after = (shown(each["outputs"]["values"][-1][0], 2) for each in (plain, changed))
    expect(finding).to_contain_text(f"{after}, without your change {before}")
    expect(page.locator("#first-screen .ghost").first).to_be_attached()
    expect(gate(page, "i")).to_have_value("0.1")
    slider = page.locator("#first-screen .slider:has(input[name=i])")
    expect(slider.locator("output")).to_have_text("0.10")
    expect(slider.locator("small")).to_have_text("set to 0.10 by you")
    t = 3  # of which the finding speaks first: little is written there now
    expect(page.locator(".prediction .verdict")).to_have_text(verdict(plain, changed, t=t))
    expect(page).to_have_url(re.compile(r"edits=i@3=0\.1" if where == "here" else r"edits=i=0\.1"))
    page.locator("#first-screen .reset").click()
    expect(page.locator("#first-screen .ghost")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("edits"))
    expect(page.locator("#first-screen .reset")).to_be_hidden()
    expect(slider.locator("small")).to_contain_text("usually")
    mean = sum(plain["layers"][0]["activations"]["i"][3]) / 64
    expect(slider.locator("output")).to_have_text(shown(mean, 2))


def test_the_experiment_is_one_click_and_back_undoes_it(page: Page, server: httpx2.Client) -> None:
    plain, changed = trace(server, "sentiment-lstm", SENTENCE), edited(server, "sentiment-lstm", SENTENCE, *HOLD)
    before, after = (shown(each["outputs"]["values"][-1][0], 2) for each in (plain, changed))
    opened(page, f"/?text={SENTENCE}")
    finding = page.locator("#first-screen .finding")
    said = finding.inner_text()
    page.get_by_role("link", name="Stop it remembering “not”").click()
    expect(finding).to_contain_text(f"{after}, without your change {before}")
    expect(page).to_have_url(re.compile(r"&step=3&edits=i@3=0$"))
    expect(page.locator("#edit-items li")).to_contain_text("input gate i at “not” held at 0")
    page.go_back()
    expect(finding).to_have_text(said)
    expect(page).not_to_have_url(re.compile("edits"))
    expect(page.locator("#edit-items li")).to_have_count(0)
    page.go_forward()
    expect(finding).to_contain_text(f"{after}, without your change {before}")
    page.get_by_role("link", name="Undo your changes").click()
    expect(finding).not_to_contain_text("without it")
    expect(page).not_to_have_url(re.compile("edits"))


def test_an_answer_that_comes_too_late_is_ignored(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if "bad" in (route.request.post_data or ""):
            held.append(route)
        else:
            route.continue_()

    page.route("**/first-screen", hold)
    with page.expect_request("**/first-screen"):
        page.locator("#text").fill("this was bad")
    page.locator("#text").fill("this was great")
    expect(page.locator("#first-screen .reads, #first-screen .read").last).to_be_attached()
    words = page.locator("#first-screen .lines li")
    expect(words.last).to_contain_text("great:")
    for route in held:
        route.continue_()
    at_rest(page)
    expect(words.last).to_contain_text("great:")
    expect(page.locator("#first-screen")).not_to_have_attribute("data-stale", "")


def test_focus_chosen_word_and_scroll_position_are_kept_when_the_picture_changes(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 500})
    opened(page, f"/?text={SENTENCE}&step=2")
    column(page, 2).focus()
    page.evaluate("scrollTo(0, 120)")
    top = "document.querySelector('#first-screen .picture').getBoundingClientRect().top"
    before = page.evaluate(top)
    with page.expect_response("**/first-screen"):
        page.evaluate("""() => {
            const text = document.getElementById("text");
            text.value = "the movie was quite good";
            text.dispatchEvent(new InputEvent("input", { bubbles: true }));
        }""")
    expect(page.locator("#first-screen .lines li").nth(3)).to_contain_text("quite:")
    expect_chosen(page, 2)
    expect(column(page, 2)).to_be_focused()
    assert page.evaluate(top) == pytest.approx(before, abs=30)  # the finding above may take another line


def test_nothing_violates_the_policy(page: Page) -> None:
    page.add_init_script(
        "window.violations = [];"
        "document.addEventListener('securitypolicyviolation', (event) => violations.push(event.violatedDirective));"
    )
    opened(page, f"/?text={SENTENCE}")
    column(page, 1).click()
    column(page, 2).hover()
    page.keyboard.press("f")
    gate(page, "f").fill("0.5")
    expect(page.locator("#first-screen .ghost").first).to_be_attached()
    page.locator("#compare").select_option("cells")
    expect(page.locator("#first-screen .compared")).to_be_attached()
    page.locator("#compare").select_option("text")
    expect(page.locator(CHOSEN)).to_have_count(2)
    page.set_viewport_size({"width": 390, "height": 844})
    at_rest(page)
    assert page.evaluate("violations") == []


@pytest.mark.parametrize("late", ["first-screen", "traces"])
def test_a_word_chosen_while_an_answer_is_awaited_stays_chosen(page: Page, late: str) -> None:
    """Whichever of the two answers comes late, the picture is asked for once."""
    opened(page, f"/?text={SENTENCE}&step=1")
    held: list[Route] = []
    pictures: list[Request] = []
    page.on("request", lambda request: pictures.append(request) if "/first-screen" in request.url else None)
    page.route(f"**/{late}", lambda route: held.append(route))
    with page.expect_request(f"**/{late}"):
        gate(page, "f").fill("0.5")
    column(page, 3).click()
    expect_chosen(page, 3)
    for route in held:
        route.continue_()
    page.unroute(f"**/{late}")
    expect(page.locator("#first-screen .ghost").first).to_be_attached()
    at_rest(page)
    expect_chosen(page, 3)
    assert len(pictures) == 1


@pytest.mark.parametrize("width", [1024, 390])
def test_the_cell_is_a_sheet_where_there_is_no_room_next_to_the_picture(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    opened(page, f"/?text={SENTENCE}")
    panel = page.locator("#first-screen .cell")
    opener = panel.get_by_role("button", name="The cell at “not” hold a gate")
    expect(opener).to_be_in_viewport()
    expect(panel.locator(".circuit")).to_be_hidden()
    opener.press("Enter")
    expect(opener).to_be_hidden()
    expect(panel.get_by_role("button", name="Close")).to_be_focused()
    expect(gate(page, "i")).to_be_in_viewport()
    with page.expect_response("**/first-screen"):
        gate(page, "i").fill("0")
    expect(panel.locator(".circuit")).to_be_visible()  # it stays open
    panel.get_by_role("button", name="Close").click()
    expect(opener).to_be_focused()
    expect(gate(page, "i")).to_be_hidden()


def test_to_choose_a_word_opens_the_sheet_on_a_phone_only(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    for width, is_open in ((1024, False), (390, True)):
        page.set_viewport_size({"width": width, "height": 844})
        with page.expect_response("**/first-screen"):
            page.reload()
        page.locator("#first-screen.handled, #first-screen .handled").first.wait_for()
        page.locator(f"#first-screen :is({'.rows' if is_open else '.links'}) a[data-t='1']:visible").first.click()
        expect_chosen(page, 1)
        expect(page.locator("#first-screen .cell .circuit")).to_be_visible(visible=is_open)


@pytest.mark.parametrize(("width", "text"), [(1280, SENTENCE), (1366, SENTENCE), (1440, TURN), (768, TURN)])
def test_the_text_stands_on_one_line_of_its_box(page: Page, width: int, text: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, f"/?text={text}")
    assert (page.locator("#text").bounding_box() or {})["height"] < 45


def test_what_an_input_method_has_not_written_yet_is_not_asked_for(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    with page.expect_response("**/first-screen"):
        page.locator("#text").fill("")
    at_rest(page)
    page.locator("#text").focus()
    session = page.context.new_cdp_session(page)
    with no_request(page):
        for written in ("g", "go", "goo"):
            session.send("Input.imeSetComposition", {"text": written, "selectionStart": 3, "selectionEnd": 3})
            page.wait_for_timeout(150)  # longer than the page waits after a key
        expect(page.locator("#text")).to_have_value("goo")
    with page.expect_response("**/first-screen"):
        session.send("Input.insertText", {"text": "good"})
    expect(page.locator(".tokens bdi")).to_have_text(["good"])
    session.detach()


def test_the_title_of_the_document_says_model_and_text(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    expect(page).to_have_title("“the movie was not good” · LSTM · Gatescope")
    page.locator("#text").fill("not bad")
    expect(page).to_have_title("“not bad” · LSTM · Gatescope")
    page.locator("#models").get_by_text("GRU", exact=True).click()
    expect(page).to_have_title("“not bad” · GRU · Gatescope")
    page.locator("#text").fill("")
    expect(page).to_have_title("GRU · Gatescope")


@pytest.fixture
def without_scripts(browser: Browser, base_url: str) -> Iterator[Page]:
    """The page of a visitor without JavaScript."""
    with another_page(browser, base_url=base_url, java_script_enabled=False) as page:
        yield page


def test_the_form_and_the_links_work_without_javascript(without_scripts: Page, server: httpx2.Client) -> None:
    page = without_scripts
    page.goto("/")
    page.locator("#text").fill(SENTENCE)
    with page.expect_navigation():
        page.get_by_role("button", name="Show").click()
    assert parse_qs(urlsplit(page.url).query)["text"] == [SENTENCE]
    expect(page.locator("#first-screen .finding")).to_contain_text("“not”")
    expect(page.locator("#text")).to_have_value(SENTENCE)
    page.locator('#first-screen .links a[data-t="1"]:visible').click()
    expect(page).to_have_url(re.compile("step=1"))
    expect_chosen(page, 1)
    expect(page.locator("#first-screen .cell h2")).to_have_text("One unit at “movie”")
    plain, changed = trace(server, "sentiment-lstm", SENTENCE), edited(server, "sentiment-lstm", SENTENCE, *HOLD)
    before, after = (shown(each["outputs"]["values"][-1][0], 2) for each in (plain, changed))
    page.get_by_role("link", name="Stop it remembering “not”").click()
    expect(page.locator("#first-screen .finding")).to_contain_text(f"{after}, without your change {before}")
    page.get_by_role("link", name="Undo your changes").click()
    expect(page.locator("#first-screen .finding")).not_to_contain_text("without it")
    page.locator("#models label", has_text="GRU").click()
    page.get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("[?&]model=sentiment-gru(&|$)"))
    page.locator("#compare").select_option("cells")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#first-screen .compared")).to_be_attached()
    page.locator("#presets summary").click()
    page.locator("#examples a").nth(1).click()
    expect(page.locator("#text")).not_to_have_value(SENTENCE)


@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_is_offered_that_needs_a_script(browser: Browser, base_url: str, width: int) -> None:
    size = {"width": width, "height": 900}
    with another_page(browser, base_url=base_url, java_script_enabled=False, viewport=size) as page:
        page.goto(f"/?text={SENTENCE}")
        for menu in page.locator(".topbar .menu > summary").all():
            menu.click()
        expect(page.get_by_role("button")).to_have_text(["Show"])
        expect(page.get_by_role("slider")).to_have_count(0)
        for number in page.locator("#first-screen .rows td:not(.memory):visible").all():
            assert (number.bounding_box() or {})["height"] < 30, number.text_content()  # one line


@pytest.mark.parametrize("width", [1920, 1440, 1366, 1024, 768, 390])
def test_the_first_paint_shows_one_form_without_javascript(browser: Browser, base_url: str, width: int) -> None:
    size = {"width": width, "height": 900}
    with another_page(browser, base_url=base_url, java_script_enabled=False, viewport=size) as page:
        page.goto(f"/?text={TURN}")
        forms = page.locator("#first-screen .drawn > :is(.wide, .medium, .narrow):visible")
        expect(forms).to_have_count(1)
        for part in page.locator("#first-screen .drawn svg:visible").all():
            inner = part.bounding_box()
            assert inner
            assert inner["x"] >= 0
            assert inner["x"] + inner["width"] <= width


def test_a_column_of_a_text_that_is_too_long_for_the_address_opens_in_another_tab(page: Page) -> None:
    long = " ".join(["supercalifragilistic" * 5] * 45)  # few words, to be quick
    opened(page, f"/?text={SENTENCE}")
    page.locator("#text").fill(long)
    expect(column(page, 44)).to_have_attribute("href", "#step=44")
    with page.context.expect_page() as other:
        column(page, 2).click(button="middle")
    expect_chosen(other.value, 2)
    expect(other.value.locator("#text")).to_have_value(long)
    other.value.close()
