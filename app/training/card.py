"""The model card: what a person should know about a model before trusting it, written from what was measured."""

import re
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..analysis.units import MEASURES
from ..recurrent.cells import NAMES

TEMPLATE, FIGURES, UNITS, SHARES = "card.md.j2", "figures.md.j2", "units.md.j2", "shares.md.j2"


def _section(title: str) -> re.Pattern[str]:
    return re.compile(rf"^## {title}\n.*?(?=^## )", re.MULTILINE | re.DOTALL)


TABLE_OF_FIGURES = re.compile(r"^\| measured on \|.*?(?=^## )", re.MULTILINE | re.DOTALL)
UNITS_SECTION, SHARES_SECTION = _section("Units that can be named"), _section("Shares and experiments")


def card(facts: Mapping[str, Any]) -> str:
    """Return the card, in Markdown. Raises jinja2.UndefinedError if ``facts`` lacks one that the template names."""
    return _rendered(TEMPLATE, facts).rstrip() + "\n"


def with_figures(text: str, facts: Mapping[str, Any]) -> str:
    """Return a card with its table of figures, and the remarks on them, written again; unchanged if it has no table.

    Only ``metrics``, ``seed`` and ``remarks`` of the ``facts`` are used. Raises as ``card`` does.
    """
    table = _rendered(FIGURES, facts) + "\n"
    return TABLE_OF_FIGURES.sub(lambda _: table, text)


def with_units(text: str, facts: Mapping[str, Any]) -> str:
    """Return a card with its section on named units written again; unchanged if it has no such section.

    Only ``network``, ``units`` and ``unnamed`` of the ``facts`` are used. Raises as ``card`` does.
    """
    section = _rendered(UNITS, facts) + "\n"
    return UNITS_SECTION.sub(lambda _: section, text)


def with_shares(text: str, facts: Mapping[str, Any]) -> str:
    """Return a card with its section on shares written again, after that on named units; it must have that one.

    Only ``network``, ``shares``, ``ends_anywhere`` and ``verdict`` of the ``facts`` are used. Raises as ``card`` does.
    """
    if not UNITS_SECTION.search(text):
        return text
    section = _rendered(SHARES, facts)
    return UNITS_SECTION.sub(lambda units: units[0] + section, SHARES_SECTION.sub("", text))


def _rendered(template: str, facts: Mapping[str, Any]) -> str:
    environment = Environment(  # noqa: S701  Markdown with our own figures: nothing to escape
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["figure"] = figure
    environment.filters["cell"] = cell
    environment.filters["mean"] = fmean
    environment.globals["names"] = NAMES
    environment.globals["floors"] = {name: measure.floor for name, measure in MEASURES.items()}
    return environment.get_template(template).render(facts)


def figure(value: float, unit: str) -> str:
    """Return a figure as people read it: shares in per cent, whole numbers whole, all others to three digits."""
    if unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:,.0f}" if value == round(value) else f"{value:.3f}"


def cell(value: object) -> str:
    """Return a value as one cell of a table, which no character in it ends too early."""
    text = f"{value:,.6g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
    return " ".join(text.replace("|", r"\|").split())
