"""What axe finds wrong on a page, whose policy must be bypassed: axe is injected as an inline script."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


def violations(page: Page, part: str = ":root") -> list[tuple[str, str]]:
    """Return rule and element of each violation within a part of the page."""
    found = Axe().run(page, {"include": [part]}, {"resultTypes": ["violations"]}).response["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in found]
