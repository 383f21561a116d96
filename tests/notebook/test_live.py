"""The widget in JupyterLab and in marimo, with a live kernel, in a real Chromium."""

import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import indent
from typing import Any

import gatescope
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

pytestmark = pytest.mark.soak(
    "installs and starts JupyterLab and marimo, each with kernels of its own: a minute and a half"
)

PATIENCE = 120_000  # ms
MODEL = Path(gatescope.__file__).parents[1] / "models/sentiment-lstm"
TEXT = "the movie was not good"
LONG = " ".join(["the story was not good but the acting was wonderful and"] * 6)[:-4]  # 60 words
SHOW = f"import gatescope\nmodel = gatescope.load_model({str(MODEL)!r})\ngatescope.show(model, {TEXT!r})"
MODULE = "import torch\ntorch.manual_seed(0)\ngatescope.show(torch.nn.GRU(4, 12), torch.randn(9, 4))"
TOKEN = "of-a-test"


@contextmanager
def served(folder: Path, port: int, ready: str, *command: str) -> Iterator[str]:
    """Start ``python -m COMMAND`` at home in ``folder``. Gives its address once ``ready`` answers there."""
    address = f"http://127.0.0.1:{port}"
    home = {
        name: str(folder / "home") for name in ("HOME", "XDG_CONFIG_HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")
    }
    (folder / "home").mkdir()
    path = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    with (folder / "log").open("wb") as log:
        options: dict[str, Any] = {"stdout": log, "stderr": subprocess.STDOUT, "env": home | path, "cwd": folder}
        server = subprocess.Popen([sys.executable, "-m", *command], **options)
        try:
            while server.poll() is None:
                try:
                    urllib.request.urlopen(f"{address}{ready}").close()
                    break
                except OSError:
                    time.sleep(0.1)
            assert server.poll() is None, (folder / "log").read_text()
            yield address
        finally:
            server.terminate()
            server.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    """A page of which no script fails, and that asks no other host."""
    page, wrong = browser.new_page(viewport={"width": 1400, "height": 1000}), list[str]()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield page
    page.close()
    assert wrong == []


def widget_follows(widget: Locator, page: Page) -> None:
    """A word that is chosen, and a gate that is set, show in the widget what Python computes."""
    model = gatescope.load_model(MODEL)
    plain, edited = (model.trace(TEXT, edits=each) for each in ([], [gatescope.hold("i", 0, steps=[3])]))
    widget.locator(".heatmaplayer image").first.wait_for()
    widget.locator("a[data-t='2']").click()
    page.keyboard.press("ArrowRight")
    expect(widget.locator(".cell[data-t='3']")).to_be_visible(timeout=PATIENCE)
    slider = widget.locator(".cell .slider:has(input[name=i])")
    expect(slider.locator("output")).to_have_text(f"{plain.layer()['i'][3].mean():.2f}")
    expect(widget.locator("text.verdict")).to_have_text(f"{plain.outputs[-1, 0]:.2f}")
    slider.locator("input").fill("0")
    expect(widget.locator("text.verdict")).to_have_text(f"{edited.outputs[-1, 0]:.2f}", timeout=PATIENCE)
    expect(widget.locator(".wide path.ghost").first).to_be_attached()
    mean = widget.locator(".inspector .slider[data-letter=o] .value")
    expect(mean).to_have_text(f"mean {edited.layer()['o'][3].mean():.2f}", timeout=PATIENCE)


def notebook(*cells: str) -> dict[str, Any]:
    fields = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    listed = [{**fields, "id": f"cell-{at}", "source": source} for at, source in enumerate(cells)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": listed}


def test_jupyterlab(window: Page, browser: Browser, tmp_path: Path) -> None:
    path, port = tmp_path / "a.ipynb", free_port()
    path.write_text(json.dumps(notebook(SHOW, MODULE, f"gatescope.show(model, {LONG!r})")))
    options = ("--no-browser", "--allow-root", f"--port={port}", f"--IdentityProvider.token={TOKEN}")
    quiet = ("--LabApp.news_url=None", f"--ServerApp.root_dir={tmp_path}")
    with served(tmp_path, port, f"/api?token={TOKEN}", "jupyterlab", *options, *quiet) as address:
        window.goto(f"{address}/doc/tree/a.ipynb?token={TOKEN}")
        window.get_by_text("Python 3 (ipykernel)").first.wait_for()
        window.get_by_role("menuitem", name="Run", exact=True).click()
        window.get_by_text("Run All Cells", exact=True).click()
        widgets = window.locator(".gatescope-widget")
        expect(widgets).to_have_count(3, timeout=PATIENCE)
        expect(window.locator(".gatescope-still:visible")).to_have_count(0, timeout=PATIENCE)  # each took its place
        widget_follows(widgets.first, window)
        assert window.evaluate("document.querySelector('.jp-Cell').classList.contains('jp-mod-active')")
        window.keyboard.press("Control+s")
        while b"gatescope-still" not in path.read_bytes():
            time.sleep(0.1)
        saved = json.loads(path.read_text())
        sizes = [len(json.dumps(each["outputs"])) for each in saved["cells"]]
        assert max(sizes) <= 500_000  # bytes
        assert all("widget.js" not in str(each) and "plotly" not in str(each).lower() for each in saved["cells"])
        sessions = json.load(urllib.request.urlopen(f"{address}/api/sessions?token={TOKEN}"))
        for each in sessions:
            gone = urllib.request.Request(f"{address}/api/sessions/{each['id']}?token={TOKEN}", method="DELETE")
            urllib.request.urlopen(gone).close()
        widgets.first.locator(".cell .slider input[name=i]").fill("0.5")
        expect(widgets.first.locator(".message")).to_have_text(
            re.compile("The kernel has not answered"), timeout=PATIENCE
        )
        again = browser.new_page()
        again.goto(f"{address}/doc/tree/a.ipynb?token={TOKEN}")
        again.get_by_text("model not found").first.wait_for(state="attached", timeout=PATIENCE)
        expect(again.locator(".gatescope-still .finding").first).to_be_visible()
        expect(again.get_by_text("model not found").first).to_be_hidden()
        again.close()


def test_marimo(window: Page, tmp_path: Path) -> None:
    cell = "@app.cell\ndef _({}):\n{}\n    return {}\n"
    first, second = (indent(source, "    ") for source in (SHOW, MODULE))
    cells = cell.format("", first, "(gatescope,)") + cell.format("gatescope", second, "")
    (tmp_path / "app.py").write_text(f"import marimo\napp = marimo.App()\n{cells}")
    port = free_port()
    options = ("run", str(tmp_path / "app.py"), "--headless", "--no-token", f"--port={port}")
    with served(tmp_path, port, "/health", "marimo", "--quiet", "--yes", *options) as address:
        window.goto(address)
        widgets = window.locator(".gatescope-widget")
        expect(widgets).to_have_count(2, timeout=PATIENCE)
        widget_follows(widgets.first, window)
        expect(window.locator(".gatescope-still:visible")).to_have_count(0)
