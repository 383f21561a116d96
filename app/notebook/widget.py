"""The widget, which needs the extra ``notebook``: a page's first screen and heatmaps that this process answers for.

A notebook that keeps the state of widgets keeps little of it: the loader. Program, styles and Plotly come from here,
once for all widgets of a notebook.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anywidget
import plotly
import traitlets

from ..figures.stylesheet import stylesheet
from ..settings import data_folder
from ..web import cells
from .answers import Answers

if TYPE_CHECKING:
    from .shown import Shown

STATIC = data_folder("static")
STYLES = ("tokens", "base", "controls", "edits", "lanes", "words", "charts", "panels", "unit", "tooltip", "plotly")
PROCESS = uuid4().hex[:12]


@cache
def asset(name: str) -> bytes:
    """Return what all widgets of a notebook share: the program, the styles, or Plotly. Raises KeyError for others."""
    if name == "style":
        page = [(STATIC / "css" / f"{each}.css").read_text(encoding="utf-8") for each in (*STYLES, "widget")]
        return "\n".join([cells.stylesheet(), stylesheet(), *page]).encode()
    paths = {
        "program": STATIC / "widget.js",
        "plotly": Path(plotly.__file__).parent / "package_data/plotly.min.js",
    }
    return paths[name].read_bytes()


class Widget(anywidget.AnyWidget):
    """A widget of one thing that is shown."""

    _esm = (STATIC / "js/widget/loader.js").read_text(encoding="utf-8")
    key = traitlets.Unicode().tag(sync=True)  # that of the still picture whose place it takes
    process = traitlets.Unicode(PROCESS).tag(sync=True)  # within which widgets share what they load

    def __init__(self, shown: "Shown") -> None:
        super().__init__(key=uuid4().hex[:12])
        self._answers = Answers(shown)
        self.on_msg(self._answer)

    def _answer(self, _: object, question: dict[str, Any], __: Sequence[memoryview]) -> None:
        """Answer a message of the front end, by its id."""
        if question["kind"] == "asset":
            self.send({"id": question["id"]}, [asset(question["name"])])
        else:
            self.send({"id": question["id"], **self._answers(question)})
