"""What one takes along gives the same again: link, calls, files, the page that needs no network."""

import base64
import csv
import io
import itertools
import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode
from xml.etree import ElementTree

import httpx2
import numpy as np
import pytest
from playwright.sync_api import Browser, Download, Page, expect

from .driving import (
    DRAWN,
    SENTENCE,
    another_page,
    at_rest,
    layer_of,
    number,
    opened,
    shown,
    trace,
    type_sentence,
    verdict,
)

SVG = "{http://www.w3.org/2000/svg}"
ZOOM = 4
BOXES = """([svg, selector]) => {
    document.body.innerHTML = svg;
    const { left: x, top: y } = document.querySelector("svg").getBoundingClientRect();
    return Array.from(document.querySelectorAll(selector), (element) => {
        const { left, top, right, bottom } = element.getBoundingClientRect();
        return { left: left - x, top: top - y, right: right - x, bottom: bottom - y };
    });
}"""
PIXELS = """async ([url, zoom, places]) => {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = new OffscreenCanvas(zoom * image.width, zoom * image.height);
    const pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    const { data } = pen.getImageData(0, 0, canvas.width, canvas.height);
    return places.map(([x, y]) => {
        const at = 4 * (Math.floor(y) * canvas.width + Math.floor(x));
        return [...data.slice(at, at + 3)];
    });
}"""
TYPE = """([units, number]) => {
    const place = document.getElementById("text");
    place.value = "a" + String.fromCharCode(...units) + number;
    place.dispatchEvent(new Event("input", { bubbles: true }));
}"""
AWKWARD = 'it\'s "not" $HOME `good` \\ 100% 👍 <b>'


def sheet(page: Page) -> None:
    page.locator("#show-share").click()
    expect(page.locator("#share")).to_be_visible()


def saved(page: Page, kind: str, model: str = "sentiment-lstm") -> Path:
    with page.expect_download() as download:
        page.locator(f"[data-save={kind}]").click()
    assert download.value.suggested_filename == f"gatescope-{model}.{kind}"
    return Path(download.value.path())


Stops = list[tuple[float, list[int]]]


def scales_of(drawing: ElementTree.Element) -> list[tuple[tuple[float, float], str, Stops]]:
    """The scales of colour in a saved picture: the ends, what it is of, and the colours."""
    scales = []
    for group in drawing.iter(f"{SVG}g"):
        if group.get("class") == "scale":
            low, high, what = ("".join(text.itertext()) for text in group.iter(f"{SVG}text"))
            stops = [
                (float(stop.attrib["offset"]), [int(stop.attrib["stop-color"][at : at + 2], 16) for at in (1, 3, 5)])
                for stop in group.iter(f"{SVG}stop")
            ]
            scales.append(((number(low), number(high)), what, stops))
    return scales


def color_at(share: float, stops: Stops) -> list[float]:
    """The colour of a place on a scale, between its stops."""
    offsets = [offset for offset, _ in stops]
    return [float(np.interp(share, offsets, [color[channel] for _, color in stops])) for channel in range(3)]


def test_link_gives_back_the_same_picture(page: Page) -> None:
    opened(page)
    page.locator("#models").get_by_text("GRU", exact=True).click()
    type_sentence(page, AWKWARD)
    expect(page.locator(".tokens bdi").last).to_have_text(">")
    page.locator("#order").select_option("variance")
    at_rest(page)
    page.locator(".token").nth(2).click()
    sheet(page)
    link = page.locator("#share-link").input_value()
    before = page.locator(".inspector").inner_text(), page.locator(".panel .ytick").all_text_contents()
    page.goto("about:blank")
    opened(page, link)
    expect(page.locator("#first-screen .first-screen")).to_have_attribute("data-chosen", "2")
    at_rest(page)
    assert (page.locator(".inspector").inner_text(), page.locator(".panel .ytick").all_text_contents()) == before


def test_calls_give_the_numbers_of_the_picture(page: Page, server: httpx2.Client) -> None:
    opened(page)
    type_sentence(page, AWKWARD)
    expect(page.locator(".tokens bdi").last).to_have_text(">")
    page.locator(".token").nth(2).click()
    sheet(page)
    expected = trace(server, "sentiment-lstm", AWKWARD)
    command = shlex.split(page.locator("#share-curl").input_value())
    done = subprocess.run(command, capture_output=True, check=True)
    assert json.loads(done.stdout) == expected
    program = page.locator("#share-python").input_value()
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) == expected["steps"]
    unit = int(page.locator(".inspector h3").inner_text().split()[1])
    for t, line in enumerate(lines):
        token = expected["tokens"][t]["text"]
        values = {letter: rows[t][unit] for letter, rows in expected["layers"][0]["activations"].items()}
        assert line == f"{token!r} {values}"


