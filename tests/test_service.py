"""Health, metrics and logging."""

import logging

import pytest
from gatescope.service import configure_logging
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
