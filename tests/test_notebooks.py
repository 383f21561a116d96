"""The notebooks of docs/ show what they show today, and hold nothing of the machine that they ran on."""

import ast
import re
import sys
from pathlib import Path

import gatescope
import nbformat
import pytest
from nbformat import NotebookNode
from notebooks import FOLDER, METADATA, notebooks, read, run

LARGEST = 500_000  # bytes
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")
LINK = re.compile(r"\]\(((?!https:)[^)]+)\)")

YOUR_OWN_MODEL, VOICE_DETECTOR = FOLDER / "your_own_model.ipynb", FOLDER / "voice_detector.ipynb"

each_notebook = pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def printed(notebook: NotebookNode) -> str:
    """What its cells print, without pictures."""
    return "".join(each.text for cell in code(notebook) for each in cell.outputs if each.output_type == "stream")


def pictures(notebook: NotebookNode) -> list[str]:
    outputs = [each for cell in code(notebook) for each in cell.outputs if "data" in each]
    return [each.data["text/html"] for each in outputs if "text/html" in each.data]


@each_notebook
def test_a_notebook_was_run_and_holds_nothing_of_a_machine(path: Path) -> None:
    notebook, text = read(path), path.read_text("utf-8")
    nbformat.validate(notebook)
    assert len(text.encode()) <= LARGEST
    assert notebook.metadata == METADATA
    assert [cell.execution_count for cell in code(notebook)] == [*range(1, len(code(notebook)) + 1)]
    assert not [each for cell in code(notebook) for each in cell.outputs if each.get("name") == "stderr"]
    assert len(pictures(notebook)) == 1
    for place in (Path.home(), Path(sys.prefix), path.parent):
        assert str(place) not in text


@each_notebook
def test_what_a_notebook_takes_from_the_package_is_there(path: Path) -> None:
    """The quick check of those that take too long to be run; lint tells of other names."""
    for cell in code(read(path)):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.ImportFrom) and node.module == "gatescope":
                assert all(name.name in gatescope.__all__ for name in node.names)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "gatescope":
                assert node.attr in gatescope.__all__


@each_notebook
def test_links_of_a_notebook_lead_somewhere(path: Path) -> None:
    links = [link for cell in read(path).cells if cell.cell_type == "markdown" for link in LINK.findall(cell.source)]
    assert links
    assert all((path.parent / link).is_file() for link in links)


@pytest.mark.slow("trains a network in a kernel of its own", seconds=8)
def test_your_own_model() -> None:
    """Its claims are asserted in it; its figures are those of a training, which ends elsewhere on another machine."""
    ours, today = read(YOUR_OWN_MODEL), run(YOUR_OWN_MODEL)
    assert NUMBER.sub("…", printed(today)) == NUMBER.sub("…", printed(ours))
    assert len(pictures(today)) == len(pictures(ours))


@pytest.mark.soak("fetches packages")
def test_a_voice_detector(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pytestconfig.cache is not None
    monkeypatch.setenv("XDG_CACHE_HOME", str(pytestconfig.cache.mkdir("notebooks")))
    ours, today = read(VOICE_DETECTOR), run(VOICE_DETECTOR)
    assert NUMBER.sub("…", printed(today)) == NUMBER.sub("…", printed(ours))
    for number, before in zip(NUMBER.findall(printed(today)), NUMBER.findall(printed(ours)), strict=True):
        assert float(number) == pytest.approx(float(before), rel=0.1, abs=0.02 if "." in before else 2)
