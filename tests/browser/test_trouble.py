"""What the page does when something is missing, wrong or late."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from .driving import DRAWN, from_menu, opened, type_sentence, words


@pytest.mark.parametrize("blank", ["   ", "", "\u0085\u3000"])
def test_blank_text_is_calm(page: Page, blank: str) -> None:
    opened(page)
    page.locator("#text").fill(blank)
    expect(page.locator(".tokens bdi")).to_have_count(0)
    expect(page.locator(".prediction .verdict")).to_have_text("Type a word, and the gates appear.")
    expect(page.locator("#message")).to_have_text("")
    expect(page.locator("#first-screen .invitation h2")).to_have_text("Type a sentence above, or open an example:")
    example = page.locator("#first-screen .invitation a").nth(1)
    text = example.inner_text()
    example.click()
    expect(page.locator("#text")).to_have_value(text)
    expect(page.locator(".tokens bdi")).to_have_text(text.split())
    expect(page.locator("#first-screen .finding")).to_be_visible()
    expect(page.locator("#first-screen .invitation")).to_have_count(0)
    page.go_back()
    expect(page.locator("#first-screen .invitation")).to_be_visible()


def test_text_over_the_limit_is_kept_and_said(page: Page) -> None:
    opened(page)
    page.locator("#text").fill("x" * 10_001)
    expect(page.locator("#message")).to_have_text(re.compile("10,001 characters; this server takes up to 10,000"))
    assert len(page.locator("#text").input_value()) == 10_001
    type_sentence(page, "good")
    expect(page.locator("#message")).to_have_text("")


def test_server_gone_is_said_and_the_text_kept(page: Page, expected_console: list[str]) -> None:
    expected_console.append("Failed to load resource: net::ERR_CONNECTION_REFUSED")
    opened(page)
    page.route("**/traces", lambda route: route.abort("connectionrefused"))
    page.locator("#text").fill("good film")
    expect(page.locator("#message")).to_have_text(re.compile("The server does not answer"))
    expect(page.locator("#text")).to_have_value("good film")
    page.unroute("**/traces")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".tokens bdi")).to_have_text(["good", "film"])
    expect(page.locator("#message")).to_have_text("")
    expect(page.locator("#again")).to_be_hidden()


def test_page_recovers_by_itself_when_the_server_is_back(page: Page, expected_console: list[str]) -> None:
    expected_console.append("Failed to load resource: net::ERR_CONNECTION_REFUSED")
    opened(page)
    page.route("**/traces", lambda route: route.abort("connectionrefused"))
    page.locator("#text").fill("good film")
    expect(page.locator("#again")).to_be_visible()
    page.unroute("**/traces")
    expect(page.locator(".tokens bdi")).to_have_text(["good", "film"])
    expect(page.locator("#message")).to_have_text("")


def test_slow_server_is_said_until_it_answers(page: Page) -> None:
    opened(page)
    held: list[Route] = []
    page.route("**/traces", lambda route: held.append(route))
    page.locator("#text").fill("good film")
    expect(page.locator("#picture")).to_have_attribute("aria-busy", "true")
    for route in held:
        route.continue_()
    expect(page.locator(".tokens bdi")).to_have_text(["good", "film"])
    expect(page.locator("#picture")).not_to_have_attribute("aria-busy", "true")


@pytest.mark.parametrize("text", ["good film", "x" * 10_001], ids=["unanswered", "too long"])
def test_text_that_could_not_be_shown_survives_a_reload(page: Page, expected_console: list[str], text: str) -> None:
    expected_console.append("Failed to load resource: net::ERR_CONNECTION_REFUSED")
    opened(page)
    page.route("**/traces", lambda route: route.abort("connectionrefused"))
    page.locator("#text").fill(text)
    expect(page.locator("#message")).not_to_have_text("")
    page.unroute("**/traces")
    page.reload()
    expect(page.locator("#text")).to_have_value(text)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, "{}", "The server failed (status 500). Your text is kept."),
        (502, "<html>", "The server failed (status 502). Your text is kept."),
        (503, '{"detail": "The model is broken."}', "The model is broken."),
    ],
)
def test_failed_request_is_said_and_the_old_picture_dimmed(
    page: Page, expected_console: list[str], status: int, body: str, said: str
) -> None:
    expected_console.append(f"the server responded with a status of {status}")
    opened(page)
    page.route("**/traces", lambda route: route.fulfill(status=status, body=body))
    page.locator("#text").fill("good film")
    expect(page.locator("#message")).to_have_text(said)
    expect(page.locator("#picture")).to_have_attribute("data-stale", "")
    from_menu(page, "#theme")
    expect(page.locator("#picture")).to_have_attribute("data-stale", "")
    page.locator(".token").first.hover()
    expect(page.locator(".panel .mark:visible")).to_have_count(0)


def test_picture_stays_that_of_its_model_until_the_other_answers(page: Page) -> None:
    opened(page)
    held: list[Route] = []
    page.route("**/traces", lambda route: held.append(route))
    for other in ("GRU", "LSTM"):
        with page.expect_request("**/traces"):
            page.locator("#models").get_by_text(other, exact=True).click()
        from_menu(page, "#theme")
        expect(page.locator(".panel var")).to_have_text(list("figcoh"))
        expect(page.locator(DRAWN)).to_have_count(6)
    assert len(held) == 2
    page.unroute("**/traces")
    with page.expect_response("**/traces"):
        page.locator("#models").get_by_text("GRU", exact=True).click()
    expect(page.locator(".panel var")).to_have_text(list("rznh"))


def test_drawing_library_that_does_not_load_is_said(page: Page, expected_console: list[str]) -> None:
    expected_console.append("Failed to load resource: net::ERR_FAILED")
    page.route("**/plotly.min.js", lambda route: route.abort())
    page.goto("/")
    expect(page.locator("#message")).to_have_text(
        "The pictures cannot be drawn: plotly.min.js did not load. Load the page again."
    )
    expect(page.locator(".tokens bdi").first).to_be_visible()


def test_newer_text_aborts_the_request_for_the_older(page: Page) -> None:
    opened(page)
    page.route("**/traces", lambda route: None if "bad" in (route.request.post_data or "") else route.continue_())
    with page.expect_request("**/traces"):
        page.locator("#text").fill("bad")
    with page.expect_event("requestfailed") as failed:
        type_sentence(page, "good")
    assert failed.value.failure == "net::ERR_ABORTED"
    assert "bad" in (failed.value.post_data or "")
    expect(page.locator(".tokens bdi")).to_have_text(["good"])


COUNT_WHAT_IS_ASKED = """
const fetched = window.fetch;
const asked = new Set();
window.most = 0;
window.fetch = (address, options) => {
  if (!address.endsWith("/traces")) return fetched(address, options);
  asked.add(options.signal);
  window.most = Math.max(window.most, [...asked].filter((signal) => !signal.aborted).length);
  return fetched(address, options).finally(() => asked.delete(options.signal));
};
"""


def test_fast_typing_asks_for_one_trace_at_a_time_and_ends_with_the_last(page: Page) -> None:
    page.add_init_script(COUNT_WHAT_IS_ASKED)
    opened(page)
    page.locator("#text").fill("")
    text = "the movie was not good but the story was " * 5
    page.locator("#text").press_sequentially(text, delay=15)
    expect(page.locator(".tokens bdi")).to_have_text(text.split())
    assert page.evaluate("window.most") == 1


def test_address_with_an_unknown_model_is_said(page: Page) -> None:
    opened(page, "/?model=nope&text=good")
    expect(page.locator("#message")).to_have_text("There is no model “nope” here; this is sentiment-lstm.")
    assert words(page) == ["good"]
