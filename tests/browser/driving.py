"""How the tests drive the page: open, type, point."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from playwright.sync_api import Browser, Locator, Page, expect

PATIENCE = 60_000  # ms: a busy machine takes its time, and a test that succeeds does not wait

SENTENCE = "the movie was not good"
DRAWN = ".plot .heatmaplayer image"


@contextmanager
def another_page(browser: Browser, **options: Any) -> Iterator[Page]:
    """A page of a visitor of their own, with other habits than that of the fixture ``page``."""
    with browser.new_context(**{"reduced_motion": "reduce", **options}) as context:
        context.set_default_timeout(PATIENCE)
        yield context.new_page()


def trace(server: httpx2.Client, model: str, text: str) -> dict[str, Any]:
    answer: dict[str, Any] = server.post(f"/api/v1/models/{model}/traces", json={"text": text}).json()
    return answer


def edited(server: httpx2.Client, model: str, text: str, *edits: dict[str, Any]) -> dict[str, Any]:
    """The trace of an edited run, by the API."""
    answer = server.post(f"/api/v1/models/{model}/traces", json={"text": text, "edits": list(edits)})
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def layer_of(server: httpx2.Client, model: str, text: str, at: int = 0) -> dict[str, Any]:
    """The activations of one layer, by letter."""
    activations: dict[str, Any] = trace(server, model, text)["layers"][at]["activations"]
    return activations


def shown(value: float, decimals: int) -> str:
    """A number as the page writes it: what rounds to 0 has no sign."""
    written = f"{value:.{decimals}f}"
    return (written.removeprefix("-") if float(written) == 0 else written).replace("-", "−")


def probability(*traces: dict[str, Any], t: int = -1) -> str:
    """What the page writes of the first output after a step of a run without edits and, if given, of the edited one."""
    return " → ".join(dict.fromkeys(shown(each["outputs"]["values"][t][0], 2) for each in traces))


def side(answer: dict[str, Any], t: int = -1) -> str:
    """The verdict of a model of sentiment after a step, in a word."""
    return "positive" if answer["outputs"]["values"][t][0] >= 0.5 else "negative"


def verdict(*traces: dict[str, Any], t: int = -1) -> str:
    """The verdict on a run without edits or, if given, on the edited one, as the page writes it."""
    return f"{side(traces[-1], t)} · P(positive) = {probability(*traces, t=t)}"


def names_of(server: httpx2.Client, model: str, unit: int) -> int:
    """How many of its features a model with one layer names a unit by."""
    units = server.get(f"/api/v1/models/{model}").json()["units"]
    return [each["unit"] for each in units].count(unit)


SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def number(written: str) -> float:
    """The number that the page writes, as it is or as a power of ten."""
    mantissa, _, exponent = written.replace("−", "-").rpartition("10") if " · " in written else (written, "", "")
    value = float(mantissa.rstrip(" ·").replace("−", "-"))
    return float(f"{value}e{exponent.translate(SUPERSCRIPTS)}") if exponent else value


def legend(place: Locator) -> list[tuple[tuple[float, float], str]]:
    """The scales of colour in a place, each with its ends and what it is of."""
    scales = place.locator(".scale").all()
    return [((number(low), number(high)), each.locator("em").inner_text())
            for each in scales for low, high in [each.locator("i").all_inner_texts()]]  # fmt: skip


def end_of_scale(most: float) -> float:
    """Where a scale ends on which ``most`` is the greatest value: at two digits, rounded up."""
    digit = 10.0 ** (math.floor(math.log10(most)) - 1)
    return float(f"{math.ceil(most / digit) * digit:.1e}")


def opened(page: Page, path: str = "/") -> Page:
    """The page once all that it opens with is shown, heatmaps included."""
    page.goto(path)
    page.locator(DRAWN).first.wait_for()
    expect(page.locator("#picture[data-behind]")).to_have_count(0)
    return page


def at_rest(page: Page) -> None:
    """Wait until all that was asked for is shown, heatmaps included.

    The load state "networkidle" does not tell: a page has it for good once it was idle for the first time.
    """
    expect(page.locator("#picture[data-behind]")).to_have_count(0)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def from_menu(page: Page, item: str) -> None:
    """Click an item of the menu at the end of the header."""
    if page.locator("#more[open]").count() == 0:
        page.locator("#more summary").click()
    page.locator(item).click()


def type_sentence(page: Page, text: str) -> None:
    with page.expect_response("**/traces"):
        page.locator("#text").fill(text)


def words(page: Page) -> list[str]:
    return page.locator(".tokens bdi").all_inner_texts()


def titles(page: Page) -> list[str]:
    return page.locator(".panel var").all_inner_texts()


def cell_at(page: Page, t: int, unit: int) -> Locator:
    """The panel of the cell, once it shows a unit at a step."""
    cell = page.locator(f'#first-screen .cell[data-t="{t}"][data-unit="{unit}"]')
    cell.wait_for(state="attached")
    return cell


def place_of(page: Page, letter: str, t: int, unit: int, steps: int, units: int, lane: int = 0) -> tuple[float, float]:
    """Return the middle of an entry of a panel, by the picture that Plotly drew."""
    panel = page.locator(".lane").nth(lane).locator(f".panel[data-letter={letter}]")
    panel.scroll_into_view_if_needed()
    page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
    )  # scrolling is told late
    box = panel.locator(".heatmaplayer image").bounding_box()
    assert box
    return box["x"] + (t + 0.5) / steps * box["width"], box["y"] + (unit + 0.5) / units * box["height"]


def point_at(page: Page, letter: str, t: int, unit: int, steps: int, units: int, lane: int = 0) -> str:
    """Point at an entry of a heatmap; return the first line of the note next to the pointer, which is about the entry.

    Lines below it say what the unit tracks, if it is known.
    """
    x, y = place_of(page, letter, t, unit, steps, units, lane)
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y)
    note = page.locator("#tooltip")
    expect(note).to_be_visible()
    return note.inner_text().splitlines()[0]
