"""Health, metrics and logging."""

import logging
from pathlib import Path

import pytest
from gatescope.server.service import configure_logging
from serving import client
from starlette.testclient import TestClient


def test_health(api: TestClient) -> None:
    assert api.get("/healthz").json() == {"status": "ok"}


def test_readiness_counts_models(api: TestClient) -> None:
    assert api.get("/readyz").json() == {"status": "ok", "models": 5, "broken": 1}


def test_metrics_count_requests_by_route_and_keep_the_text_out(api: TestClient) -> None:
    api.get("/api/v1/models/lstm/trace", params={"text": "good xylophone"})
    metrics = api.get("/metrics").text
    assert 'handler="/api/v1/models/{model}/trace"' in metrics
    assert "xylophone" not in metrics


def test_metrics_do_not_grow_with_invented_methods(models: Path) -> None:
    api = client(models)
    for number in range(3):
        api.request(f"FOO{number}", "/api/v1/models")
    metrics = api.get("/metrics").text
    assert "FOO" not in metrics
    assert 'http_requests_total{handler="/api/v1/models",method="other",status="4xx"} 3.0' in metrics


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/docs",
        "/healthz",
        "/readyz",
        "/metrics",
        "/static/css/tokens.css",
        "/api/v1/openapi.json",
        "/api/v1/models",
        "/api/v1/models/lstm",
        "/api/v1/models/lstm/trace?text=good",
        "/nope",
    ],
)
def test_head_is_answered_as_get_without_the_body(api: TestClient, path: str) -> None:
    head, get = api.head(path), api.get(path)
    assert (head.status_code, head.headers["content-type"]) == (get.status_code, get.headers["content-type"])
    assert head.headers.keys() == get.headers.keys()
    assert (head.content, get.content != b"") == (b"", True)


def test_head_is_not_answered_where_get_is_not(api: TestClient) -> None:
    response = api.head("/api/v1/models/lstm/traces")
    assert (response.status_code, response.headers["allow"], response.content) == (405, "POST", b"")


def test_logging_goes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        configure_logging("warning")
        logging.getLogger("gatescope.test").warning("seen")
        logging.getLogger("gatescope.test").info("not seen")
        out, err = capfd.readouterr()
    finally:
        root.handlers, root.level = before
    assert out == ""
    assert err.endswith(" WARNING gatescope.test: seen\n")
