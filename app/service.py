"""What a service needs beside its calls: health, metrics and logging."""

import logging
import logging.config

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

router = APIRouter(tags=["service"])


class Health(BaseModel):
    """Whether the process is up."""

    status: str = Field(description="`ok`.")


class Readiness(BaseModel):
    """Whether the models are loaded."""

    status: str = Field(description="`ok`, or `no models` where none can be used.")
    models: int = Field(ge=0, description="Models that serve.")
    broken: int = Field(ge=0, description="Models that are installed but cannot be used.")


@router.get("/healthz", summary="Process up")
def healthz() -> Health:
    """Answers as long as the process does."""
    return Health(status="ok")


@router.get(
    "/readyz", summary="Models loaded", responses={503: {"model": Readiness, "description": "No model serves."}}
)
def readyz(request: Request, response: Response) -> Readiness:
    """Whether at least one model can answer."""
    store = request.app.state.store
    if not store.models:
        response.status_code = 503
    return Readiness(status="ok" if store.models else "no models", models=len(store.models), broken=len(store.broken))


def install_metrics(app: FastAPI) -> None:
    """Count and time the requests of ``app`` by route, never by what was asked; Prometheus reads ``/metrics``."""
    Instrumentator(
        excluded_handlers=["/metrics", "/healthz", "/readyz", "/static"], registry=CollectorRegistry()
    ).instrument(app).expose(app, tags=["service"], summary="Prometheus metrics")


def configure_logging(level: str) -> None:
    """Log to standard error from ``level`` up, one line a message."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"level": level.upper(), "handlers": ["stderr"]},
        }
    )
