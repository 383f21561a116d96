"""One visitor's browser for many tests: what is loaded and compiled stays, what a visitor leaves behind does not."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext


@contextmanager
def staying(browser: Browser, address: str, **options: object) -> Iterator[BrowserContext]:
    """Open a context whose pages find the scripts of ``address`` loaded and compiled.

    A page of its own stays open, so that the process does that has compiled them.
    """
    with browser.new_context(**options) as context:  # type: ignore[arg-type]
        context.new_page().goto(f"{address}/healthz")
        yield context


@contextmanager
def fresh(context: BrowserContext, *addresses: str) -> Iterator[BrowserContext]:
    """Give the context as a new one would be, without cookies, storage and other pages than the one that stays."""
    first, *others = context.pages
    for page in others:
        page.close()
    context.clear_cookies()
    session = context.new_cdp_session(first)
    for address in addresses:
        session.send("Storage.clearDataForOrigin", {"origin": address, "storageTypes": "local_storage,indexeddb"})
    session.detach()
    yield context
    for page in context.pages[1:]:
        page.close()
