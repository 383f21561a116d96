"""The page in a headless Chromium: keystroke and slider to picture, pointer to marks, memory and weight."""

import random
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from gatescope.settings import data_folder
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from rich.progress import track

from scripts import chromium

from .report import Goal, Section, Table
from .service import LEXICON, save_random_model, worker

SIZES = ((30, 64), (100, 128))  # words and units; an LSTM draws six panels of them
EARLY, LATE = 50, 500  # edits
WINDOW = {"width": 1440, "height": 900}

# What the page waits for after a keystroke is no work: it is left out.
WITHOUT_DEBOUNCE = """
const real = window.setTimeout;
window.setTimeout = (run, wait, ...rest) => real(run, wait === {debounce} ? 0 : wait, ...rest);
"""
# Both wait for the frame after their last panel, and for what the browser does in it.
FRAME = "await new Promise(requestAnimationFrame); await new Promise((done) => setTimeout(done));"
INPUT = f"""async ([selector, value]) => {{
  const plots = [...document.querySelectorAll("#picture .plot")];
  const painted = Promise.all(plots.map((plot) => new Promise((done) => plot.once("plotly_afterplot", done))));
  const box = document.querySelector(selector);
  const begin = performance.now();
  box.value = value;
  box.dispatchEvent(new InputEvent("input", {{ bubbles: true }}));
  await painted;
  {FRAME}
  return performance.now() - begin;
}}"""
TEXT, SLIDER = "#text", ".slider input"
BARE_PLOTS = """(boxes) => {
  document.body.replaceChildren(...boxes.map(({ width, height }) => {
    const plot = document.createElement("div");
    Object.assign(plot.style, { display: "inline-block", width: `${width}px`, height: `${height}px` });
    return plot;
  }));
}"""
BARE = f"""async (arrays) => {{
  const begin = performance.now();
  await Promise.all(arrays.map((z, at) => {{
    const plot = document.body.children[at];
    const size = {{ width: plot.clientWidth, height: plot.clientHeight }};
    return Plotly.react(plot, [{{ type: "heatmap", z, transpose: true, showscale: false }}], size);
  }}));
  {FRAME}
  return performance.now() - begin;
}}"""
HOVER = """async (count) => {
  const plot = document.querySelector("#picture .plot");
  const [last] = [...document.querySelectorAll("#picture .mark")].slice(-1);
  const box = plot.getBoundingClientRect();
  const times = [];
  for (let i = 1; i <= count; i++) {
    await new Promise(requestAnimationFrame);
    const moved = new Promise((done) => new MutationObserver((_, observer) => {
      observer.disconnect();
      done();
    }).observe(last, { attributes: true }));
    const at = i / (count + 1);
    const place = { clientX: box.left + at * box.width, clientY: box.top + at * box.height };
    const begin = performance.now();
    plot.dispatchEvent(new PointerEvent("pointermove", { ...place, bubbles: true, pointerType: "mouse" }));
    await moved;
    times.push(performance.now() - begin);
  }
  return times;
}"""
BOXES = """() => [...document.querySelectorAll("#picture .plot")].map(
  (plot) => ({ width: plot.clientWidth, height: plot.clientHeight }))"""
ARRAYS = """async ([model, text]) => {
  const body = JSON.stringify({ text, encoding: "base64" });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch(`/api/v1/models/${model}/traces`, { method: "POST", headers, body });
  return Object.values((await answer.json()).layers[0].activations);
}"""


def measure(
    sizes: tuple[tuple[int, int], ...] = SIZES, rounds: int = 15, edits: tuple[int, int] = (EARLY, LATE)
) -> dict[str, Any]:
    """Drive the page over random LSTMs of each size, in turn with a bare ``Plotly.react`` of the same arrays."""
    with tempfile.TemporaryDirectory() as folder, browser() as chrome:
        for _, units in sizes:
            save_random_model(Path(folder), f"lstm-{units}", units)
        with worker(Path(folder)) as (_, (host, port)):
            address = f"http://{host}:{port}"
            results = [measure_size(chrome, address, *size, rounds) for size in track(sizes, "page")]
            early, late = measure_heap(chrome, address, *sizes[0], edits)
            weight = measure_weight(chrome, address)
    return {"sizes": results, "heap": {"edits": list(edits), "early": early, "late": late}, "weight": weight}


@contextmanager
def browser() -> Iterator[Browser]:
    """The Chromium of the tests."""
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=chromium.find())
        try:
            yield chrome
        finally:
            chrome.close()


def texts(words: int) -> Iterator[str]:
    """A text of so many words and what becomes of it by typing: another last word each time."""
    words_of = random.Random(0)
    beginning = words_of.choices(LEXICON, k=words - 1)
    while True:
        yield " ".join([*beginning, words_of.choice(LEXICON)])


def opened(chrome: Browser, address: str, units: int, text: str) -> Page:
    """The page, drawn."""
    page = chrome.new_page(viewport=WINDOW)  # type: ignore[arg-type]
    page.add_init_script(WITHOUT_DEBOUNCE.format(debounce=debounce()))
    page.goto(f"{address}/?model=lstm-{units}")
    page.locator("#text").fill(text)
    page.wait_for_load_state("networkidle")
    page.locator("#picture .plot .heatmaplayer image").nth(5).wait_for()
    return page


def debounce() -> int:
    """Milliseconds that the page waits for after a keystroke."""
    sources = "".join(path.read_text() for path in (data_folder("static") / "js").rglob("*.js"))
    [wait] = re.findall(r"const DEBOUNCE = (\d+);", sources)
    return int(wait)


