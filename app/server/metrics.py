"""What Prometheus reads: how many requests there were, and how long they took."""

from http import HTTPMethod

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator, metrics


def install(app: FastAPI) -> CollectorRegistry:
    """Count and time the requests of ``app`` by route, and never by what was asked; Prometheus reads ``/metrics``.

    Returns the registry behind it, to which other parts add counters.
    """
    registry = CollectorRegistry()
    instrumentator = Instrumentator(excluded_handlers=["/metrics", "/healthz", "/readyz", "/static"], registry=registry)
    instrumentator.add(_limit_methods, metrics.default(registry=registry))
    instrumentator.instrument(app).expose(app, tags=["service"], summary="Prometheus metrics")
    return registry


def _limit_methods(info: metrics.Info) -> None:
    """Give all methods that HTTP does not define one label: clients may invent as many as they like."""
    if info.method not in HTTPMethod.__members__:
        info.method = "other"
