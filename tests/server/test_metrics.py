"""Metrics: by route, and never by what was asked."""

from pathlib import Path

from serving import client
from starlette.testclient import TestClient


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