def test_text_is_copied_or_offered_selected(browser: Browser, base_url: str) -> None:
    for permissions, said in (["clipboard-read", "clipboard-write"], "Copied."), ([], "It is selected"):
        with another_page(browser, base_url=base_url, permissions=permissions) as page:
            opened(page, f"/?text={SENTENCE}")
            if not permissions:
                page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
            sheet(page)
            page.locator("[data-copy=share-curl]").click()
            expect(page.locator("#share-status")).to_contain_text(said)
            curl = page.locator("#share-curl").input_value()
            if permissions:
                assert page.evaluate("navigator.clipboard.readText()") == curl
            else:
                assert page.evaluate("String(getSelection())") == curl


def test_csv_holds_every_number(page: Page, server: httpx2.Client) -> None:
    opened(page)
    type_sentence(page, 'not "good", bad')
    expect(page.locator(".tokens bdi").last).to_have_text("bad")
    sheet(page)
    rows = list(csv.DictReader(io.StringIO(saved(page, "csv").read_text(encoding="utf-8"))))
    activations = layer_of(server, "sentiment-lstm", 'not "good", bad')
    assert len(rows) == 6 * 64 * len(activations["f"])
    for row in rows[:: len(rows) // 50]:
        value = activations[row["activation"]][int(row["step"])][int(row["unit"])]
        assert float(row["value"]) == pytest.approx(value, rel=1e-6)
    assert {row["token"] for row in rows} == {"not", '"', "good", ",", "bad"}


def test_npz_is_read_by_numpy(page: Page, server: httpx2.Client) -> None:
    opened(page, f"/?text={SENTENCE}")
    sheet(page)
    with np.load(saved(page, "npz")) as arrays:
        answer = trace(server, "sentiment-lstm", SENTENCE)
        [layer] = answer["layers"]
        assert arrays["tokens"].tolist() == SENTENCE.split()
        np.testing.assert_allclose(arrays["outputs"], answer["outputs"]["values"], rtol=1e-6)
        for letter, rows in layer["activations"].items():
            np.testing.assert_allclose(arrays[f"0.forward.{letter}"], rows, rtol=1e-6)
        assert arrays["output_names"].tolist() == ["positive"]


def test_numbers_of_a_comparison_are_a_file_for_each_lane(page: Page, server: httpx2.Client) -> None:
    opened(page, f"/?text={SENTENCE}&compare=text&other=not bad")
    sheet(page)
    downloads: list[Download] = []
    page.on("download", lambda download: downloads.append(download))
    with page.expect_event("download", lambda _: len(downloads) == 2):
        page.locator("[data-save=npz]").click()
    files = {download.suggested_filename: download.path() for download in downloads}
    with (
        np.load(files["gatescope-sentiment-lstm-1.npz"]) as first,
        np.load(files["gatescope-sentiment-lstm-2.npz"]) as second,
    ):
        assert first["tokens"].tolist() == SENTENCE.split()
        np.testing.assert_allclose(second["0.forward.c"], layer_of(server, "sentiment-lstm", "not bad")["c"], rtol=1e-6)


def test_page_of_a_long_text_is_saved_as_it_is_in_sight(page: Page) -> None:
    opened(page, f"/?text={'good ' * 600}#start=400")
    sheet(page)
    with np.load(saved(page, "npz")) as arrays:
        assert (int(arrays["start"]), len(arrays["tokens"])) == (400, 200)


def test_saved_picture_has_axes_scales_and_what_the_head_says(
    page: Page, browser: Browser, server: httpx2.Client
) -> None:
    opened(page, f"/?text={SENTENCE}#step=3&unit=2")
    expected = verdict(trace(server, "sentiment-lstm", SENTENCE), t=3)
    expect(page.locator(".prediction .verdict")).to_have_text(expected)
    sheet(page)
    png = saved(page, "png").read_bytes()
    assert png.startswith(b"\x89PNG")
    width, height = (int.from_bytes(png[at : at + 4]) for at in (16, 20))
    assert width > 1000
    assert height > 600
    svg = saved(page, "svg").read_text(encoding="utf-8")
    drawing = ElementTree.fromstring(svg)
    texts = ["".join(text.itertext()) for text in drawing.iter(f"{SVG}text")]
    for said in ("forget gate f", expected, "after word 4 of 5"):
        assert texts.count(said) == 1
    assert (texts.count("word"), texts.count("unit")) == (6, 6)
    assert [what for _, what, _ in scales_of(drawing)] == ["gates", "candidate, hidden state", "cell state"]
    assert len([*drawing.iter(f"{SVG}rect")]) == 6 * 64 * 5 + 3 + 1
    assert not [*drawing.iter(f"{SVG}image")]
    with another_page(browser) as alone:
        [picture] = alone.evaluate(BOXES, [svg, "svg"])
        for box in alone.evaluate(BOXES, [svg, "text"]):
            assert 0 <= box["left"] < box["right"] <= picture["right"], "it is cut"
            assert 0 <= box["top"] < box["bottom"] <= picture["bottom"], "it is cut"


@pytest.mark.parametrize(
    ("scheme", "first", "second", "step"),
    [
        ("light", "the movie was good", "the movie was bad", 1),
        ("dark", "good bad " * 40, "good good " * 40, 9),
    ],
)
def test_cells_of_a_saved_svg_have_the_colours_of_their_numbers_on_the_scales_in_it(
    browser: Browser,
    base_url: str,
    server: httpx2.Client,
    tmp_path: Path,
    scheme: Literal["light", "dark"],
    first: str,
    second: str,
    step: int,
) -> None:
    """Drawn cell by cell or, for a long text, as a bitmap; painted by librsvg and by a browser."""
    steps = len(first.split())
    with another_page(browser, base_url=base_url, color_scheme=scheme) as page:
        opened(page, f"/?{urlencode({'text': first, 'compare': 'text', 'other': second})}")
        expect(page.locator(".difference .color-scales")).to_be_visible()
        sheet(page)
        file = tmp_path / "picture.svg"
        file.write_bytes(saved(page, "svg").read_bytes())
        drawing = ElementTree.parse(file).getroot()
        painted = subprocess.run(["rsvg-convert", f"--zoom={ZOOM}", file], check=True, capture_output=True).stdout
        values = [layer_of(server, "sentiment-lstm", text) for text in (first, second)]
        scales = {what: (*ends, stops) for ends, what, stops in scales_of(drawing)}
    with another_page(browser) as page:
        boxes = page.evaluate(BOXES, [file.read_text(encoding="utf-8"), ".heatmap"])
        places, expected = [], []
        for box, (lane, letter) in zip(boxes, itertools.product(range(3), "figcoh"), strict=True):
            what = "gates" if letter in "ifo" else "cell state" if letter == "c" else "candidate, hidden state"
            low, high, stops = scales[f"difference: {what}" if lane == 2 else what]
            for t, unit in itertools.product(range(0, steps, step), range(0, 64, 3)):
                a, b = (layer[letter][t][unit] for layer in values)
                value = (a, b, b - a)[lane]
                expected.append(color_at((value - low) / (high - low), stops))
                x = box["left"] + (t + 0.5) / steps * (box["right"] - box["left"])
                y = box["top"] + (unit + 0.5) / 64 * (box["bottom"] - box["top"])
                places.append([ZOOM * x, ZOOM * y])
        for kind, content in ("image/png", painted), ("image/svg+xml", file.read_bytes()):
            url = f"data:{kind};base64,{base64.b64encode(content).decode()}"
            colors = page.evaluate(PIXELS, [url, ZOOM if "svg" in kind else 1, places])
            assert np.abs(np.array(colors) - np.array(expected)).max() <= 2, kind
    is_bitmap = 18 * 64 * steps > 50_000
    assert len([*drawing.iter(f"{SVG}image")]) == (18 if is_bitmap else 0)
    said = " ".join(drawing.itertext())
    assert ("squares are embedded as PNG" in said) == is_bitmap


# What stands in the text, as UTF-16 units, and in the saved picture.
AWKWARD_TEXTS = {
    **{chr(control): chr(0x2400 + control) for control in [*range(0x01, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20)]},
    "\ufffe": "\ufffd",
    "\uffff": "\ufffd",
    "\ud800": "\ufffd",
    "\udc00\ud800": "\ufffd\ufffd",
    **{same: same for same in ["\x7f", "\x85", "\u2028", "\ufeff", "\u202e", "\U0001fffe", "\U0010ffff", "👩‍👧"]},
    **{same: same for same in ["]]>", "<!--", "<![CDATA[", "&#0;", "&amp;"]},
}  # fmt: skip
assert len(AWKWARD_TEXTS) >= 40


@pytest.mark.parametrize(
    "every",
    [pytest.param(1, marks=pytest.mark.soak("types and saves over forty texts: half a minute in a browser")), 5],
)
def test_every_saved_picture_is_well_formed_xml(page: Page, every: int) -> None:
    opened(page, "/?model=code-lstm&text=a")
    for at, (awkward, seen) in [*enumerate(AWKWARD_TEXTS.items())][::every]:
        number, units = f"{at:02}", awkward.encode("utf-16-le", "surrogatepass")
        page.evaluate(TYPE, [[*memoryview(units).cast("H")], number])
        expect(page.locator(".tokens bdi").nth(-2)).to_have_text(number[0])
        expect(page.locator(".tokens bdi").last).to_have_text(number[1])
        sheet(page)
        drawing = ElementTree.parse(saved(page, "svg", "code-lstm")).getroot()
        title = f"code-lstm: a{seen}{number}"
        assert drawing.findtext(f"{SVG}title") == title
        assert next(drawing.iter(f"{SVG}text")).text == title
        if seen in "␌�":
            assert saved(page, "png", "code-lstm").read_bytes().startswith(b"\x89PNG")
        page.keyboard.press("Escape")


def test_dimmed_pictures_are_not_saved_as_if_of_the_text(page: Page) -> None:
    opened(page, f"/?text={SENTENCE}&compare=text&other=not bad")
    with page.expect_response("**/traces"):
        page.locator("#other").fill("")
    expect(page.locator(".lane").nth(1).locator(".verdict")).to_have_text("Type a word, and the gates appear.")
    sheet(page)
    drawing = ElementTree.parse(saved(page, "svg")).getroot()
    assert len([*drawing.iter(f"{SVG}rect")]) == 6 * 64 * 5 + 3 + 1
    page.keyboard.press("Escape")
    page.locator("#text").fill("")
    expect(page.locator(".lane").first.locator(".verdict")).to_have_text("Type a word, and the gates appear.")
    sheet(page)
    page.locator("[data-save=svg]").click()
    expect(page.locator("#share-status")).to_have_text(
        "The file could not be made: there is no picture yet: type or paste what the model reads."
    )


def test_html_file_needs_no_network_and_answers_to_the_pointer(
    page: Page, browser: Browser, server: httpx2.Client, tmp_path: Path
) -> None:
    opened(page, f"/?text={SENTENCE}")
    edges = json.loads(page.locator("#first-screen script.numbers").text_content() or "")["edges"]  # of its columns
    middle = (edges[3] + edges[4]) / 2
    sheet(page)
    file = tmp_path / "picture.html"
    file.write_bytes(saved(page, "html").read_bytes())
    asked: list[str] = []
    with another_page(browser, offline=True) as alone:
        alone.on("request", lambda request: asked.append(request.url))
        alone.goto(file.as_uri())
        expect(alone.locator(DRAWN.removeprefix(".plot "))).to_have_count(6)
        heatmap = alone.locator(".heatmaplayer image").first
        heatmap.scroll_into_view_if_needed()
        box = heatmap.bounding_box()
        assert box
        alone.mouse.move(box["x"] + middle * box["width"] - 2, box["y"] + 20.5 / 64 * box["height"])
        alone.mouse.move(box["x"] + middle * box["width"], box["y"] + 20.5 / 64 * box["height"])
        value = layer_of(server, "sentiment-lstm", SENTENCE)["f"][3][20]
        expect(alone.locator("#note")).to_have_text(f"not, unit 20, forget gate f: {shown(value, 4)}")
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []


def test_html_file_states_scales_and_axes_and_has_every_digit(
    page: Page, browser: Browser, server: httpx2.Client, tmp_path: Path
) -> None:
    first, second = "the movie was good", SENTENCE
    opened(page, f"/?{urlencode({'text': first, 'compare': 'text', 'other': second})}")
    sheet(page)
    file = tmp_path / "picture.html"
    file.write_bytes(saved(page, "html").read_bytes())
    h = [layer_of(server, "sentiment-lstm", text)["h"] for text in (first, second)]
    with another_page(browser, offline=True) as alone:
        wrong: list[str] = []
        alone.on("pageerror", lambda error: wrong.append(str(error)))
        alone.goto(file.as_uri())
        plots = alone.locator(".js-plotly-plot")
        expect(plots).to_have_count(18)
        for plot in plots.all():
            low, high = plot.evaluate("({ data: [{ zmin, zmax }] }) => [zmin, zmax]")
            ends = [number(text) for text in plot.locator(".cbaxis text").all_text_contents()]
            assert ends == pytest.approx([low, 0, high] if low < 0 else [low, high])
            assert plot.locator(".xtitle, .ytitle").all_text_contents() == ["word", "unit"]
        difference = plots.last
        differences = [[b - a for a, b in zip(*rows, strict=True)] for rows in zip(*h, strict=False)]
        z = difference.evaluate("({ data: [{ z }] }) => z")
        np.testing.assert_allclose(z[:3], differences[:3], rtol=1e-6, atol=1e-7)
        assert z[3] == [None] * 64
        difference.scroll_into_view_if_needed()
        box = difference.locator(".heatmaplayer image").bounding_box()
        assert box
        for column in (0, 3, 4):
            alone.mouse.move(box["x"] + (column + 0.5) / 5 * box["width"], box["y"] + 5.5 / 64 * box["height"])
        expect(alone.locator("#note")).to_contain_text("difference: second minus first: hidden state h: ")
    assert wrong == []