def measure_size(chrome: Browser, address: str, words: int, units: int, rounds: int) -> dict[str, Any]:
    """Median milliseconds of a keystroke, of a slider's move, of the bare plots and of a move of the pointer.

    The slider holds a gate at the first word, so that a keystroke at the last leaves it in force.
    """
    text = texts(words)
    page, edited, bare = (opened(chrome, address, units, next(text)) for _ in range(3))
    edited.locator(".token").first.click()
    bare.evaluate(BARE_PLOTS, page.evaluate(BOXES))
    times: dict[str, list[float]] = {"keystroke": [], "slide": [], "edited": [], "bare": []}
    for at in range(rounds + 2):
        typed = next(text)
        arrays = bare.evaluate(ARRAYS, [f"lstm-{units}", typed])
        page.bring_to_front()
        times["keystroke"].append(page.evaluate(INPUT, [TEXT, typed]))
        edited.bring_to_front()
        times["slide"].append(edited.evaluate(INPUT, [SLIDER, at / (rounds + 2)]))
        times["edited"].append(edited.evaluate(INPUT, [TEXT, typed]))
        bare.bring_to_front()
        times["bare"].append(bare.evaluate(BARE, arrays))
    page.bring_to_front()
    hovers = page.evaluate(HOVER, 2 * rounds)
    for each in (page, edited, bare):
        each.close()
    medians = {name: median(each[2:]) for name, each in times.items()}  # the first warm up
    return {"words": words, "units": units, **medians, "hover": median(hovers)}


def measure_heap(chrome: Browser, address: str, words: int, units: int, edits: tuple[int, int]) -> tuple[float, float]:
    """Bytes that the page's scripts hold after so many edits."""
    text = texts(words)
    page = opened(chrome, address, units, next(text))
    session, done, held = page.context.new_cdp_session(page), 0, []
    session.send("Performance.enable")
    for edit in edits:
        for _ in range(edit - done):
            page.evaluate(INPUT, [TEXT, next(text)])
        done = edit
        held.append(heap(session))
    page.close()
    return held[0], held[1]


def heap(session: CDPSession) -> float:
    """Bytes in use after a collection of garbage."""
    session.send("HeapProfiler.collectGarbage")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(float(each["value"]) for each in metrics if each["name"] == "JSHeapUsedSize")


def measure_weight(chrome: Browser, address: str) -> dict[str, float]:
    """Bytes that travel, compressed, for a first visit: Plotly and all else."""
    page = chrome.new_page(viewport=WINDOW)  # type: ignore[arg-type]
    session, names, sizes = page.context.new_cdp_session(page), {}, {}
    session.on("Network.requestWillBeSent", lambda event: names.update({event["requestId"]: event["request"]["url"]}))
    session.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    session.send("Network.enable")
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.close()
    of_plotly = sum(size for key, size in sizes.items() if "plotly.min.js" in names[key])
    return {"plotly": of_plotly, "rest": sum(sizes.values()) - of_plotly}


def section(results: dict[str, Any]) -> Section:
    """Present what ``measure`` returns."""
    sizes, heaps, weight = results["sizes"], results["heap"], results["weight"]
    early, late = heaps["edits"]
    return Section(
        "Page",
        "An LSTM's six panels in a headless Chromium. `keystroke` runs from the key to the frame after the last panel, "
        "the wait for the next key left out, the request and the trace included; `Plotly.react` alone draws the same "
        "arrays, which it has already, in boxes of the same size. `slide` is the same from a slider that holds a gate, "
        "whose trace comes next to the one without edits; `edited` is a keystroke with that edit in force. `hover` is "
        "the script's time from the pointer's move to the last panel's mark.",
        [
            Table(
                (
                    "words × units × panels",
                    "keystroke / Plotly.react",
                    "keystroke, ms",
                    "Plotly.react, ms",
                    "hover, ms",
                ),
                [
                    (
                        f"{each['words']} × {each['units']} × 6",
                        each["keystroke"] / each["bare"],
                        each["keystroke"],
                        each["bare"],
                        each["hover"],
                    )
                    for each in sizes
                ],
            ),
            Table(
                ("words × units × panels", "slide / keystroke", "edited / keystroke", "slide, ms", "edited, ms"),
                [
                    (
                        f"{each['words']} × {each['units']} × 6",
                        each["slide"] / each["keystroke"],
                        each["edited"] / each["keystroke"],
                        each["slide"],
                        each["edited"],
                    )
                    for each in sizes
                ],
            ),
            Table(
                ("scripts hold after", "MB"),
                [(f"{early} edits", heaps["early"] / 1e6), (f"{late} edits", heaps["late"] / 1e6)],
            ),
            Table(
                ("first visit, compressed", "KB"),
                [("Plotly", weight["plotly"] / 1e3), ("all else", weight["rest"] / 1e3)],
            ),
        ],
        [
            *(
                Goal(
                    f"{each['words']} × {each['units']}: keystroke / Plotly.react",
                    each["keystroke"] / each["bare"],
                    1.3,
                )
                for each in sizes
            ),
            *(
                Goal(f"{each['words']} × {each['units']}: {what} / keystroke", each[what] / each["keystroke"], 1.25)
                for each in sizes
                for what in ("slide", "edited")
            ),
            Goal("largest hover, ms", max(each["hover"] for each in sizes), 16),
            Goal(f"heap after {late} edits / after {early}", heaps["late"] / heaps["early"], 1.2),
            Goal("first visit without Plotly, KB", weight["rest"] / 1e3, 150),
        ],
    )
