"""The application: the one place where all parts meet."""

import logging
import os

import torch
from fastapi import APIRouter, FastAPI
from starlette_compress import CompressMiddleware

from . import __version__
from .api.decompositions import routes as decompositions
from .api.experiments import routes as experiments
from .api.imports import routes as imports
from .api.limits import routes as limits
from .api.memory import routes as memory
from .api.models import routes as models
from .api.rankings import routes as rankings
from .api.series import routes as series
from .api.traces import routes as traces
from .api.traces.schemas import StepAnswer
from .api.wire import openapi, problems
from .server import health, metrics, security
from .server.compression import CompressLargeInThreads
from .server.hosts import HostCheck, Hosts
from .server.load import AnswerWhenStopped, CutSlowClients, LimitInFlight
from .server.logs import guard_logs
from .server.middleware import HeadAsGet, RefreshModels, WithHeaders
from .server.representations import KnownRanges, TagByEncoding
from .server.requests import Requests
from .server.root_path import UnderRootPath
from .server.warm_up import warmed
from .settings import Settings
from .store.files import printable
from .store.store import Store
from .store.watched import WatchedStore
from .web import pages

logger = logging.getLogger(__name__)

DESCRIPTION = """Every gate, candidate and state of small trained LSTM, GRU and plain RNN models, word by word.

Arrays are (T, H): a row for each token, a column for each unit. Letters are those of the PyTorch documentation.
Errors are RFC 9457 problem details (`application/problem+json`), each with a `detail` that says what to do."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application over the models in the folder of the settings, which may change while it runs."""
    settings = settings or Settings()
    guard_logs(settings.log_level, settings.log_format)
    torch.set_num_threads(settings.threads)
    app = FastAPI(
        title="Gatescope",
        version=__version__,
        description=DESCRIPTION,
        license_info={"name": "MIT", "identifier": "MIT"},
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
        lifespan=warmed,
    )
    app.state.settings = settings
    watched = WatchedStore(settings.models, settings.imported)
    app.state.store, app.state.watched = watched.store, watched
    _warn_of_missing_models(app.state.store)
    api = APIRouter(prefix="/api/v1")
    api.include_router(models.router)
    api.include_router(traces.router)
    api.include_router(series.router)
    api.include_router(memory.router)
    api.include_router(decompositions.router)
    api.include_router(experiments.router)
    api.include_router(rankings.router)
    api.include_router(limits.router)
    api.include_router(imports.router)
    app.include_router(api)
    health.install(app)
    registry = metrics.install(app)
    traces.install(app, registry)
    memory.install(app, registry)
    decompositions.install(app)
    rankings.install(app, registry)
    imports.install(app)
    pages.install(app)
    problems.install(app)
    openapi.install(app, StepAnswer)
    app.add_middleware(RefreshModels, models=watched)
    app.add_middleware(problems.BodyLimit, max_body_size=settings.max_body, max_upload=settings.max_upload)
    app.add_middleware(KnownRanges)
    app.add_middleware(CompressLargeInThreads)
    app.add_middleware(CompressMiddleware)
    app.add_middleware(TagByEncoding)
    app.add_middleware(HeadAsGet)
    app.add_middleware(CutSlowClients)
    app.add_middleware(AnswerWhenStopped)
    app.add_middleware(LimitInFlight, most=settings.max_in_flight, state=app.state)
    app.add_middleware(HostCheck, hosts=Hosts(settings))
    app.add_middleware(Requests, route_of=metrics.router_of(app), count=metrics.counter(registry))
    app.add_middleware(WithHeaders, headers=security.HEADERS)
    if settings.root_path:
        app.add_middleware(UnderRootPath, root=settings.root_path)
    return app


def _warn_of_missing_models(store: Store) -> None:
    """Log the models that cannot be used, and a folder without any."""
    folder = printable(str(store.folder))
    for model, reason in store.broken.items():
        logger.warning("the model %s cannot be used: %s", model, reason)
    if not os.path.isdir(store.folder):  # noqa: PTH112  Path.is_dir() fails where it may not look
        logger.warning("the folder of models %s is missing: nothing can be traced", folder)
    elif not store.models:
        logger.warning("the folder of models %s holds none that can be used: nothing can be traced", folder)
