"""The application: the only place where all parts meet."""

import torch
from fastapi import APIRouter, FastAPI
from secure.middleware import SecureASGIMiddleware
from starlette_compress import CompressMiddleware

from . import __version__, service
from .api import models, openapi, problems, traces
from .settings import Settings
from .store import Store
from .web import pages, security

DESCRIPTION = """Every gate, candidate and state of small trained LSTM, GRU and plain RNN models, word by word.

Arrays are (T, H): a row for each token, a column for each unit. Letters are those of the PyTorch documentation.
Errors are RFC 9457 problem details (`application/problem+json`), each with a `detail` that says what to do."""


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the application; models are read once, here."""
    settings = settings or Settings()
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
    )
    app.state.settings = settings
    app.state.store = Store(settings.models)
    api = APIRouter(prefix="/api/v1")
    api.include_router(models.router)
    api.include_router(traces.router)
    app.include_router(api)
    app.include_router(service.router)
    service.install_metrics(app)
    pages.install(app)
    problems.install(app)
    openapi.install(app)
    app.add_middleware(problems.BodyLimit, max_body_size=settings.max_body)
    app.add_middleware(CompressMiddleware)
    app.add_middleware(SecureASGIMiddleware, secure=security.HEADERS)
    return app
