"""What Prometheus reads: how many requests there were, and how long they took."""

from collections.abc import Callable
from types import SimpleNamespace

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from prometheus_fastapi_instrumentator import Instrumentator, metrics, routing
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, Response
from starlette.types import Scope

from .requests import OTHER, PROBES, Outcome

_NOT_COUNTED = PROBES | {"/static"}


def install(app: FastAPI) -> CollectorRegistry:
    """Let Prometheus read ``/metrics`` of ``app``.

    Returns the registry behind it, to which other parts add counters. Where several processes serve, each writes its
    figures into the folder PROMETHEUS_MULTIPROC_DIR, and any of them answers for all.
    """
    registry = CollectorRegistry()
    Instrumentator(registry=registry).expose(
        app, tags=["service"], summary="Prometheus metrics", response_class=PlainTextResponse
    )
    return registry


def router_of(app: FastAPI) -> Callable[[Scope], str]:
    """Return a function that names the route of a request to ``app``, ``other`` if there is none.

    Every name is that of a route: clients may invent as many paths as they like.
    """
    # Without its router, which would redirect a path with a slash too many, and which the library names by the path.
    routes = SimpleNamespace(routes=app.routes)

    def route_of(scope: Scope) -> str:
        return routing.get_route_name(HTTPConnection({**scope, "app": routes}), should_include_root_path=False) or OTHER

    return route_of


def counter(registry: CollectorRegistry) -> Callable[[Outcome], None]:
    """Return a function that counts and times requests in ``registry`` by route, and never by what was asked."""
    observe = metrics.default(registry=registry)
    assert observe is not None  # noqa: S101  it is None only if the registry has these metrics already

    def count(outcome: Outcome) -> None:
        if outcome.route in _NOT_COUNTED:
            return
        observe(
            metrics.Info(
                request=outcome.request,
                response=Response(status_code=outcome.status, headers=outcome.headers),
                method=outcome.method,
                modified_handler=outcome.route,
                modified_status=f"{outcome.status // 100}xx",
                modified_duration=outcome.seconds,
            )
        )

    return count
