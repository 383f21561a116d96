"""The view that docs/adding.md adds, put into a copy of the page's scripts: it works without touching another file."""

import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import numpy as np
import pytest
from documentation import ROOT, blocks, example
from playwright.sync_api import Page, Route, expect

from .driving import SENTENCE, layer_of, shown

PATH = "static/js/views/gate_means.js"
TSC = ROOT / "node_modules/.bin/tsc"


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """A copy of the page's scripts with the view: one file more, and two lines in the table."""
    shutil.copytree(ROOT / "static/js", tmp_path / "static/js")
    shutil.copy(ROOT / "tsconfig.json", tmp_path)
    (tmp_path / PATH).write_text(example("docs/adding.md", PATH), encoding="utf-8")
    imported, entry = (
        each.text for each in blocks("docs/adding.md") if re.search(r"^ *(import .*)?GateMeans\b.*\n$", each.text)
    )
    file = tmp_path / "static/js/views/trace_views.js"
    table = file.read_text(encoding="utf-8")
    for before, added in (('import { Inspector } from "./inspector.js";\n', imported), ("  Inspector,\n", entry)):
        assert table.count(before) == 1
        table = table.replace(before, before + added)
    file.write_text(table, encoding="utf-8")
    return tmp_path


def test_the_view_has_the_types_that_the_table_asks_for(scripts: Path) -> None:
    checked = subprocess.run([TSC, "-p", scripts], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_view_follows_the_trace_and_what_is_pointed_at(page: Page, server: httpx2.Client, scripts: Path) -> None:
    def from_the_copy(route: Route) -> None:
        route.fulfill(path=scripts / urlsplit(route.request.url).path.lstrip("/"))

    def assert_drawn(model: str, gates: str, t: int) -> None:
        """The means of all gates at step ``t``: as text, and as the height of the dots."""
        layer = layer_of(server, model, SENTENCE)
        means = {gate: float(np.mean(layer[gate][t])) for gate in gates}
        lines = [re.compile(rf" {gate} {shown(mean, 2)}$") for gate, mean in means.items()]
        expect(page.locator(".gate-means p")).to_have_text(lines)
        heights = [float(dot.get_attribute("cy") or "") for dot in page.locator(".gate-means circle").all()]
        assert heights == pytest.approx([3 + 28 * (1 - mean) for mean in means.values()], abs=1e-3)
        points = page.locator(".gate-means polyline").first.get_attribute("points") or ""
        assert len(points.split()) == len(SENTENCE.split())

    page.route("**/static/js/**", from_the_copy)
    page.goto(f"/?model=sentiment-lstm&text={SENTENCE}#step=3&unit=1")
    assert_drawn("sentiment-lstm", "ifo", 3)
    page.locator(".token").nth(1).hover()
    assert_drawn("sentiment-lstm", "ifo", 1)
    page.locator("#models").get_by_text("GRU", exact=True).click()
    expect(page.locator(".panel var")).to_have_text(list("rznh"))
    page.locator(".token").nth(4).hover()
    assert_drawn("sentiment-gru", "rz", 4)
    page.locator("#models").get_by_text("RNN", exact=True).click()
    expect(page.locator(".gate-means p")).to_have_count(0)
    expect(page.locator(".inspector h3")).to_contain_text("unit")  # the other views stay
