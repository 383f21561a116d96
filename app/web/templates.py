"""The templates of the pages, and JSON that is safe inside them."""

from functools import cache

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from starlette.requests import Request
from starlette.templating import Jinja2Templates

from .. import __version__
from ..api.wire.root import root_of
from ..recurrent.cells import NAMES
from ..settings import data_folder


@cache
def templates() -> Jinja2Templates:
    """Return the templates, with what all of them use; whatever they are given is escaped."""
    # Starlette's own environment escapes only what is called .html, .htm or .xml.
    environment = Environment(loader=FileSystemLoader(data_folder("templates")), autoescape=True)
    loaded = Jinja2Templates(env=environment, context_processors=[_root])
    loaded.env.globals |= {"version": __version__, "names": NAMES}
    return loaded


def _root(request: Request) -> dict[str, str]:
    """Return what every address on this site begins with, for the templates."""
    return {"root": root_of(request.scope)}


def script_safe(json: bytes) -> Markup:
    """Return JSON that is safe inside a script element: without a ``<`` that could close it."""
    return Markup(json.decode().replace("<", r"\u003c"))  # noqa: S704
