"""Take pictures of the page in named states: `python scripts/screenshots.py FOLDER [STATE ...]`."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode
from urllib.request import urlopen

import chromium
from playwright.sync_api import Page, sync_playwright


class State(NamedTuple):
    """What to show, and how."""

    query: dict[str, str]
    width: int = 1440
    height: int = 900
    scheme: str = "light"
    point_at: tuple[str, float, float] | None = None  # panel, and where in it


NOT_GOOD = {"model": "sentiment-lstm", "text": "the movie was not good"}
TURN = {"model": "sentiment-gru", "text": "the acting was terrible but the story was wonderful"}
STATES = {
    "lstm": State(NOT_GOOD, point_at=("i", 0.7, 0.4)),
    "lstm-dark": State(NOT_GOOD, scheme="dark", point_at=("c", 0.7, 0.6)),
    "gru": State(TURN),
    "gru-dark": State(TURN, scheme="dark"),
    "rnn": State({"model": "sentiment-rnn", "text": "not bad at all"}),
    "phone": State(NOT_GOOD, width=390, height=844),
    "phone-dark": State(TURN, width=390, height=844, scheme="dark"),
    "long": State({"text": "the movie was not good but " * 12}),
    "paged": State({"text": "it is what it is. " * 160}),
    "unicode": State({"text": "👨‍👩‍👧 שלום cafe\u0301 supercalifragilisticexpialidocious <b>", "model": "nope"}),
    "blank": State({"text": " "}),
    "docs": State({"docs": ""}),
}


def main(folder: Path, names: list[str]) -> None:
    """Write a PNG for each state."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen([sys.executable, "-m", "gatescope.cli", "serve", "--port", str(port)])
    try:
        wait_for(f"{address}/readyz")
        with sync_playwright() as playwright:
            arguments = ["--disable-background-networking", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
            browser = playwright.chromium.launch(executable_path=chromium.find(), args=arguments)
            for name in names or STATES:
                state = STATES[name]
                size = {"width": state.width, "height": state.height}
                page = browser.new_page(viewport=size, color_scheme=state.scheme, device_scale_factor=1.5)
                show(page, address, state)
                page.screenshot(path=folder / f"{name}.png", full_page=state.width < 500)
                page.close()
            browser.close()
    finally:
        server.terminate()
        server.wait()


def show(page: Page, address: str, state: State) -> None:
    """Bring the page into a state."""
    page.goto(f"{address}/docs" if "docs" in state.query else f"{address}/?{urlencode(state.query)}")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    if state.point_at:
        letter, across, down = state.point_at
        box = page.locator(f".panel[data-letter={letter}] .plot").bounding_box()
        assert box
        page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
        page.wait_for_timeout(200)


def wait_for(url: str) -> None:
    """Wait up to half a minute for an answer."""
    for _ in range(300):
        try:
            urlopen(url).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{url} did not answer within 30 s")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
