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

from ..api.models.routes import card
from ..settings import Settings, data_folder
from ..store.store import Store
from . import cards, invisible
from .first_view import CELLS, PAGE_CELLS, open_page, still
from .templates import script_safe, templates

router = APIRouter(include_in_schema=False)

_PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
_SWAGGER = Path(fastapi_offline.__file__).parent / "static"
VENDOR = {
    "plotly.min.js": _PLOTLY,
    "swagger-ui-bundle.js": _SWAGGER / "swagger-ui-bundle.js",
    "swagger-ui.css": _SWAGGER / "swagger-ui.css",
}

TOUR_MODELS = {*(f"{task}-{cell}" for task in ("sentiment", "prose") for cell in CELLS), "anbn-lstm"}

# What the page reads of a model's card.
_BOOT_FIELDS = {
    "id",
    "title",
    "task",
    "cell",
    "description",
    "network",
    "hidden_size",
    "tokenizer",
    "activations",
    "outputs",
    "opposite",
    "predicts_next",
    "next_outputs",
    "examples",
    "units",
}


@cache
def plotly_version() -> str:
    """Version of the Plotly.js inside the ``plotly`` package, which stands in the first lines of the file."""
    with _PLOTLY.open(encoding="utf-8") as file:
        found = re.search(r"plotly\.js v(\S+)", file.read(500))
    return found.group(1) if found else plotly.__version__


@router.get("/", response_class=HTMLResponse)
def index(request: Request) -> Response:
    """The page, with the traces of what its address asks for."""
    store: Store = request.app.state.store
    settings: Settings = request.app.state.settings
    if not store.models:
        return templates().TemplateResponse(
            request, "no_models.html", {"broken": store.broken, "folder": store.folder}, status_code=503
        )
    opening = open_page(store, settings, request.query_params)
    models = sorted(store, key=lambda each: (each.config.task, CELLS.index(each.config.network.cell)))
    boot = {
        "model": opening.model.id,
        "text": opening.text,
        "compare": opening.compare,
        "other": opening.other,
        "maxText": settings.max_text,
        "pageCells": PAGE_CELLS,
        "invisible": invisible.for_page(),
        "models": [card(each).model_dump(mode="json", include=_BOOT_FIELDS) for each in models],
    }
    context = {
        "opening": opening,
        "tasks": list(dict.fromkeys(each.config.task for each in models)),
        "siblings": [each for each in models if each.config.task == opening.model.config.task],
        "still": still(opening, settings.engine),
        "tour": store.models.keys() >= TOUR_MODELS,
        "boot": script_safe(orjson.dumps(boot)),
        "traces": script_safe(opening.traces),
        "plotly_version": plotly_version(),
    }
    return templates().TemplateResponse(request, "index.html", context)


@router.get("/docs", response_class=HTMLResponse)
def docs(request: Request) -> Response:
    """The API, to read and to try."""
    return templates().TemplateResponse(request, "docs.html", {"openapi": request.app.openapi_url})


@router.get("/vendor/{_version}/{name}")
def vendor(name: str) -> Response:
    """A file of a package that we depend on; its version stands in the address, so that it may be cached for good."""
    if name not in VENDOR:
        raise Problem("Not found", "not-found", f"There is no file {name!r} here.", 404)
    return FileResponse(VENDOR[name], headers={"Cache-Control": "public, max-age=31536000, immutable"})


class _RevalidatedFiles(StaticFiles):
    """Files that a browser asks after each time: one module's import of another carries no version."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def install(app: FastAPI) -> None:
    """Add the pages and the static files to ``app``."""
    app.include_router(router)
    app.include_router(cards.router)
    app.mount("/static", _RevalidatedFiles(directory=data_folder("static")), name="static")
