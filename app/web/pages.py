"""The pages, rendered on the server with their first traces inside, and the files that they load."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import fastapi_offline
import orjson
import plotly
from fastapi import APIRouter, FastAPI
from fastapi_problem.error import Problem
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from ..api.wire.bounded import BoundedRoute
from ..api.wire.computing import computed, watch_of
from ..api.wire.problems import unknown_model
from ..figures.stylesheet import stylesheet as figures_stylesheet
from ..settings import Settings, data_folder
from ..store.files import printable
from ..store.series import KINDS
from ..store.store import Store
from . import cards
from .boot import boot
from .cells import stylesheet
from .first_view import COMPARISONS, first_view, lanes, place_of_cell
from .invitation import called
from .look import Look, example_of
from .revalidated import revalidated
from .screen import screen
from .story.chapters import chapters_for
from .story.figures import figures
from .templates import script_safe, templates
from .uploads import uploads

router = APIRouter(include_in_schema=False, route_class=BoundedRoute)

_PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
_SWAGGER = Path(fastapi_offline.__file__).parent / "static"
VENDOR = {
    "plotly.min.js": _PLOTLY,
    "swagger-ui-bundle.js": _SWAGGER / "swagger-ui-bundle.js",
    "swagger-ui.css": _SWAGGER / "swagger-ui.css",
}

# Next to the other stylesheets, though they are not files.
CELL_STYLES = "/static/css/cells.css"
FIGURE_STYLES = "/static/css/figures.css"


@cache
def plotly_version() -> str:
    """Return the version of the Plotly.js inside the ``plotly`` package, from the first lines of the file."""
    with _PLOTLY.open(encoding="utf-8") as file:
        match = re.search(r"plotly\.js v(\S+)", file.read(500))
    return match.group(1) if match else plotly.__version__


def _store(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


@router.get("/", response_class=HTMLResponse)
async def index(request: Request) -> Response:
    """Return the page, with the traces of what its address asks for."""
    return await computed(request, watch_of(request.app.state.settings), _page, request)


def _page(request: Request) -> Response:
    store = _store(request)
    settings: Settings = request.app.state.settings
    if not store.models:
        folder = printable(str(store.folder))
        return templates().TemplateResponse(
            request, "no_models.html", {"broken": store.broken, "folder": folder}, status_code=503
        )
    view = first_view(store, settings, request.query_params)
    models = sorted(store, key=lambda each: (each.config.task, place_of_cell(each)))
    chapters = chapters_for(store.models)
    context = {
        "opening": view,
        "comparisons": COMPARISONS,
        "called": called,
        "example_of": example_of,
        "endings": ",".join(f".{each}" for each in KINDS),
        "tasks": list(dict.fromkeys(each.config.task for each in models)),
        "siblings": [each for each in models if each.config.task == view.model.config.task],
        "chapters": chapters,
        "figures": figures(),
        "boot": script_safe(orjson.dumps(boot(view, models, chapters, settings))),
        "traces": script_safe(view.traces),
        "plotly_version": plotly_version(),
        "uploads": uploads(request, request.app.state.store),
    }
    return templates().TemplateResponse(request, "index.html", context)


@router.post("/first-screen", response_class=HTMLResponse)
async def fragment(request: Request, look: Look) -> Response:
    """Return the first screen of a look as a fragment, which the page puts in the place of the one before."""
    store = _store(request)
    model = store.models.get(look.model)
    if model is None:
        raise unknown_model(look.model, sorted(store.models))
    look = look.model_copy(update={"example": example_of(model, look.text or "")})
    asked = lanes(store, model, look.text or "", look.compare, look.other)
    settings: Settings = request.app.state.settings
    drawn = await computed(request, watch_of(settings), screen, asked, look, settings)
    return HTMLResponse(drawn, headers={"Cache-Control": "no-store"})


@router.get("/docs", response_class=HTMLResponse)
def docs(request: Request) -> Response:
    """Return the documentation of the API, to read and to try."""
    return templates().TemplateResponse(request, "docs.html", {"openapi": request.app.openapi_url})


@router.get(CELL_STYLES)
def cell_styles(request: Request) -> Response:
    """Return the stylesheet of the cells' hues."""
    return revalidated(request, stylesheet().encode(), "text/css")


@router.get(FIGURE_STYLES)
def figure_styles(request: Request) -> Response:
    """Return the stylesheet of the first screen."""
    return revalidated(request, figures_stylesheet().encode(), "text/css")


@router.get("/vendor/{_version}/{name}")
def vendor(name: str) -> Response:
    """Return a file of a dependency; the address holds its version, so that it may be cached forever."""
    if name not in VENDOR:
        raise Problem("Not found", "not-found", f"There is no file {name!r} here.", 404)
    return FileResponse(VENDOR[name], headers={"Cache-Control": "public, max-age=31536000, immutable"})


class _RevalidatedFiles(StaticFiles):
    """Files that a browser revalidates each time: when one module imports another, the address has no version."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def install(app: FastAPI) -> None:
    """Add the pages and the static files to ``app``."""
    app.include_router(router)
    app.include_router(cards.router)
    app.mount("/static", _RevalidatedFiles(directory=data_folder("static")), name="static")
