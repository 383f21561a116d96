"""What does not fit the limits of the server is said before it is asked for: of memory, and of files."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi import FastAPI
from gatescope.main import create_app
from gatescope.settings import Settings
from playwright.sync_api import Browser, Page, Route, expect
from serving import running
from starlette.testclient import TestClient

from .axe import violations
from .driving import SENTENCE, another_page, opened

STEPS = len(SENTENCE.split())


@pytest.fixture
def app() -> FastAPI:
    return create_app(Settings())


@pytest.fixture
def narrow(app: FastAPI, browser: Browser) -> Iterator[Page]:
    """A page of a server of its own, whose settings a test may lower once it is open."""
    with running(app) as address, another_page(browser, base_url=address, bypass_csp=True) as page:
        yield page


def asked(page: Page) -> list[str]:
    """The addresses of the calls about memory."""
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url.rsplit("/", 1)[-1].split("?")[0]))
    return urls


def lower(app: FastAPI, **limits: int) -> None:
    app.state.settings = app.state.settings.model_copy(update=limits)


def test_memory_is_narrowed_to_what_fits_and_says_so(app: FastAPI, narrow: Page) -> None:
    lower(app, max_held=220_000)
    opened(narrow, f"/?text={SENTENCE}#memory=states")
    limit = narrow.locator("#memory-limit")
    expect(limit).to_contain_text(f"The memory of all {STEPS} words of a model of this size would take ")
    expect(limit).to_contain_text("numbers held at a time, and this server allows 220,000 (GATESCOPE_MAX_HELD)")
    expect(narrow.locator(".memory-cell .triangle .plot > *")).to_have_count(3)
    expect(narrow.locator("#memory-message")).to_contain_text("Of this long text: words 3 to 5.")
    expect(limit).to_contain_text(": 3 words fit, the last of them the chosen one, or else the last in sight.")
    assert violations(narrow, "#memory") == []
    link = limit.get_by_role("link", name="Read only the first 3 words")
    assert dict(parse_qsl(urlsplit(link.get_attribute("href") or "").query))["text"] == " ".join(SENTENCE.split()[:3])
    link.click()
    expect(narrow.locator("#text")).to_have_value(" ".join(SENTENCE.split()[:3]))
    expect(limit).to_have_text("")
    expect(narrow.locator("#memory-message")).to_have_text("")
    narrow.go_back()
    expect(narrow.locator("#text")).to_have_value(SENTENCE)


def test_where_no_two_words_fit_nothing_is_asked(app: FastAPI, narrow: Page) -> None:
    lower(app, max_held=1_000)
    urls = asked(narrow)
    opened(narrow, f"/?text={SENTENCE}#memory=states")
    expect(narrow.locator("#memory-limit")).to_contain_text(": not even two words fit. Choose another derivative,")
    expect(narrow.locator("#memory-limit")).to_contain_text("start the server with a higher GATESCOPE_MAX_HELD.")
    expect(narrow.locator("#memory-cells")).to_be_hidden()
    assert "memory" not in urls
    assert "limits" in urls


def test_a_file_that_does_not_fit_says_so_and_cannot_be_saved(app: FastAPI, narrow: Page) -> None:
    opened(narrow, f"/?text={SENTENCE}")
    button = narrow.locator("[data-save=npz]")
    narrow.locator("#show-share").click()
    expect(narrow.locator("#share-limit")).to_be_hidden()
    opened(narrow, f"/?text={SENTENCE}")
    lower(app, max_values=1_000)
    narrow.locator("#show-share").click()
    expect(narrow.locator("#share-limit")).to_contain_text(f"NPZ does not fit: all {STEPS} words in sight take ")
    expect(narrow.locator("#share-limit")).to_contain_text("allows 1,000 (GATESCOPE_MAX_VALUES); 2 words fit.")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_accessible_description(narrow.locator("#share-limit").inner_text())
    urls = asked(narrow)
    button.press("Enter")
    expect(narrow.locator("#share-status")).to_contain_text("CSV has no such limit.")
    assert urls == []
    with narrow.expect_download():
        narrow.locator("[data-save=csv]").click()
    narrow.locator("#share-limit a", has_text="Read only the first 2 words").click()
    expect(narrow.locator("#share")).to_be_hidden()
    expect(narrow.locator("#text")).to_have_value(" ".join(SENTENCE.split()[:2]))


def test_the_first_picture_says_what_fits_and_leads_to_it(app: FastAPI, narrow: Page) -> None:
    card = TestClient(app).get("/api/v1/models/sentiment-lstm").json()
    of_a_step = card["hidden_size"] * len(card["activations"]) + 1
    lower(app, max_values=3 * of_a_step)
    narrow.goto(f"/?model=sentiment-lstm&text={SENTENCE}")
    told = narrow.locator("#first-screen .too-large")
    expect(told).to_contain_text(f"allows {3 * of_a_step:,} (GATESCOPE_MAX_VALUES): 3 words fit.")
    assert violations(narrow, "#first-screen") == []
    told.get_by_role("link", name="Read only the first 3 words").click()
    expect(narrow.locator("#text")).to_have_value(" ".join(SENTENCE.split()[:3]))
    expect(narrow.locator("#first-screen .finding")).to_be_visible()
    narrow.go_back()
    expect(told).to_be_visible()


def test_memory_leaves_out_what_may_not_come_in_time_and_is_drawn_part_by_part(app: FastAPI, narrow: Page) -> None:
    app.state.rate = lambda: 1.5e7  # of a slow machine, on which two parts would take some 25 s
    bodies: list[dict[str, Any]] = []
    said: list[str] = []
    unknown: list[list[list[str]]] = []

    def keep(route: Route) -> None:
        bodies.append(json.loads(route.request.post_data or ""))
        said.extend(narrow.locator(".memory-cell .message").all_text_contents())
        unknown.append(
            [narrow.locator(f".chart.{each} figcaption p").all_text_contents() for each in ("distance", "back")]
        )
        route.continue_()

    opened(narrow, f"/?text={SENTENCE}")
    narrow.route("**/memory", keep)
    narrow.evaluate("location.hash = 'memory=words'")
    limit = narrow.locator("#memory-limit")
    expect(limit).to_contain_text("may take longer than the 20 s that this server computes for an answer")
    expect(limit).to_contain_text("how the verdict depends on each step (")
    expect(narrow.locator("#memory-cells .triangle .plot > *")).to_have_count(3)
    expect(narrow.locator(".memory-cell .message").first).to_be_empty()
    expect(narrow.locator("#memory-busy")).to_be_hidden()
    assert all(len(body["parts"]) == 1 for body in bodies)
    assert bodies[0]["parts"] == ["saturation"]
    assert {"loss", "attribution"}.isdisjoint(part for body in bodies for part in body["parts"])
    assert any(each.startswith("Being computed: ") for each in said)
    for notes in zip(*unknown, strict=True):
        assert any("It is being computed." in each for each in notes), "there are no axes without curves"
