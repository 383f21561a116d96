"""A real Chromium on a real server with the shipped models; nothing may go wrong unseen."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx2
import pytest
from gatescope.main import create_app
from gatescope.settings import Settings
from playwright.sync_api import Page
from serving import running


@pytest.fixture(scope="session")
def base_url() -> Iterator[str]:
    """The address of the application over the shipped models."""
    with running(create_app(Settings())) as address:
        yield address


@pytest.fixture(scope="session")
def server(base_url: str) -> Iterator[httpx2.Client]:
    """A client of the same server, to compare with what the page shows."""
    with httpx2.Client(base_url=base_url) as client:
        yield client


@pytest.fixture
def expected_console() -> list[str]:
    """What the console may say in this test; nothing, unless the test adds to it."""
    return []


@pytest.fixture(autouse=True)
def nothing_goes_wrong(page: Page, base_url: str, expected_console: list[str]) -> Iterator[None]:
    """Fail a test whose page logs, throws, violates its policy, or asks another host for anything."""
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(f"console {message.type}: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    host = urlsplit(base_url).netloc
    page.on(
        "request",
        lambda request: (
            wrong.append(f"request: {request.url}") if urlsplit(request.url).netloc not in {host, ""} else None
        ),
    )
    yield
    assert [each for each in wrong if not any(expected in each for expected in expected_console)] == []
