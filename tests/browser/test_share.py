"""What one takes along gives the same again: link, calls, files, the page that needs no network."""

import csv
import io
import json
import shlex
import subprocess
import sys
from pathlib import Path

import httpx2
import numpy as np
import pytest
from playwright.sync_api import Browser, Download, Page, expect

from .driving import DRAWN, SENTENCE, another_page, layer_of, opened, shown, trace, type_sentence

AWKWARD = 'it\'s "not" $HOME `good` \\ 100% 👍 <b>'


def sheet(page: Page) -> None:
    page.locator("#show-share").click()
    expect(page.locator("#share")).to_be_visible()


def saved(page: Page, kind: str) -> Path:
    with page.expect_download() as download:
        page.locator(f"[data-save={kind}]").click()
    assert download.value.suggested_filename == f"gatescope-sentiment-lstm.{kind}"
    return Path(download.value.path())


def test_link_gives_back_the_same_picture(page: Page) -> None:
    opened(page)
    page.get_by_text("GRU", exact=True).click()
    type_sentence(page, AWKWARD)
    expect(page.locator(".tokens bdi").last).to_have_text(">")
    page.locator("#order").select_option("variance")
    page.locator(".token").nth(2).click()
    sheet(page)
    link = page.locator("#share-link").input_value()
    before = page.locator(".cell").inner_text(), page.locator(".panel .ytick").all_text_contents()
    page.goto("about:blank")
    opened(page, link)
    expect(page.locator(".cell h3")).to_contain_text("pinned")
    assert (page.locator(".cell").inner_text(), page.locator(".panel .ytick").all_text_contents()) == before


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
    unit = int(page.locator(".cell h3").inner_text().split()[1])
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
            expect(page.locator("#share-said")).to_contain_text(said)
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


def test_pictures_are_saved(page: Page, browser: Browser, tmp_path: Path) -> None:
    opened(page, f"/?text={SENTENCE}")
    sheet(page)
    png = saved(page, "png").read_bytes()
    assert png.startswith(b"\x89PNG")
    width, height = (int.from_bytes(png[at : at + 4]) for at in (16, 20))
    assert width > 1000
    assert height > 600
    file = tmp_path / "picture.svg"
    file.write_bytes(saved(page, "svg").read_bytes())
    with another_page(browser, offline=True) as alone:
        alone.goto(file.as_uri())
        expect(alone.locator("image")).to_have_count(6)
        expect(alone.get_by_text("forget gate f", exact=True)).to_be_visible()
        expect(alone.get_by_text("negative · P(positive) = 0.07", exact=True)).to_be_visible()
        expect(alone.locator("linearGradient")).to_have_count(3)


def test_html_file_needs_no_network_and_answers_to_the_pointer(
    page: Page, browser: Browser, server: httpx2.Client, tmp_path: Path
) -> None:
    opened(page, f"/?text={SENTENCE}")
    sheet(page)
    file = tmp_path / "picture.html"
    file.write_bytes(saved(page, "html").read_bytes())
    asked: list[str] = []
    with another_page(browser, offline=True) as alone:
        alone.on("request", lambda request: asked.append(request.url))
        alone.goto(file.as_uri())
        expect(alone.locator(DRAWN.removeprefix(".plot "))).to_have_count(6)
        box = alone.locator(".heatmaplayer image").first.bounding_box()
        assert box
        alone.mouse.move(box["x"] + 3.5 / 5 * box["width"] - 2, box["y"] + 20.5 / 64 * box["height"])
        alone.mouse.move(box["x"] + 3.5 / 5 * box["width"], box["y"] + 20.5 / 64 * box["height"])
        value = layer_of(server, "sentiment-lstm", SENTENCE)["f"][3][20]
        expect(alone.locator("#note")).to_have_text(f"not, unit 20, forget gate f: {shown(value, 4)}")
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
