"""Links that name a unit say of which weights it is, and the page says where a model has others now."""

import re
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from playwright.sync_api import Page, expect

from .driving import SENTENCE, at_rest, opened, place_of

MODEL = "sentiment-lstm"
OTHER = "00000000"
REMARK = "This link was made with other weights of"


def address(fragment: str, model: str = MODEL, **query: str) -> str:
    return f"/?{urlencode({'model': model, 'text': SENTENCE, **query})}#{fragment}"


def weights(server: httpx2.Client, *models: str) -> str:
    """What a new address holds: the first digits of the SHA-256 that the API gives."""
    cards: list[Any] = [server.get(f"/api/v1/models/{each}").json() for each in models]
    return "-".join(card["weights_sha256"][:8] for card in cards)


def expect_weights_in_address(page: Page, ids: str) -> None:
    expect(page).to_have_url(re.compile(rf"[#&]sha={ids}$"))


def shared(page: Page) -> str:
    page.locator("#show-share").click()
    link = page.locator("#share-link").input_value()
    page.keyboard.press("Escape")
    return link


def expect_pinned(page: Page, unit: int) -> None:
    expect(page.locator(".inspector h3").first).to_have_text(f"unit {unit} at not pinned")


def test_address_names_the_weights_as_soon_as_it_names_a_unit(page: Page, server: httpx2.Client) -> None:
    opened(page, address(""))
    page.locator("#order").select_option("variance")
    expect(page).to_have_url(re.compile("#order=variance$"))
    assert "sha" not in shared(page)
    page.mouse.click(*place_of(page, "o", 3, 26, 5, 64))
    page.mouse.move(5, 5)
    expect_weights_in_address(page, weights(server, MODEL))
    assert shared(page) == page.url
    page.locator("#models").get_by_text("GRU", exact=True).click()
    expect_weights_in_address(page, weights(server, "sentiment-gru"))
    page.locator("#compare").select_option("cells")
    expect_weights_in_address(page, weights(server, "sentiment-gru", MODEL, "sentiment-rnn"))
    link = page.url
    page.goto("about:blank")
    opened(page, link)
    expect(page.locator(".inspector h3").first).to_contain_text("pinned")
    expect(page.locator("#message")).to_be_empty()
    assert page.url == link
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("sha"))


def test_edits_of_units_name_the_weights_and_edits_of_gates_do_not(page: Page, server: httpx2.Client) -> None:
    hatching = page.locator(".panel[data-letter=i] .hatching .stroke")
    opened(page, address("edits=i@3=0"))
    expect(hatching).not_to_have_attribute("d", "")
    assert "sha" not in shared(page)
    page.goto("about:blank")
    opened(page, address("edits=i[4]@3=0"))
    expect(hatching).not_to_have_attribute("d", "")
    expect(page.locator("#edit-items li")).to_contain_text("in unit 4 at “not”")
    assert shared(page).endswith(f"&edits=i%5B4%5D@3=0#sha={weights(server, MODEL)}")


@pytest.mark.parametrize("opening", ["step=3&unit=26", "step=3&unit=26&edits=i@3=0"], ids=["pin", "pin and edits"])
def test_link_of_other_weights_opens_and_says_so(page: Page, server: httpx2.Client, opening: str) -> None:
    message = page.locator("#message")
    remark = f"{REMARK} {MODEL}: unit 26 may be another one now."
    opened(page, address(f"{opening}&sha={OTHER}"))
    expect_pinned(page, 26)
    expect(message).to_have_text(remark)
    page.locator("#order").select_option("variance")
    expect(page).to_have_url(re.compile(f"order=variance.*&sha={OTHER}$"))
    page.reload()
    expect(message).to_have_text(remark)
    assert shared(page).endswith(f"&sha={weights(server, MODEL)}")  # that link is of what is in sight now
    page.locator("body").press("ArrowDown")
    expect_weights_in_address(page, weights(server, MODEL))
    page.reload()
    expect(page.locator(".inspector h3")).to_contain_text("pinned")
    at_rest(page)
    expect(message).to_be_empty()


def test_link_of_the_same_weights_opens_without_a_word(page: Page, server: httpx2.Client) -> None:
    path = address(f"step=3&unit=26&sha={weights(server, MODEL)}")
    opened(page, path)
    expect_pinned(page, 26)
    at_rest(page)
    expect(page.locator("#message")).to_be_empty()
    expect(page).to_have_url(re.compile(re.escape(path) + "$"))


@pytest.mark.parametrize("query", [{}, {"compare": "cells"}, {"compare": "text", "other": "good"}])
def test_link_without_weights_opens_without_a_word(page: Page, query: dict[str, str]) -> None:
    path = address("step=3&unit=26", **query)
    opened(page, path)
    expect_pinned(page, 26)
    at_rest(page)
    expect(page.locator("#message")).to_be_empty()
    expect(page).to_have_url(re.compile(re.escape(path) + "$"))
    assert "#sha=" in shared(page)


def test_only_the_cells_with_other_weights_are_named(page: Page, server: httpx2.Client) -> None:
    lstm, gru, rnn = (weights(server, f"sentiment-{cell}") for cell in ("lstm", "gru", "rnn"))
    opened(page, address(f"step=3&unit=26&sha={lstm}-{OTHER}-{rnn}", compare="cells"))
    remark = f"{REMARK} sentiment-gru: unit 26 may be another one now."
    expect(page.locator("#message")).to_have_text(remark)
    page.evaluate(f"location.hash = 'step=3&unit=5&edits=i[7]@3=0&sha={lstm}-{gru}-{OTHER}'")
    expect(page.locator("#message")).to_have_text(f"{REMARK} sentiment-rnn: units 5, 7 may be others now.")
    page.go_back()
    expect(page.locator("#message")).to_have_text(remark)
    page.evaluate(f"location.hash = 'step=3&unit=5&sha={lstm}-{gru}-{rnn}'")
    expect_pinned(page, 5)
    expect(page.locator("#message")).to_be_empty()


def test_malformed_weights_are_named_and_ignored(page: Page) -> None:
    opened(page, address("step=3&unit=26&sha=12345"))
    expect(page.locator("#message")).to_have_text("The address says sha=12345, which means nothing here.")
    expect_pinned(page, 26)


def test_what_else_is_wrong_is_named_next_to_other_weights(page: Page) -> None:
    opened(page, address(f"step=500&unit=26&sha={OTHER}"))
    expect(page.locator("#message")).to_have_text(
        f"The address says step=500, which means nothing here. {REMARK} {MODEL}: unit 26 may be another one now."
    )


def test_nothing_is_said_of_weights_of_a_model_that_is_not_here(page: Page) -> None:
    opened(page, address(f"step=3&unit=26&sha={OTHER}", model="nobody"))
    expect_pinned(page, 26)
    at_rest(page)
    expect(page.locator("#message")).to_have_text("There is no model “nobody” here; this is sentiment-lstm.")


def test_chapters_of_the_story_name_no_unit_and_need_no_weights(page: Page) -> None:
    opened(page, "/?chapter=1")
    page.locator("#story .next:visible").click()
    expect(page).to_have_url(re.compile("chapter=2"))
    expect(page).not_to_have_url(re.compile("sha="))
    expect(page.locator("#message")).to_be_empty()


def test_server_takes_no_notice_of_weights_in_its_part_of_the_address(server: httpx2.Client) -> None:
    path = f"/?{urlencode({'model': MODEL, 'text': SENTENCE})}"
    assert server.get(f"{path}&sha=x").text == server.get(path).text
