"""Pictures of shipped models, and where each text of a picture stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from gatescope.figures.screen import first_screen
from gatescope.figures.subject import Subject, subject_of
from gatescope.figures.terms import curves_of, terms_of
from gatescope.figures.text_width import text_width
from gatescope.recurrent.decomposition.measure import decompose
from gatescope.recurrent.decomposition.report import Decomposition
from gatescope.recurrent.trace import Trace
from gatescope.store.loading import load_model
from gatescope.store.model import Model
from gatescope.training.tasks import features_of

MODELS = Path(__file__).parents[2] / "models"
NAMES = sorted(path.name for path in MODELS.iterdir() if (path / "config.json").is_file())
OF_TEXT = [name for name in NAMES if (MODELS / name / "vocab.json").is_file()]
WIDTHS = (1880, 1400, 1320, 984, 728, 358)  # of the first screen at the six widths of a page

BOLD = {
    "aged",
    "called",
    "chosen",
    "edited",
    "hollow",
    "mark",
    "number",
    "strong",
    "unusual",
    "value",
    "verb",
    "verdict",
    "word",
}

NOT_GOOD = "the movie was not good"
BUT = "the acting was terrible but the story was wonderful"


@cache
def shipped(name: str) -> Model:
    """Return a shipped model."""
    return load_model(MODELS / name)


@cache
def traced(name: str, text: str) -> tuple[Trace, Decomposition | None]:
    """Return a trace of a shipped model, with its decomposition."""
    model = shipped(name)
    trace = model.trace(**model.input_of(text))
    has_memory = model.config.network.cell_definition.memory is not None
    return trace, decompose(trace) if has_memory else None


def subject(name: str, text: str) -> Subject:
    """Return what a picture is of."""
    model = shipped(name)
    terms, curves = terms_of(model, features_of(model.config.task)), curves_of(model, traced(name, text)[0])
    return subject_of(*traced(name, text), model.statistics, terms, inputs=curves)


def screen(name: str, text: str, **options: Any) -> str:
    """Return the first screen of a shipped model."""
    model = shipped(name)
    curves = curves_of(model, traced(name, text)[0])
    return first_screen(*traced(name, text), model.statistics, terms=terms_of(model), inputs=curves, **options)


@dataclass(frozen=True)
class Placed:
    """A text, and where it is, by the widths of DejaVu Sans."""

    text: str
    kinds: frozenset[str]
    left: float
    right: float
    baseline: float
    size: float

    @property
    def top(self) -> float:
        """The upper edge of a capital letter."""
        return self.baseline - 0.73 * self.size


def placed(svg: ElementTree.Element, width: float) -> Iterator[Placed]:
    """Yield the texts of a picture that is ``width`` wide."""
    yield from _placed(svg, width, 0.0, frozenset((svg.get("class") or "").split()))


def _placed(element: ElementTree.Element, width: float, x: float, kinds: frozenset[str]) -> Iterator[Placed]:
    for each in element:
        own = kinds | frozenset((each.get("class") or "").split())
        at = x + _length(each.get("x", "0"), width)
        if each.tag == "text":
            text, size = "".join(each.itertext()), float(each.get("font-size", "0"))
            wide = text_width(text, size, bold=bool(own & BOLD))
            left = at - wide * _share_before(own)
            yield Placed(text, own, left, left + wide, float(each.get("y", "0")), size)
        elif each.tag == "g" and (each.get("transform") or "").startswith("translate("):
            yield from _placed(each, width, x + float(each.get("transform", "")[10:].split()[0]), own)
        else:
            yield from _placed(each, width, at if each.tag == "svg" else x, own)


def _length(value: str, width: float) -> float:
    return float(value[:-1]) * width / 100 if value.endswith("%") else float(value)


def _share_before(kinds: frozenset[str]) -> float:
    """Return how much of a text stands before its x, as the stylesheet has it."""
    if "start" in kinds:
        return 0.0
    if "end" in kinds:
        return 1.0
    return 0.5 if kinds & {"chart", "value", "mark", "middle"} else 0.0
