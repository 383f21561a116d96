"""What the page shows of its address, read in a browser."""

from typing import Any

from browser.driving import at_rest
from playwright.sync_api import Page

SIZE = {"width": 1280, "height": 800}
DRAWN = ".plot .heatmaplayer image"
REMEMBERED = ".memory-cell .triangle"

# What is said in words may be reworded: of it only the numbers are read.
VIEW = r"""() => {
    const id = (name) => document.getElementById(name);
    const all = (place, selector) => [...place.querySelectorAll(selector)];
    const texts = (place, selector) => all(place, selector).map((element) => element.textContent);
    const numbers = (text) => (text.match(/(> )?\d+([.,]\d+)?/g) ?? []);
    const named = (parameters) => Object.fromEntries(new URLSearchParams(parameters));
    const lane = (place) => ({
        words: texts(place, ".token bdi"),
        probabilities: texts(place, ".token span").map(Number),
        lit: all(place, ".token").flatMap((word, t) => (word.closest(".lit") ? [t] : [])),
        panels: all(place, ".panel").map(({ dataset }) => dataset.letter),
        units: texts(place.querySelector(".panel") ?? place, ".ytick"),
        cell: numbers(place.querySelector(".inspector h3")?.firstChild?.textContent ?? ""),
        word: place.querySelector(".inspector h3 bdi")?.textContent ?? null,
        pinned: place.querySelector(".inspector.pinned") !== null,
    });
    const find = () => ({
        from: id("find-from").value,
        to: id("find-to").value,
        by: id("find-by").value,
        above: Number(id("find-above").value),
        units: numbers(id("find-units").textContent),
    });
    const memory = () => ({
        shown: id("memory-shown").value,
        weights: id("memory-weights").value,
        alpha: id("memory-alpha-value").textContent,
        cells: all(document, ".memory-cell").map((cell) => ({
            halfLife: numbers(cell.querySelector("h3 em")?.textContent ?? ""),
            triangle: cell.querySelector(".triangle .heatmaplayer image") !== null,
        })),
    });
    // The address bar is as it was opened; the link to share is written anew.
    id("show-share").click();
    // Whether a field stands after the ? or the # makes no difference to whoever opens an address.
    const fields = ({ search, hash }) => ({ ...named(search), ...named(hash.slice(1)) });
    const read = (url) => ({ path: url.pathname, fields: fields(url) });
    const link = read(new URL(id("share-link").value));
    id("share").close();
    return {
        address: read(location),
        link,
        task: id("task").value,
        model: document.querySelector("#models input:checked").value,
        text: id("text").value,
        compare: id("compare").value,
        other: id("second").hidden ? null : id("other").value,
        layer: id("layer").value,
        layers: id("layer").options.length,
        order: id("order").value,
        pages: id("pager").hidden ? null : numbers(id("page").textContent),
        lanes: all(document, ".lane:not(.difference)").map(lane),
        difference: document.querySelector(".lane.difference") !== null,
        find: id("find").hidden ? null : find(),
        memory: id("memory").open ? memory() : null,
        chapter: id("story").hidden ? null : all(id("story"), "article").findIndex(({ hidden }) => !hidden) + 1,
        message: id("message").textContent,
    };
}"""


def opened(page: Page, address: str, base_url: str) -> None:
    """Open an address, and wait until what it asks for is drawn."""
    page.goto(base_url + address)
    page.locator(DRAWN).first.wait_for()
    if "memory=" in address:
        page.locator(REMEMBERED).first.wait_for()
        page.wait_for_load_state("networkidle")
    at_rest(page)


def view(page: Page) -> dict[str, Any]:
    """Return what the page shows."""
    content: dict[str, Any] = page.evaluate(VIEW)
    return content
