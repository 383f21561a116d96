"""The pages, rendered on the server with a first trace inside, and the files that they load."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import fastapi_offline
import orjson
import plotly
from fastapi import APIRouter, FastAPI, Query
from fastapi_problem.error import Problem
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from .. import __version__
from ..api.models import card
from ..api.problems import EMPTY_TEXT
from ..api.schemas import TraceOptions
from ..api.traces import trace_json
from ..settings import Settings, data_folder
from ..store import Model, Store

router = APIRouter(include_in_schema=False)

_PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
_SWAGGER = Path(fastapi_offline.__file__).parent / "static"
VENDOR = {
    "plotly.min.js": _PLOTLY,
    "swagger-ui-bundle.js": _SWAGGER / "swagger-ui-bundle.js",
    "swagger-ui.css": _SWAGGER / "swagger-ui.css",
}


# Cells of one picture that Plotly.js repaints without a noticeable pause; a longer text is shown in parts.
PAGE_CELLS = 150_000

_CELL_ORDER = ("lstm", "gru", "rnn")

# What the page reads of a model's card.
_BOOT_FIELDS = {
    "id",
    "cell",
    "hidden_size",
    "tokenizer",
    "activations",
    "outputs",
    "opposite",
}


@cache
def plotly_version() -> str:
    """Version of the Plotly.js inside the ``plotly`` package, which stands in the first lines of the file."""
    with _PLOTLY.open(encoding="utf-8") as file:
        found = re.search(r"plotly\.js v(\S+)", file.read(500))
    return found.group(1) if found else plotly.__version__


@dataclass(frozen=True)
class FirstView:
    """What the page opens with."""

    model: Model
    text: str
    notice: str  # why it is not what the address asked for; empty where it is
    trace: bytes  # JSON of a TraceAnswer, or null


@router.get("/", response_class=HTMLResponse)
def index(
    request: Request,
    model: Annotated[str | None, Query()] = None,
    text: Annotated[str | None, Query()] = None,
) -> Response:
    """The page, with the trace of the sentence in its address."""
    store: Store = request.app.state.store
    settings: Settings = request.app.state.settings
    if not store.models:
        return _templates().TemplateResponse(
            request, "no_models.html", {"broken": store.broken, "folder": store.folder}, status_code=503
        )
    view = first_view(store, settings, model, text)
    siblings = sorted(store.task(view.model.config.task), key=lambda each: _CELL_ORDER.index(each.config.network.cell))
    boot = {
        "model": view.model.id,
        "text": view.text,
        "maxText": settings.max_text,
        "pageCells": PAGE_CELLS,
        "models": [card(each).model_dump(mode="json", include=_BOOT_FIELDS) for each in siblings],
    }
    return _templates().TemplateResponse(
        request,
        "index.html",
        {
            "view": view,
            "siblings": siblings,
            "boot": _script_safe(orjson.dumps(boot)),
            "trace": _script_safe(view.trace),
            "plotly_version": plotly_version(),
        },
    )


@router.get("/docs", response_class=HTMLResponse)
def docs(request: Request) -> Response:
    """The API, to read and to try."""
    return _templates().TemplateResponse(request, "docs.html", {"openapi": request.app.openapi_url})


@router.get("/vendor/{_version}/{name}")
def vendor(name: str) -> Response:
    """A file of a package that we depend on; its version stands in the address, so that it may be cached for good."""
    if name not in VENDOR:
        raise Problem("Not found", "not-found", f"There is no file {name!r} here.", 404)
    return FileResponse(VENDOR[name], headers={"Cache-Control": "public, max-age=31536000, immutable"})


def first_view(store: Store, settings: Settings, model_id: str | None, text: str | None) -> FirstView:
    """The model and text of the address as far as they can be shown, else the defaults, with a notice that says so."""
    notice = ""
    chosen = store.models.get(model_id or settings.default_model)
    if chosen is None:
        chosen = store.models.get(settings.default_model) or next(iter(store))
        if model_id:
            notice = f"There is no model “{model_id}” here; this is {chosen.id}."
    if text is None:
        text = chosen.config.examples[0] if chosen.config.examples else ""
    network = chosen.config.network
    steps = max(1, PAGE_CELLS // (network.hidden_size * len(network.cell_definition.activations)))
    try:
        trace = trace_json(chosen, TraceOptions(text=text, stop=steps, encoding="base64"), settings)
    except Problem as problem:
        trace = b"null"
        if problem.type != EMPTY_TEXT:
            notice = f"{notice} {problem.detail}".strip()
    return FirstView(chosen, text, notice, trace)


class _RevalidatedFiles(StaticFiles):
    """Files that a browser asks after each time: one module's import of another carries no version."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def install(app: FastAPI) -> None:
    """Add the pages and the static files to ``app``."""
    app.include_router(router)
    app.mount("/static", _RevalidatedFiles(directory=data_folder("static")), name="static")


@cache
def _templates() -> Jinja2Templates:
    templates = Jinja2Templates(directory=data_folder("templates"))
    templates.env.globals |= {"version": __version__}
    return templates


def _script_safe(json: bytes) -> Markup:
    """JSON that can stand inside a script element: no ``<`` that could close it."""
    return Markup(json.decode().replace("<", r"\u003c"))  # noqa: S704
