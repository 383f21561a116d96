"""Every recorded address of the page shows in a browser what it showed."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from serving import running
from visiting import fresh, staying

from . import views
from .compare import differences
from .exchanges import application
from .storage import load

PERMALINKS: dict[str, Any] = load("permalinks")
PATIENCE = 60_000  # ms: a busy machine takes its time
SETTLED = 20  # seconds from when all is loaded and drawn


@pytest.fixture(scope="module")
def small_models() -> Iterator[str]:
    """The address of the application over the recorded models."""
    with running(application({})) as address:
        yield address


@pytest.fixture(scope="module")
def visitor(browser: Browser, small_models: str) -> Iterator[BrowserContext]:
    """The context of all addresses, without motion: the page shows at once what it would lead up to."""
    with staying(browser, small_models, viewport=views.SIZE, reduced_motion="reduce") as context:
        yield context


@pytest.fixture
def context(visitor: BrowserContext, small_models: str) -> Iterator[BrowserContext]:
    """The context of a visitor who has not been here before."""
    with fresh(visitor, small_models) as context:
        yield context


@pytest.mark.parametrize("name", PERMALINKS)
def test_address_shows_what_it_did(page: Page, small_models: str, name: str) -> None:
    address, recorded = PERMALINKS[name]["address"], PERMALINKS[name]["view"]
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("request", lambda request: wrong.append(request.url) if is_foreign(request.url, small_models) else None)
    page.set_default_timeout(PATIENCE)
    views.opened(page, address, small_models)
    end = time.monotonic() + SETTLED
    while (changes := differences(recorded, views.view(page))) and time.monotonic() < end:
        page.wait_for_timeout(100)
    assert changes + wrong == []


def is_foreign(url: str, base_url: str) -> bool:
    return urlsplit(url).netloc not in {urlsplit(base_url).netloc, ""}
