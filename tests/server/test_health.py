"""Health and readiness."""

from starlette.testclient import TestClient


def test_health(api: TestClient) -> None:
    assert api.get("/healthz").json() == {"status": "ok"}


def test_readiness_counts_models(api: TestClient) -> None:
    assert api.get("/readyz").json() == {"status": "ok", "models": 5, "broken": 1}
