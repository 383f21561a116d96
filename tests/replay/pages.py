"""What links and tests rely on in a page: its data, its forms, its addresses; not how it is laid out."""

import json
from html.parser import HTMLParser
from typing import Any

from .arrays import decoded

# Elements that addresses and the tests of the page name.
IDS = (
    "again",
    "boot",
    "card",
    "compare",
    "earlier",
    "examples",
    "find",
    "find-above",
    "find-by",
    "find-from",
    "find-to",
    "first-traces",
    "later",
    "layer",
    "memory",
    "memory-alpha",
    "memory-charts",
    "memory-shown",
    "memory-weights",
    "message",
    "models",
    "named",
    "order",
    "other",
    "page",
    "picture",
    "play",
    "share",
    "show-find",
    "show-share",
    "start-story",
    "swagger-ui",
    "task",
    "text",
    "theme",
    "units",
)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.hidden: dict[str, bool] = {}
        self.texts: dict[str, str] = {}  # of the elements with an id, as far as there is no element inside
        self.titles: list[str] = []  # of the page, then those inside pictures
        self.links: list[str] = []
        self.headings: list[str] = []
        self.checked: list[str] = []
        self.selected: list[str] = []
        self.lanes: str | None = None
        self._open: tuple[str, str | None] = ("", None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        id_ = attributes.get("id")
        if id_:
            self.ids.add(id_)
            self.texts[id_] = ""
            self.hidden[id_] = "hidden" in attributes
        if tag == "a" and attributes.get("href"):
            self.links.append(str(attributes["href"]))
        if "checked" in attributes and attributes.get("name") == "model":
            self.checked.append(str(attributes.get("value")))
        if "data-lanes" in attributes:
            self.lanes = attributes["data-lanes"]
        if tag == "option" and "selected" in attributes:
            self.selected.append("")
            id_ = "<selected>"
        if tag == "title":
            self.titles.append("")
        if tag in {"h1", "h2"}:
            self.headings.append("")
        self._open = tag, id_

    def handle_endtag(self, tag: str) -> None:
        self._open = "", None

    def handle_data(self, data: str) -> None:
        tag, id_ = self._open
        if id_ == "<selected>":
            self.selected[-1] += data
        elif id_:
            self.texts[id_] += data
        if tag == "title":
            self.titles[-1] += data
        if tag in {"h1", "h2"}:
            self.headings[-1] += data


def digest(html: str) -> dict[str, Any]:
    """Return what is recorded of a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    content: dict[str, Any] = {
        "title": reader.titles[0],
        "ids": dict.fromkeys(filter(reader.ids.__contains__, IDS), True),
    }
    if "boot" in reader.ids:
        content |= {
            "boot": opened_with(json.loads(reader.texts["boot"])),
            "first-traces": decoded(json.loads(reader.texts["first-traces"])),
            # A browser takes the line end behind the tag away.
            "text": reader.texts["text"].removeprefix("\n"),
            "other": reader.texts["other"].removeprefix("\n"),
            "message": reader.texts["message"],
            "hidden": {name: reader.hidden[name] for name in ("second", "named", "start-story")},
            "checked": reader.checked,
            "selected": reader.selected,
            "lanes": reader.lanes,
        }
    elif "swagger-ui" not in reader.ids:
        content |= {"links": dict.fromkeys(reader.links, True), "headings": reader.headings}
    return content


def opened_with(boot: dict[str, Any]) -> dict[str, Any]:
    """Return what a page opens with and which models it offers; what its scripts are told besides is private."""
    return {name: boot[name] for name in ("model", "text", "compare", "other")} | {
        "models": [model["id"] for model in boot["models"]]
    }
