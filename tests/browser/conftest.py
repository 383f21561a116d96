"""A real Chromium on a real server; nothing may go wrong unseen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from gatescope.main import create_app
from gatescope.settings import Settings
from playwright.sync_api import Browser, BrowserContext, Page, expect
from serving import running
from visiting import fresh, staying

from .driving import PATIENCE
from .zoo import zoo_models

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def base_url() -> Iterator[str]:
    """The address of the application over the shipped models."""
    with running(create_app(Settings())) as address:
        yield address


@pytest.fixture(scope="session")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the application over small random models of every kind."""
    folder: Path = zoo_models(tmp_path_factory.mktemp("zoo"))
    with running(create_app(Settings(models=folder, default_model="lstm"))) as address:
        yield address


@pytest.fixture(scope="session")
def server(base_url: str) -> Iterator[httpx2.Client]:
    """A client of the shipped models, to compare with what the page shows."""
    with httpx2.Client(base_url=base_url, timeout=PATIENCE / 1000) as client:
        yield client


@pytest.fixture(scope="session")
def keeper(zoo: str) -> Iterator[httpx2.Client]:
    """A client of the random models."""
    with httpx2.Client(base_url=zoo, timeout=PATIENCE / 1000) as client:
        yield client


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any], base_url: str) -> dict[str, Any]:
    """Without motion: the page shows at once what it would lead up to.

    The address is named again: the plugin makes its arguments once for all folders, maybe for one without a base_url.
    """
    return {**browser_context_args, "base_url": base_url, "reduced_motion": "reduce"}


@pytest.fixture(scope="session")
def visitor(browser: Browser, browser_context_args: dict[str, Any], base_url: str) -> Iterator[BrowserContext]:
    """The context of all tests that open none of their own."""
    with staying(browser, base_url, **browser_context_args) as context:
        yield context


@pytest.fixture
def context(visitor: BrowserContext, base_url: str, zoo: str) -> Iterator[BrowserContext]:
    """The context of a visitor who has not been here before."""
    with fresh(visitor, base_url, zoo) as context:
        yield context


@pytest.fixture
def expected_console() -> list[str]:
    """What the console may say in this test; nothing, unless the test adds to it."""
    return []


@pytest.fixture(autouse=True)
def nothing_goes_wrong(
    context: BrowserContext, page: Page, base_url: str, zoo: str, expected_console: list[str]
) -> Iterator[None]:
    """Fail a test whose page logs, throws, violates its policy, or asks another host for anything."""
    context.set_default_timeout(PATIENCE)
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(f"console {message.type}: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    hosts = {urlsplit(base_url).netloc, urlsplit(zoo).netloc, ""}
    page.on(
        "request",
        lambda request: wrong.append(f"request: {request.url}") if urlsplit(request.url).netloc not in hosts else None,
    )
    yield
    assert [each for each in wrong if not any(expected in each for expected in expected_console)] == []
