"""The model card: what a person should know of a model before trusting it, written from what was measured."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..recurrent.cells import NAMES

TEMPLATE = "card.md.j2"


def card(facts: Mapping[str, Any]) -> str:
    """The card, in Markdown. Raises jinja2.UndefinedError for a fact that the template names and ``facts`` lacks."""
    environment = Environment(  # noqa: S701  Markdown, of our own figures: nothing to escape
        loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["percent"] = lambda share: f"{100 * share:.1f}"
    environment.globals["names"] = NAMES
    return environment.get_template(TEMPLATE).render(facts).rstrip() + "\n"
