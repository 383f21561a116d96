"""The page's modules import in one direction, and only one of them touches Plotly."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "static/js").rglob("*.js"))
# From the top down: a module imports from its own folder and from those below it. `main.js` and `state.js` are layers
# of their own; the two classic scripts, which run outside the modules, import nothing.
LAYERS = ["main", "page", "widget", "views", "state", "export", "charts", "cells", "data", "kit"]
CLASSIC = {"docs", "stored_theme"}


def layer(path: Path) -> str:
    return path.relative_to(ROOT / "static/js").parts[0].removesuffix(".js")


def upward(path: Path, source: str) -> list[str]:
    """Return the imports in ``source``, those in types included, that do not run downwards."""
    targets = re.findall(r"""(?:\bfrom|\bimport\(?)\s*["']([^"'\s;]+)["']""", source)
    return [
        target
        for target in targets
        if not target.startswith(".")
        or not (path.parent / target).is_file()
        or LAYERS.index(layer((path.parent / target).resolve())) < LAYERS.index(layer(path))
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT / "static/js")))
def test_imports_run_downwards(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    if layer(path) in CLASSIC:
        assert "import" not in source
    else:
        assert upward(path, source) == []


@pytest.mark.parametrize(
    "line",
    ['import { Lane } from "../views/lane.js";', '/** @typedef {import("../main.js").A} A */', 'import "plotly";'],
)
def test_an_import_that_runs_upwards_is_found(line: str) -> None:
    assert len(upward(ROOT / "static/js/charts/panels.js", line)) == 1


def test_only_one_module_touches_plotly() -> None:
    use = re.compile(r"\bplotly\W{0,2}\.(?:react|newPlot|purge|relayout|restyle)\(", re.IGNORECASE)
    code = {path: re.sub(r"`[^`]*`", "", path.read_text(encoding="utf-8")) for path in MODULES}  # no program in a file
    assert [path.name for path, source in code.items() if use.search(source)] == ["plotly.js"]


def test_each_colour_stands_once_in_the_tokens() -> None:
    styles = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "static/css").glob("*.css")}
    tokens = styles.pop("tokens.css")
    del styles["plotly.css"]  # the vendor's
    names = re.findall(r"^ *--([\w-]+):", tokens, re.MULTILINE)
    assert len(names) == len(set(names))
    assert [name for name, css in styles.items() if re.search(r"#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(", css)] == []
