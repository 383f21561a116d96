"""The page of a model: its card, its figures, its named units, and how saturated its gates are."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Path
from fastapi_problem.error import Problem
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ..api.wire.model import AModel
from ..store.fields import NamedUnit
from ..store.files import CARD, SATURATION, BrokenModelError, read
from ..store.model import Model
from .revalidated import revalidated
from .templates import templates

router = APIRouter(prefix="/models", include_in_schema=False)

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")


@router.get("/{model}/card", response_class=HTMLResponse)
def model_card(request: Request, model: AModel) -> Response:
    """Return the model card, from its README.md, with links to what the page can show of it."""
    try:
        text = read(model.folder, CARD).decode()
    except (BrokenModelError, UnicodeDecodeError):  # there is none, or another one since the model was loaded
        text = ""
    context = {
        "model": model,
        "card": render(text or f"# {model.config.title}\n\n{model.config.description}\n"),
        "units": [(named, address(model, named)) for named in model.config.units],
    }
    return templates().TemplateResponse(request, "card.html", context)


@router.get("/{model}/{name}")
def model_picture(request: Request, model: AModel, name: Annotated[str, Path()]) -> Response:
    """Return the picture that the card shows, and no other file of the model's folder."""
    missing = Problem("Not found", "not-found", f"The model {model.id!r} has no page {name!r}.", 404)
    if name != SATURATION:
        raise missing
    try:
        return revalidated(request, read(model.folder, SATURATION), "image/svg+xml")
    except BrokenModelError:
        raise missing from None


def render(text: str) -> Markup:
    """Return Markdown as HTML, with all HTML in it escaped.

    Columns are aligned by a class, since the policy forbids inline styles; an empty header cell becomes a data cell.
    """
    tokens = _MARKDOWN.parse(text)
    for token in tokens:
        if token.type == "table_open":
            token.attrs["tabindex"] = 0  # so that the keyboard can scroll it in a narrow window
        if token.attrs.pop("style", "") == "text-align:right":
            token.attrs["class"] = "figure"
    for before, token, behind in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if before.type == "th_open" and not token.content:
            before.tag = behind.tag = "td"
    return Markup(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}))  # noqa: S704


def address(model: Model, named: NamedUnit) -> str:
    """Return the address of the page with a unit pinned, from the root of the site on."""
    layer = list(model.network.layers()).index((named.layer, named.direction))
    pinned = {"layer": layer, "unit": named.unit} if layer else {"unit": named.unit}
    return f"/?{urlencode({'model': model.id})}#{urlencode(pinned)}"
