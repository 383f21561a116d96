"""What Prometheus reads: how many requests there were, and how long they took."""

from http import HTTPMethod

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator, metrics


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
