"""Record again what the tests in this folder replay: `PYTHONPATH=tests:scripts python -m replay.record [GROUP ...]`.

Run this only when an answer changes on purpose, and only for the groups that it belongs to. The new recording is part
of the commit that changes the answer. Read its diff line by line first: whatever changed there without being meant to
breaks something for those who rely on it. A field that is only added needs no new recording. The models are never made
again.
"""

import sys
from collections.abc import Callable
from typing import Any

import chromium
from playwright.sync_api import Page, sync_playwright
from serving import running

from . import cases, shipped, storage, views
from .compare import ANY_COUNT, ANY_NUMBER
from .exchanges import application, client, replayed

STILL = 1000  # ms for which the page must stay the same
MEASURED = {**dict.fromkeys(("lower", "median", "upper"), ANY_NUMBER), "rounds": ANY_COUNT}  # on the spot


def exchanges(group: str) -> dict[str, Any]:
    """Return the requests of a group with their answers, and the headers that all of these have."""
    make, settings = cases.GROUPS[group]
    server = client(settings)
    recorded: dict[str, Any] = {}
    for name, request in make():
        assert name not in recorded, f"{group}: two requests are called {name!r}"
        content = replayed(server, request)
        if "/cost" in request["path"]:
            content = without_times(content)
        recorded[name] = {"request": request, "answer": content}
    shorten_pages(recorded)
    answers = [each["answer"] for each in recorded.values()]
    answers += [each["again"] for each in answers if "again" in each]
    common = dict(set.intersection(*(set(each["headers"].items()) for each in answers)))
    for each in answers:
        each["headers"] = {name: value for name, value in each["headers"].items() if common.get(name) != value}
    return {"settings": settings, "headers": dict(sorted(common.items())), "exchanges": recorded}


def without_times(value: Any) -> Any:
    """Return ``value`` without measured times."""
    if isinstance(value, dict):
        return {key: MEASURED.get(key) or without_times(each) for key, each in value.items()}
    return [without_times(each) for each in value] if isinstance(value, list) else value


def shorten_pages(recorded: dict[str, Any]) -> None:
    """Keep what is the same in all pages only in the first one."""
    bodies = [each["answer"]["body"] for each in recorded.values()]
    for body in [each for each in bodies if isinstance(each, dict) and "boot" in each][1:]:
        del body["ids"]


def of_shipped_models() -> dict[str, Any]:
    """Return the shapes of what is answered about every shipped model, with the text that was asked about."""
    server = shipped.client()
    recorded = {}
    for each in server.get("/api/v1/models").json()["models"]:
        examples = server.get(f"/api/v1/models/{each['id']}").json()["examples"]
        text = (examples or ["ab"])[0][: shipped.LONGEST]
        recorded[each["id"]] = {"text": text, "answers": shipped.asked(server, each["id"], text)}
    return recorded


def of_permalinks() -> dict[str, Any]:
    """Return what the page shows at every address."""
    recorded = {}
    with running(application({})) as base_url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        for name, address in cases.permalinks():
            page = browser.new_page(viewport=views.SIZE, reduced_motion="reduce")
            views.opened(page, address, base_url)
            recorded[name] = {"address": address, "view": _settled(page)}
            page.close()
        browser.close()
    return recorded


def _settled(page: Page) -> dict[str, Any]:
    """Return what the page shows once it stays the same."""
    before = None
    while (shown := views.view(page)) != before:
        before = shown
        page.wait_for_timeout(STILL)
    return shown


GROUPS: dict[str, Callable[[], Any]] = {group: lambda group=group: exchanges(group) for group in cases.GROUPS}
GROUPS |= {"shipped": of_shipped_models, "permalinks": of_permalinks}


def main(names: list[str]) -> None:
    """Record groups; all of them where none is named."""
    if unknown := sorted(set(names) - set(GROUPS)):
        sys.exit(f"There is no group {', '.join(unknown)}: choose from {', '.join(GROUPS)}.")
    for name in names or GROUPS:
        storage.save(name, GROUPS[name]())


if __name__ == "__main__":
    main(sys.argv[1:])
