"""The first screen in files: an SVG that any viewer paints, and an HTML file in which words can be chosen."""

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from .driving import SENTENCE, another_page, opened, trace

WITHOUT_MARKS = """(finding) => {
  const copy = finding.cloneNode(true);
  for (const mark of copy.querySelectorAll('.mark')) mark.remove();
  return copy.textContent;
}"""
SVG = "{http://www.w3.org/2000/svg}"


def saved(page: Page, button: str, folder: Path) -> Path:
    """What a button of the sheet saves."""
    page.locator("#show-share").click()
    with page.expect_download() as download:
        page.locator(f"#share {button}").click()
    page.keyboard.press("Escape")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_the_svg_says_what_the_picture_says_and_needs_no_stylesheet(
    page: Page, server: httpx2.Client, tmp_path: Path
) -> None:
    opened(page, f"/?text={SENTENCE}")
    path = saved(page, "[data-picture=svg]", tmp_path)
    assert path.name == "gatescope-sentiment-lstm-memory.svg"
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"class=|style=|var\(|light-dark", source)
    drawing = ElementTree.parse(path).getroot()
    texts = ["".join(each.itertext()) for each in drawing.iter(f"{SVG}text")]
    verdicts = [f"{row[0]:.2f}" for row in trace(server, "sentiment-lstm", SENTENCE)["outputs"]["values"]]
    assert [text for text in texts if text in verdicts][: len(verdicts)]
    assert set(verdicts) | set(SENTENCE.split()) <= set(texts)
    finding = page.locator(".finding").evaluate(WITHOUT_MARKS)
    assert " ".join(finding.split()) in " ".join(" ".join(texts).split())
    painted = tmp_path / "painted.png"
    subprocess.run(["rsvg-convert", "--output", painted, path], check=True)
    assert painted.read_bytes().startswith(b"\x89PNG")


def test_bands_of_the_svg_have_the_colours_of_the_page(page: Page, tmp_path: Path) -> None:
    opened(page, f"/?text={SENTENCE}")
    shown = page.locator(".chart .band").evaluate_all("all => all.map((each) => getComputedStyle(each).fill)")
    drawing = ElementTree.parse(saved(page, "[data-picture=svg]", tmp_path)).getroot()
    bands = [each for each in drawing.iter(f"{SVG}path") if each.get("data-k") is not None]
    plain = [fill for fill in shown if not fill.startswith("url")]
    assert plain
    assert [each.get("fill") for each in bands if not (each.get("fill") or "").startswith("url")] == plain


def test_both_pictures_of_two_texts_are_saved(page: Page, tmp_path: Path) -> None:
    opened(page, f"/?text={SENTENCE}&compare=text&other=the movie was good")
    drawing = ElementTree.parse(saved(page, "[data-picture=svg]", tmp_path)).getroot()
    texts = ["".join(each.itertext()) for each in drawing.iter(f"{SVG}text")]
    assert texts.count("the memory") == 2
    assert saved(page, "[data-picture=png]", tmp_path).read_bytes().startswith(b"\x89PNG")


def test_a_narrow_window_says_why_there_is_no_svg(browser: Browser, base_url: str) -> None:
    with another_page(browser, base_url=base_url, viewport={"width": 390, "height": 844}) as page:
        opened(page, f"/?text={SENTENCE}")
        page.locator("#show-share").click()
        page.locator("#share [data-picture=svg]").click()
        expect(page.locator("#share-status")).to_contain_text("in a window of 700 pixels or more")


@pytest.mark.parametrize("compare", ["", "&compare=cells"])
def test_words_are_chosen_in_the_html_file_without_a_network(
    browser: Browser, page: Page, tmp_path: Path, compare: str
) -> None:
    opened(page, f"/?text={SENTENCE}&step=3{compare}")
    path = saved(page, "[data-save=html]", tmp_path)
    readouts = {}
    for step in (3, 4):
        page.locator(f".links a[data-t='{step}']").first.focus()
        page.keyboard.press("ArrowRight" if step == 4 else "End")
        readouts[step] = page.locator(".readout").inner_text()
    with another_page(browser, offline=True) as file:
        wrong: list[str] = []
        file.on("pageerror", lambda error: wrong.append(str(error)))
        file.goto(path.as_uri())
        expect(file.locator(".readout")).to_contain_text("“not”")
        file.keyboard.press("ArrowRight")
        expect(file.locator(".readout")).to_contain_text("“good”")
        expect(file.locator(".readout")).to_have_text(" ".join(readouts[4].split()))
        file.locator(".links a[data-t='0']").first.click()
        expect(file.locator(".readout")).to_contain_text("“the”")
        assert wrong == []
