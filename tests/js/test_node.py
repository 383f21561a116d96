"""The unit tests of the page's pure modules, which Node runs: one file of them for each module."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from gatescope.settings import Settings
from gatescope.web.boot import facts

FOLDER = Path(__file__).parent
MODULES = FOLDER.parents[1] / "static/js"
TESTS = sorted(FOLDER.rglob("*.test.js"))
# What needs a page: tests/browser/ tests it.
NEEDS_A_PAGE = {
    "main.js",
    "docs.js",
    "stored_theme.js",
    "charts/chart.js",
    "charts/panels.js",
    "charts/plotly.js",
    "export/html_file.js",
    "export/saved_screen.js",
    "data/imports.js",
    "export/screen_file.js",
    "export/svg_file.js",
    "kit/dom.js",
    *(f"{folder}/{path.name}" for folder in ("page", "views", "widget") for path in (MODULES / folder).glob("*.js")),
    *(f"views/first_screen/{name}.js" for name in ("bands", "cell_panel", "first_screen")),
}
# What holds no code of its own to test.
WITHOUT_TESTS = {"data/boot.js"}
# `node --test` would start a process for each file, which takes longer than all tests together.
EACH = "for (const each of process.argv.slice(1)) await import(each)"


@pytest.fixture(scope="module")
def facts_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the server would send with the page."""
    path = tmp_path_factory.mktemp("page") / "facts.json"
    path.write_text(facts(Settings(max_text=1000)).model_dump_json(), encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["max_text"] == 1000
    return path


def test_modules(facts_file: Path) -> None:
    """All in one process."""
    node = shutil.which("node")
    assert node, "Node.js is missing, which runs the tests of the page's scripts: `make test` installs it where it can"
    run = subprocess.run(
        [node, "--import", str(FOLDER / "page.js"), "--input-type=module", "--eval", EACH, *map(str, TESTS)],
        env={**os.environ, "GATESCOPE_FACTS": str(facts_file), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_pure_module_has_its_tests() -> None:
    modules = {str(path.relative_to(MODULES)) for path in MODULES.rglob("*.js")}
    tested = {str(path.relative_to(FOLDER)).replace(".test.js", ".js") for path in TESTS}
    assert tested <= modules
    assert modules - tested == NEEDS_A_PAGE | WITHOUT_TESTS
