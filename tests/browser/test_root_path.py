"""The page below a path of a site, behind a proxy that takes the path away: it asks for nothing outside."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from gatescope.main import create_app
from gatescope.settings import Settings
from playwright.sync_api import Browser, expect
from serving import running
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .driving import DRAWN, SENTENCE, another_page, at_rest, type_sentence

ROOT = "/tools/gates"


class Proxy:
    """Passes on what lies below the path, without the path, and answers 404 to all else."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"].startswith(f"{ROOT}/"):
            await self.app({**scope, "path": scope["path"].removeprefix(ROOT)}, receive, send)
        else:
            await PlainTextResponse("another site", 404)(scope, receive, send)


@pytest.fixture(scope="module")
def site(models: Path) -> Iterator[str]:
    """The address of the proxy, without the path."""
    with running(Proxy(create_app(Settings(models=models, default_model="lstm", root_path=ROOT)))) as address:
        yield address


def test_the_page_works_below_a_path(browser: Browser, site: str) -> None:
    wrong: list[str] = []
    with another_page(browser) as page:
        page.on("request", lambda request: None if below(request.url, site) else wrong.append(request.url))
        page.on(
            "response", lambda answer: None if answer.status < 400 else wrong.append(f"{answer.status} {answer.url}")
        )
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{site}{ROOT}/")
        type_sentence(page, f"{SENTENCE} but bad")
        expect(page.locator(DRAWN).first).to_be_visible()
        expect(page.locator("#first-screen .column")).to_have_count(7)
        assert urlsplit(page.url).path == f"{ROOT}/"
        page.locator("#models label", has_text="GRU").click()
        expect(page.locator("#card")).to_have_attribute("href", f"{ROOT}/models/gru/card")
        at_rest(page)

        page.locator("#show-share").click()
        expect(page.locator("#share-link")).to_have_value(page.url)
        for snippet in ("#share-curl", "#share-python"):
            assert f"{site}{ROOT}/api/v1/models/gru/traces" in page.locator(snippet).input_value()
        with page.expect_download() as download:
            page.locator("[data-save=html]").click()
        assert ".first-screen" in Path(download.value.path()).read_text("utf-8").partition("</style>")[0]
        page.keyboard.press("Escape")

        page.locator("#more summary").click()
        page.locator("#card").click()
        page.wait_for_url(f"{site}{ROOT}/models/gru/card")
        page.get_by_role("link", name="look inside").click()
        page.wait_for_url(f"{site}{ROOT}/?model=gru")
        expect(page.locator(DRAWN).first).to_be_visible()

        page.goto(f"{site}{ROOT}/docs")
        page.locator("[id$=list_models_api_v1_models_get] button").first.click()
        page.get_by_role("button", name="Execute").click()
        expect(page.locator(".request-url")).to_contain_text(f"{site}{ROOT}/api/v1/models")
        expect(page.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
    assert wrong == []


def below(url: str, site: str) -> bool:
    """Whether a request stays below the path, or needs no server."""
    return url.startswith((f"{site}{ROOT}/", "data:", "blob:"))
