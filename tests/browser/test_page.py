"""The page in a real browser, held to the API's numbers."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from .driving import (
    DRAWN,
    SENTENCE,
    another_page,
    at_rest,
    from_menu,
    names_of,
    opened,
    place_of,
    point_at,
    shown,
    titles,
    trace,
    type_sentence,
    verdict,
    words,
)


def test_first_paint_shows_real_gates_without_asking_for_data(page: Page, server: httpx2.Client) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    opened(page)
    expect(page.locator(DRAWN)).to_have_count(6)
    assert titles(page) == list("figcoh")
    assert not [path for path in asked if path.startswith("/api")]
    said = trace(server, "sentiment-lstm", page.locator("#text").input_value())["outputs"]["values"]
    assert page.locator(".tokens .token span").all_inner_texts() == [f"{value[0]:.2f}" for value in said]


def test_typing_updates_every_view(page: Page, server: httpx2.Client) -> None:
    opened(page)
    page.locator("#text").fill("")
    with page.expect_response(lambda response: "wonderful" in (response.request.post_data or "")):
        page.locator("#text").press_sequentially("a wonderful film", delay=10)
    expect(page.locator(".tokens bdi")).to_have_text(["a", "wonderful", "film"])
    expect(page.locator(".prediction .verdict")).to_have_text(
        verdict(trace(server, "sentiment-lstm", "a wonderful film"))
    )
    labels = page.locator(".panel[data-letter=f] .xtick")
    expect(labels).to_have_text(["a", "wonderful", "film"])


@pytest.mark.parametrize("model", ["sentiment-lstm", "sentiment-gru", "sentiment-rnn"])
def test_number_under_the_mouse_is_the_number_of_the_api(page: Page, server: httpx2.Client, model: str) -> None:
    opened(page, f"/?model={model}&text={SENTENCE}")
    [layer] = trace(server, model, SENTENCE)["layers"]
    card = {info["letter"]: info for info in server.get(f"/api/v1/models/{model}").json()["activations"]}
    for letter, t, unit in zip(layer["activations"], (0, 3, 4, 1, 2, 3), (0, 63, 17, 31, 48, 5), strict=False):
        value = shown(layer["activations"][letter][t][unit], 4)
        expected = f"{SENTENCE.split()[t]} unit {unit}, {card[letter]['name']} {letter} = {value}"
        assert point_at(page, letter, t, unit, 5, 64) == expected
        expect(page.locator("#tooltip small")).to_have_count(names_of(server, model, unit))


def test_pointing_marks_the_same_word_and_unit_everywhere(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    point_at(page, "f", 3, 10, 5, 64)
    expect(page.locator(".panel .mark:visible")).to_have_count(12)
    expect(page.locator(".lit bdi")).to_have_text("not")
    page.mouse.move(5, 5)
    expect(page.locator(".panel .mark:visible")).to_have_count(6)  # of the word that is chosen
    expect(page.locator(".lit bdi")).to_have_text("not")
    page.locator(".token").nth(2).hover()
    expect(page.locator(".panel .mark:visible")).to_have_count(6)
    expect(page.locator(".lit bdi")).to_have_text("was")


def test_switching_the_model_shows_its_gates_and_keeps_the_sentence(page: Page, server: httpx2.Client) -> None:
    opened(page)
    type_sentence(page, "not bad")
    page.locator("#models").get_by_text("GRU", exact=True).click()
    expect(page.locator(".panel var")).to_have_text(list("rznh"))
    expect(page.locator(DRAWN)).to_have_count(4)
    assert words(page) == ["not", "bad"]
    said = trace(server, "sentiment-gru", "not bad")["outputs"]["values"]
    expect(page.locator(".tokens .token span")).to_have_text([f"{value[0]:.2f}" for value in said])
    page.locator("#models").get_by_text("RNN", exact=True).click()
    expect(page.locator(".panel var")).to_have_text(["h"])


def test_reload_keeps_the_state(page: Page) -> None:
    opened(page)
    page.locator("#models").get_by_text("GRU", exact=True).click()
    type_sentence(page, "it's 100% <b>good</b> & 👍")
    expect(page.locator(".tokens bdi").last).to_have_text("👍")
    query = {"model": ["sentiment-gru"], "text": ["it's 100% <b>good</b> & 👍"]}
    page.wait_for_url(lambda url: parse_qs(urlsplit(url).query) == query)
    at_rest(page)
    before = words(page), titles(page), page.url
    page.reload()
    page.locator(DRAWN).first.wait_for()
    at_rest(page)
    assert (words(page), titles(page), page.url) == before
    assert page.locator("#text").input_value() == "it's 100% <b>good</b> & 👍"


def test_reload_keeps_a_long_text_and_its_page(page: Page) -> None:
    text = "good " * 1500
    opened(page)
    type_sentence(page, text)
    expect(page.locator("#page")).to_have_text("words 1–390 of 1500")
    with page.expect_response("**/traces"):
        page.locator("#later").click()
    expect(page.locator("#page")).to_have_text("words 391–780 of 1500")
    with page.expect_response("**/traces"):
        page.reload()
    expect(page.locator("#page")).to_have_text("words 391–780 of 1500")
    assert page.locator("#text").input_value() == text
    type_sentence(page, "good good")
    expect(page.locator(".tokens bdi")).to_have_text(["good", "good"])
    expect(page.locator("#pager")).to_be_hidden()


def test_every_page_of_a_text_with_more_tokens_than_words_is_reached(page: Page) -> None:
    opened(page)
    type_sentence(page, "good!!!! " * 200)
    for part in ("words 1–390 of 1000", "words 391–780 of 1000", "words 781–1000 of 1000"):
        expect(page.locator("#page")).to_have_text(part)
        if not part.startswith("words 781"):
            page.locator("#later").click()
    expect(page.locator("#later")).to_be_disabled()
    page.locator("#earlier").click()
    expect(page.locator("#page")).to_have_text("words 391–780 of 1000")


def test_turning_pages_goes_on_from_what_is_shown(page: Page, expected_console: list[str]) -> None:
    expected_console.append("Failed to load resource: net::ERR_CONNECTION_REFUSED")
    opened(page)
    type_sentence(page, "good " * 1000)
    expect(page.locator("#page")).to_have_text("words 1–390 of 1000")
    page.route("**/traces", lambda route: route.abort("connectionrefused"))
    page.locator("#later").click()
    expect(page.locator("#again")).to_be_visible()
    page.unroute("**/traces")
    page.locator("#later").click()
    expect(page.locator("#page")).to_have_text("words 391–780 of 1000")
    page.evaluate("document.getElementById('later').click(); document.getElementById('later').click()")
    expect(page.locator("#page")).to_have_text("words 781–1000 of 1000")


def test_address_past_the_end_of_its_text_shows_the_beginning(page: Page, expected_console: list[str]) -> None:
    expected_console.append("the server responded with a status of 422")
    opened(page, f"/?text={SENTENCE}#start=9")
    expect(page.locator(".tokens bdi")).to_have_text(SENTENCE.split())


def test_double_click_on_a_word_selects_it_in_the_text(page: Page) -> None:
    opened(page)
    text = "👨‍👩‍👧 𝒳 cafe\u0301 שלום not good"
    type_sentence(page, text)
    expect(page.locator(".tokens bdi").nth(1)).to_have_text("𝒳")
    for token in page.locator(".token").all():
        token.dblclick()
        chosen = page.locator("#text").evaluate("text => text.value.slice(text.selectionStart, text.selectionEnd)")
        assert chosen == token.locator("bdi").inner_text()


def test_double_click_on_a_word_selects_it_where_the_address_had_other_line_ends(page: Page) -> None:
    opened(page, "/?text=a%0D%0Ab%0D%0Avery%20good")
    expect(page.locator(".tokens bdi").last).to_have_text("good")
    page.locator(".token").last.dblclick()
    chosen = page.locator("#text").evaluate("text => text.value.slice(text.selectionStart, text.selectionEnd)")
    assert chosen == "good"


def test_arrows_walk_through_the_words(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}")
    page.locator(".token").first.focus()
    for word in ("movie", "was"):
        page.keyboard.press("ArrowRight")
        expect(page.locator(".token:focus bdi")).to_have_text(word)
        expect(page.locator(".lit bdi")).to_have_text(word)
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".token:focus bdi")).to_have_text("movie")
    assert page.locator(".token[tabindex='0']").count() == 1


def test_tap_names_a_cell(browser: Browser, base_url: str, server: httpx2.Client) -> None:
    size = {"width": 390, "height": 844}
    with another_page(browser, viewport=size, has_touch=True, is_mobile=True, base_url=base_url) as page:
        opened(page, f"/?text={SENTENCE}")
        page.touchscreen.tap(*place_of(page, "f", 3, 40, 5, 64))
        [layer] = trace(server, "sentiment-lstm", SENTENCE)["layers"]
        expect(page.locator("#tooltip small")).to_have_count(names_of(server, "sentiment-lstm", 40))
        note = f"not unit 40, forget gate f = {shown(layer['activations']['f'][3][40], 4)}"
        assert page.locator("#tooltip").inner_text().splitlines()[0] == note
        expect(page.locator(".lit bdi")).to_have_text("not")
        page.mouse.wheel(0, 50)
        expect(page.locator("#tooltip")).to_be_hidden()
        page.locator("#first-screen .close").tap()  # the sheet of the cell may lie over the place
        page.touchscreen.tap(*place_of(page, "f", 3, 40, 5, 64))
        expect(page.locator("#tooltip")).to_be_visible()
        page.locator(".guide").first.tap()
        expect(page.locator("#tooltip")).to_be_hidden()
        page.locator(".token").nth(1).tap()
        expect(page.locator(".lit bdi")).to_have_text("movie")
        assert page.evaluate("document.activeElement.id") != "text"


def test_presets_fill_the_text(page: Page) -> None:
    opened(page)
    page.locator("#presets summary").click()
    preset = page.locator("#examples button").nth(2)
    text = preset.inner_text()
    preset.click()
    expect(page.locator("#text")).to_have_value(text)
    expect(page.locator(".tokens bdi").last).to_have_text(text.split()[-1])
    expect(page.locator("#presets")).not_to_have_attribute("open", "")


def test_unknown_words_are_marked_and_blanks_made_visible(page: Page) -> None:
    opened(page)
    type_sentence(page, "good xyzzyx a\u0007b")
    expect(page.locator(".token.unknown bdi").first).to_have_text("xyzzyx")
    expect(page.locator(".tokens bdi").nth(3)).to_have_text("␇")


def test_a_misspelt_word_shows_the_word_that_is_read(page: Page, zoo: str) -> None:
    opened(page, f"{zoo}/?model=spelling")
    type_sentence(page, "the movue was good")
    expect(page.locator(".token.unknown bdi")).to_have_text("movue")
    expect(page.locator(".token.unknown .read-as")).to_have_text("read as movie")
    expect(page.locator(".read-as")).to_have_count(1)
    expect(page.locator(".unknown-words")).to_have_text("It reads “movue” as “movie”.")


def test_a_text_of_unknown_words_is_said_to_be_in_another_language(page: Page) -> None:
    opened(page)
    expect(page.locator(".unknown-words")).to_have_count(0)
    type_sentence(page, "je m'appelle Pierre")
    expect(page.locator(".unknown-words")).to_have_text(
        "The model does not know “je”, “appelle” and “Pierre”: it reads each as the same unknown word. "
        "This model reads English."
    )
    type_sentence(page, "the movie was good")
    expect(page.locator(".unknown-words")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_theme_follows_the_system_until_chosen(page: Page, scheme: Any) -> None:
    paper = {"light": "rgb(252, 252, 253)", "dark": "rgb(20, 20, 22)"}
    other = "dark" if scheme == "light" else "light"
    page.emulate_media(color_scheme=scheme)
    opened(page)
    expect(page.locator("body")).to_have_css("background-color", paper[scheme])
    before = page.locator("#scales .ramp >> nth=0").evaluate("e => e.style.backgroundImage")
    from_menu(page, "#theme")
    expect(page.locator("body")).to_have_css("background-color", paper[other])
    assert page.locator("#scales .ramp >> nth=0").evaluate("e => e.style.backgroundImage") != before
    page.reload()
    expect(page.locator("body")).to_have_css("background-color", paper[other])


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_nothing_is_wider_than_the_window(page: Page, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    opened(page)
    for text in (SENTENCE, "supercalifragilisticexpialidocious" * 4, "good " * 300):
        type_sentence(page, text)
        expect(page.locator(".tokens bdi").first).to_have_text(text.split()[0])
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator("#text").fill("the acting was terrible but the story was wonderful and long")
    assert page.locator("#text").evaluate("text => text.scrollHeight - text.clientHeight") <= 0


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("query", ["model=lstm", "model=lstm&compare=cells", "model=letters-lstm", "model=words"])
def test_nothing_jumps_while_one_points_at_the_words(page: Page, zoo: str, width: int, query: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    opened(page, f"{zoo}/?{query}")
    tops = "[...document.querySelectorAll('.panel, .token')].map((each) => each.getBoundingClientRect().top + scrollY)"
    before = page.evaluate(tops)
    for word in page.locator(".token").all()[:4]:
        word.hover()
        assert page.evaluate(tops) == before


def test_docs_work_under_the_policy_without_the_internet(page: Page, server: httpx2.Client) -> None:
    page.goto("/docs")
    operations = sum(map(len, server.get("/api/v1/openapi.json").json()["paths"].values()))
    expect(page.locator(".opblock")).to_have_count(operations)
    page.locator(".opblock-summary-path", has_text="/api/v1/models").first.click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table .response-col_status").nth(1)).to_contain_text("200")


def test_picture_fits_again_after_a_resize(page: Page, server: httpx2.Client) -> None:
    opened(page, f"/?text={SENTENCE}")
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_function(
        """() => [...document.querySelectorAll("#picture .plot")].every(
            (plot) => Math.abs(plot.querySelector(".main-svg").clientWidth - plot.clientWidth) <= 1)"""
    )
    [layer] = trace(server, "sentiment-lstm", SENTENCE)["layers"]
    assert point_at(page, "f", 1, 20, 5, 64).endswith(f"f = {layer['activations']['f'][1][20]:.4f}")
