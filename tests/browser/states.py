"""The states of the page that are looked at, each by its name: `make screenshots` takes their pictures."""

from typing import NamedTuple
from urllib.parse import urlencode

from playwright.sync_api import Page

from .driving import at_rest


class State(NamedTuple):
    """What to show, and how."""

    query: dict[str, str]
    fragment: str = ""
    width: int = 1440
    height: int = 900
    scheme: str = "light"
    point_at: tuple[str, float, float] | None = None  # panel, and where in it
    press: str = ""  # what to click on
    part: str = ""  # what to take a picture of; the whole page else


SENTENCE = "the movie was not good"
NOT_GOOD = {"model": "sentiment-lstm", "text": SENTENCE}
TURN = {"model": "sentiment-gru", "text": "the acting was terrible but the story was wonderful"}
STATES = {
    "readme": State(NOT_GOOD),
    "lstm": State(NOT_GOOD, "step=3&unit=27", point_at=("i", 0.7, 0.4)),
    "lstm-dark": State(NOT_GOOD, scheme="dark", point_at=("c", 0.7, 0.6)),
    "gru": State(TURN, "step=4&unit=10"),
    "gru-dark": State(TURN, scheme="dark"),
    "rnn": State({"model": "sentiment-rnn", "text": "not bad at all"}),
    "cells": State({**TURN, "compare": "cells"}, "step=3&unit=26"),
    "texts": State({**NOT_GOOD, "text": "the movie was good", "compare": "text", "other": "the movie was not bad"}),
    "texts-phone-dark": State(
        {**NOT_GOOD, "compare": "text", "other": "the movie was not bad"}, width=390, height=844, scheme="dark"
    ),
    "edits": State(NOT_GOOD, "step=3&unit=27&edits=i@3=0;f[27]@2=1;!o@4=0.5"),
    "edits-dark": State({**TURN, "model": "sentiment-lstm"}, "step=4&unit=39&edits=f@4=0", scheme="dark"),
    "edits-cells": State({**NOT_GOOD, "compare": "cells"}, "step=3&unit=27&edits=i@3=0;z@3=1;q@2=1"),
    "edits-texts": State({**NOT_GOOD, "compare": "text", "other": SENTENCE}, "step=3&unit=27&edits=i@3=0"),
    "edits-phone": State(NOT_GOOD, "step=3&unit=27&edits=i@3=0", width=390, height=844),
    "edits-ranking": State({"model": "prose-lstm", "text": "It is a truth"}, "step=5&unit=3&edits=f@2-4=0"),
    "find": State({**TURN, "model": "sentiment-lstm"}, "find=3-7,c,0.6&order=similarity"),
    "memory": State({**TURN, "model": "sentiment-lstm"}, "memory=states", part="#memory"),
    "memory-dark": State(TURN, "memory=inputs&weights=untrained&alpha=0.3", scheme="dark", part="#memory"),
    "memory-phone": State(TURN, "memory=words&step=3&unit=1", width=390, height=844, part="#memory"),
    **{f"story-{n}": State({"chapter": str(n)}) for n in range(1, 9)},
    **{f"story-{n}-phone": State({"chapter": str(n)}, width=390, height=844) for n in range(1, 9)},
    "story-dark": State({"chapter": "2"}, scheme="dark"),
    "share-dark": State(NOT_GOOD, scheme="dark", press="#show-share"),
    "help": State(NOT_GOOD, press="#show-help"),
    "phone": State(NOT_GOOD, width=390, height=844),
    "numbers": State({"model": "snow-lstm"}),
    "numbers-dark": State({"model": "snow-lstm"}, scheme="dark"),
    "numbers-phone": State({"model": "snow-lstm"}, width=390, height=844),
    "phone-dark": State(TURN, width=390, height=844, scheme="dark"),
    "cells-phone": State({**NOT_GOOD, "compare": "cells"}, width=390, height=844),
    "long": State({"text": "the movie was not good but " * 12}),
    "paged": State({"text": "it is what it is. " * 160}),
    "unicode": State({"text": "👨‍👩‍👧 שלום cafe\u0301 supercalifragilisticexpialidocious <b>", "model": "nope"}),
    "blank": State({"text": " "}),
    "card": State({"card": "sentiment-lstm"}),
    "docs": State({"docs": ""}),
}


def show(page: Page, address: str, state: State) -> None:
    """Bring the page into a state."""
    if "docs" in state.query:
        page.goto(f"{address}/docs")
    elif "card" in state.query:
        page.goto(f"{address}/models/{state.query['card']}/card")
    else:
        page.goto(f"{address}/?{urlencode(state.query)}#{state.fragment}")
    if "docs" in state.query or state.part:
        page.wait_for_load_state("networkidle")
    at_rest(page)
    if state.point_at:
        letter, across, down = state.point_at
        box = page.locator(f".panel[data-letter={letter}] .plot").bounding_box()
        assert box
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
        page.wait_for_timeout(200)
    if state.press:
        if page.locator(f"#more {state.press}").count() > 0:
            page.locator("#more summary").click()
        page.locator(state.press).click()
