"""The first screen in a headless Chromium: what travels before it, its first paint, and from a keystroke to it."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from gatescope.settings import Settings
from gatescope.store.store import Store
from gatescope.web.look import Look
from gatescope.web.screen import MOST_STEPS, screen
from playwright.sync_api import Browser, Page
from rich.progress import track

from .page import ARRAYS, BARE, BARE_PLOTS, FRAME, WINDOW, browser, opened, texts
from .report import Goal, Section, Table
from .service import save_random_model, worker

WORDS = (9, 30)
UNITS = 64
LARGE = 1024  # units whose picture takes as many bytes
LONG = 200  # words of it
REFERENCE = 30  # words of the heatmaps that keystrokes are compared with
BOX = {"width": 330, "height": 250}  # pixels of each of these six
TEXT, SLIDER = "#text", ".first-screen .slider input"

SWAPPED = f"""async ([selector, value]) => {{
  const screen = document.querySelector("#first-screen");
  const swapped = new Promise((done) => new MutationObserver((_, observer) => {{
    observer.disconnect();
    done();
  }}).observe(screen, {{ childList: true, subtree: true }}));
  const box = document.querySelector(selector);
  const begin = performance.now();
  box.value = value;
  box.dispatchEvent(new InputEvent("input", {{ bubbles: true }}));
  await swapped;
  {FRAME}
  return performance.now() - begin;
}}"""
FIRST_PAINT = """() => new Promise((done) => new PerformanceObserver((list) => {
  const paint = list.getEntries().find(({ name }) => name === "first-contentful-paint");
  if (paint) done(paint.startTime);
}).observe({ type: "paint", buffered: true }))"""


def measure(words: tuple[int, ...] = WORDS, rounds: int = 15, most: int = MOST_STEPS) -> dict[str, Any]:
    """Drive the page over a random LSTM, in turn with a bare ``Plotly.react`` of six heatmaps with equal columns."""
    with tempfile.TemporaryDirectory() as folder, browser() as chrome:
        save_random_model(Path(folder), f"lstm-{UNITS}", UNITS)
        with worker(Path(folder)) as (_, (host, port)):
            address = f"http://{host}:{port}"
            keystrokes = [measure_keystrokes(chrome, address, each, rounds) for each in track(words, "first screen")]
            paint = measure_paint(chrome, address, rounds)
            weight = measure_weight(chrome, address)
        drawn = measure_drawing(Path(folder), lengths(most), rounds)
        save_random_model(Path(folder) / "large", f"lstm-{LARGE}", LARGE)
        large, small = (measure_drawing(each, [LONG], 1)[0]["kB"] for each in (Path(folder) / "large", Path(folder)))
    sizes = {"large": large, "small": small}
    return {"keystrokes": keystrokes, "paint": paint, "weight": weight, "drawing": drawn, "sizes": sizes}


def measure_keystrokes(chrome: Browser, address: str, words: int, rounds: int) -> dict[str, Any]:
    """Median milliseconds from a key, and from a slider, to the frame after the first screen; and of the plots."""
    text, reference = texts(words), next(texts(REFERENCE))
    page, slid, bare = (opened(chrome, address, UNITS, next(text)) for _ in range(3))
    bare.evaluate(BARE_PLOTS, [BOX] * 6)
    arrays = bare.evaluate(ARRAYS, [f"lstm-{UNITS}", reference])
    times: dict[str, list[float]] = {"keystroke": [], "slide": [], "bare": []}
    for at in range(rounds + 2):
        page.bring_to_front()
        times["keystroke"].append(settled(page, [TEXT, next(text)]))
        slid.bring_to_front()
        times["slide"].append(settled(slid, [SLIDER, (at + 1) / (rounds + 3)]))
        bare.bring_to_front()
        times["bare"].append(bare.evaluate(BARE, arrays))
    for each in (page, slid, bare):
        each.close()
    return {"words": words} | {name: median(each[2:]) for name, each in times.items()}  # the first warm up


def settled(page: Page, change: list[Any]) -> float:
    """Return how long the first screen takes after a change; the heatmaps then follow before the next one."""
    took: float = page.evaluate(SWAPPED, change)
    page.wait_for_load_state("networkidle")
    return took


def measure_paint(chrome: Browser, address: str, rounds: int) -> dict[str, float]:
    """Median milliseconds to the first paint of the page without Plotly, and of the same bytes without scripts."""
    times: dict[str, list[float]] = {"page": [], "static": []}
    for _ in range(rounds):
        for name in times:
            context = chrome.new_context(viewport=WINDOW, java_script_enabled=True)  # type: ignore[arg-type]
            page = context.new_page()
            page.route("**/plotly.min.js", lambda route: route.abort())
            if name == "static":
                page.route("**/*.js*", lambda route: route.abort())
            page.goto(address)
            times[name].append(page.evaluate(FIRST_PAINT))
            page.unroute_all(behavior="wait")
            context.close()
    return {name: median(each) for name, each in times.items()}


def measure_weight(chrome: Browser, address: str) -> dict[str, float]:
    """Bytes that travel, compressed, before the first picture: the document and its stylesheets."""
    page = chrome.new_page(viewport=WINDOW)  # type: ignore[arg-type]
    session, kinds, sizes = page.context.new_cdp_session(page), {}, {}
    session.on("Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    session.send("Network.enable")
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.close()
    by_kind = {kind: sum(size for key, size in sizes.items() if kinds.get(key) == kind) for kind in set(kinds.values())}
    return {"document": by_kind["Document"], "styles": by_kind["Stylesheet"]}


def measure_drawing(folder: Path, lengths: Iterable[int], rounds: int) -> list[dict[str, float]]:
    """Median milliseconds in which the server traces, decomposes and draws texts of so many words."""
    [model], settings = Store(folder), Settings(models=folder)
    drawn = []
    for words in lengths:
        text, times = next(texts(words)), []
        look = Look(model=model.id, text=text, width=1320)
        for _ in range(rounds + 1):
            begin = perf_counter()
            html = screen([(model, text)], look, settings)
            times.append(1e3 * (perf_counter() - begin))
        drawn.append({"words": words, "ms": median(times[1:]), "kB": len(html.encode()) / 1e3})
    return drawn


def lengths(most: int) -> Iterator[int]:
    """Yield numbers of words up to ``most``."""
    yield from (words for words in (9, 30, 100) if words < most)
    yield most


def section(results: dict[str, Any]) -> Section:
    """Present what ``measure`` returns."""
    keystrokes, paint, weight, drawing = (results[name] for name in ("keystrokes", "paint", "weight", "drawing"))
    before = sum(weight.values()) / 1e3
    large, small = results["sizes"]["large"], results["sizes"]["small"]
    return Section(
        "First screen",
        f"An LSTM of {UNITS} units in a headless Chromium. `keystroke` runs from the key to the frame after the "
        "picture, the wait for the next key left out, the request, the trace and the drawing on the server included; "
        "`slide` is the same from a slider that holds a gate. `Plotly.react` draws six heatmaps of "
        f"{REFERENCE} × {UNITS} with equal columns, whose arrays it has. `first paint` is that of the page without "
        "Plotly, next to the same bytes without any script.",
        [
            Table(
                ("words", "keystroke / Plotly.react", "slide / keystroke", "keystroke, ms", "slide, ms", "Plotly, ms"),
                [
                    (
                        str(each["words"]),
                        each["keystroke"] / each["bare"],
                        each["slide"] / each["keystroke"],
                        each["keystroke"],
                        each["slide"],
                        each["bare"],
                    )
                    for each in keystrokes
                ],
            ),
            Table(
                ("drawn on the server", "ms", "ms per word", "kB"),
                [(f"{each['words']} words", each["ms"], each["ms"] / each["words"], each["kB"]) for each in drawing],
            ),
            Table(
                (f"{LARGE:,} units / {UNITS}, {LONG} words", "figure"),
                [("bytes", large / small), ("kB", large)],
            ),
            Table(
                ("first visit", "figure"),
                [
                    ("first paint / static", paint["page"] / paint["static"]),
                    ("first paint, ms", paint["page"]),
                    ("kB before the picture, compressed", before),
                ],
            ),
        ],
        [
            *(
                Goal(f"{each['words']} words: keystroke / Plotly.react", each["keystroke"] / each["bare"], most)
                for each, most in zip(keystrokes, (0.5, 1.0), strict=False)
            ),
            *(
                Goal(f"{each['words']} words: slide / keystroke", each["slide"] / each["keystroke"], 1.25)
                for each in keystrokes
            ),
            Goal(f"bytes of a picture, {LARGE:,} units / {UNITS}", large / small, 1.5),
            Goal("first paint / static", paint["page"] / paint["static"], 1.3),
            Goal("kB before the picture", before, 150),
        ],
    )
