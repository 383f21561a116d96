"""What a service needs beside its calls: health, metrics, logging, and HEAD wherever there is GET."""

import logging
import logging.config
from http import HTTPMethod

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator, metrics
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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


def install_metrics(app: FastAPI) -> CollectorRegistry:
    """Count and time the requests of ``app`` by route, never by what was asked; Prometheus reads ``/metrics``.

    Returns the registry of what is read there, for counters of other parts.
    """
    registry = CollectorRegistry()
    instrumentator = Instrumentator(excluded_handlers=["/metrics", "/healthz", "/readyz", "/static"], registry=registry)
    instrumentator.add(_bound_method, metrics.default(registry=registry))
    instrumentator.instrument(app).expose(app, tags=["service"], summary="Prometheus metrics")
    return registry


def _bound_method(info: metrics.Info) -> None:
    """Put one label in place of every method that is none of HTTP: clients may invent as many as they like."""
    if info.method not in HTTPMethod.__members__:
        info.method = "other"


class HeadAsGet:
    """Answers HEAD as GET, without the body; nothing behind it, the metrics included, knows HEAD."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**scope, "method": "GET"}, receive, send_without_body)


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
