"""The model card: what a person should know of a model before trusting it, written from what was measured."""

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..recurrent.cells import NAMES

TEMPLATE = "card.md.j2"


def card(facts: Mapping[str, Any]) -> str:
    """The card, in Markdown. Raises jinja2.UndefinedError for a fact that the template names and ``facts`` lacks."""
    environment = Environment(  # noqa: S701  Markdown, of our own figures: nothing to escape
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["figure"] = figure
    environment.filters["cell"] = cell
    environment.filters["mean"] = fmean
    environment.globals["names"] = NAMES
    return environment.get_template(TEMPLATE).render(facts).rstrip() + "\n"


def figure(value: float, unit: str) -> str:
    """A figure as people read it: shares in per cent, counts and positions whole, all else to three digits."""
    if unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if value == round(value) else f"{value:.3f}"


def cell(value: object) -> str:
    """What stands in one cell of a table: no character ends it too early."""
    text = f"{value:,.6g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    return " ".join(text.replace("|", r"\|").split())
