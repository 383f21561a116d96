"""What cannot be seen in a text can be seen on the page."""

import pytest
from gatescope.figures.invisible import shown
from playwright.sync_api import Page, expect

from .driving import opened, point_at, type_sentence

# Blanks that look alike, format characters, controls, selectors, fillers, and an accent without a letter.
BLANKS = "a b\u00a0c\u2003d\u3000\u2028\u2800\u3164"
CHARACTERS = f"{BLANKS}\ufeff\u200b\u00ad\u200d\u202e\ufe0f\u034f\U000e0041\u0007\x96\u115f \u0301x"
TOKENS = [
    *CHARACTERS,
    "won\u200bder\u00adful",
    "می\u200cخواهم",
    "👩\u200d💻\ufe0f",
    "1\ufe0f\u20e3",
    "a\ufe0f",
    "\u0301a",
]
WIDTHS = """each => { const range = document.createRange(); range.selectNodeContents(each);
    return range.getBoundingClientRect().width }"""


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_every_character_has_a_name_and_a_width(page: Page, zoo: str, width: int, height: int) -> None:
    page.set_viewport_size({"width": width, "height": height})
    opened(page, f"{zoo}/?model=letters-lstm")
    type_sentence(page, CHARACTERS)
    expect(page.locator(".tokens bdi")).to_have_text([shown(each) for each in CHARACTERS])
    for place in (".tokens bdi", ".panel[data-letter=f] .xtick"):
        widths = page.locator(place).evaluate_all(f"all => all.map({WIDTHS})")
        assert widths
        assert all(each > 3 for each in widths), (place, widths)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_word_with_something_hidden_in_it_is_one_word_and_shows_it(page: Page) -> None:
    opened(page)
    type_sentence(page, "the movie was wonderful")
    expect(page.locator(".tokens bdi")).to_have_text(["the", "movie", "was", "wonderful"])
    verdict = page.locator(".prediction .verdict").inner_text()
    type_sentence(page, "\ufeffthe movie was won\u200bder\u00adful")
    expect(page.locator(".tokens bdi")).to_have_text(["the", "movie", "was", "won‹ZWSP›der‹SHY›ful"])
    expect(page.locator(".token.unknown")).to_have_count(0)
    expect(page.locator(".prediction .verdict")).to_have_text(verdict)
    assert "won‹ZWSP›der‹SHY›ful" in point_at(page, "i", 3, 5, 4, 64)
    page.locator(".token").nth(3).dblclick()
    assert page.evaluate("[text.selectionStart, text.selectionEnd]") == [15, 26]


def test_two_spellings_of_a_word_stand_against_each_other(page: Page) -> None:
    first, second = "I don't like it", "I don\u2018t li\u00adke it"
    opened(page, f"/?model=sentiment-lstm&text={first}&compare=text&other={second}")
    titles = ["“I don't like it”", "“I don‘t li‹SHY›ke it”", "difference: second minus first"]
    expect(page.locator(".lane-title")).to_have_text(titles)
    verdicts = page.locator(".prediction .verdict").all_inner_texts()
    assert len(verdicts) == 2
    assert len(set(verdicts)) == 1
    panel = page.locator(".difference .panel").first
    assert panel.locator(".xtick").all_text_contents() == ["I", "do", "n't→n‘t", "like→li▯ke", "it"]
    panel.locator("summary").click()
    expect(panel.locator("thead th")).to_have_text(["unit", "I", "do", "n't→n‘t", "like→li‹SHY›ke", "it"])


def test_a_text_of_nothing_that_can_be_seen_is_blank(page: Page) -> None:
    opened(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "trace" in request.url else None)
    page.locator("#text").fill("\ufeff \u200b\u00ad\u2800\u3164\u2060\ufe0f")
    expect(page.locator(".prediction .verdict")).to_have_text("Type a word, and the gates appear.")
    expect(page.locator("#message")).to_be_empty()
    assert asked == []


def test_the_page_names_what_the_server_names(page: Page) -> None:
    opened(page)
    script = "async (tokens) => tokens.map((await import('/static/js/data/visible_text.js')).visible)"
    assert page.evaluate(script, TOKENS) == [shown(token) for token in TOKENS]
