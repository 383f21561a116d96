"""The templates of the pages, and JSON that may stand inside them."""

from functools import cache

from markupsafe import Markup
from starlette.templating import Jinja2Templates

from .. import __version__
from ..recurrent.cells import NAMES
from ..settings import data_folder


@cache
def templates() -> Jinja2Templates:
    """Every template, with what all of them use."""
    found = Jinja2Templates(directory=data_folder("templates"))
    found.env.globals |= {"version": __version__, "names": NAMES}
    return found


def script_safe(json: bytes) -> Markup:
    """JSON that can stand inside a script element: no ``<`` that could close it."""
    return Markup(json.decode().replace("<", r"\u003c"))  # noqa: S704
