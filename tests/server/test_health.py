"""Health and readiness."""

import threading
from pathlib import Path
from typing import Any

import pytest
from fastapi_problem.error import Problem
from gatescope.api.wire.problems import states_overflow
from gatescope.server import health
from serving import client
from starlette.testclient import TestClient

OK = {"status": "ok", "models": 5, "broken": 1}
NO_TRACE = {"status": "no trace", "models": 5, "broken": 1}


@pytest.fixture
def traced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the models that are tried."""
    names: list[str] = []
    real = health.trace_json

    def recorded(model: Any, options: Any, settings: Any) -> bytes:
        names.append(model.id)
        return real(model, options, settings)

    monkeypatch.setattr(health, "trace_json", recorded)
    return names


def test_health(api: TestClient) -> None:
    assert api.get("/healthz").json() == {"status": "ok"}


def test_readiness_counts_models(api: TestClient) -> None:
    assert api.get("/readyz").json() == OK


@pytest.mark.parametrize("model", ["lstm", "both-ways", "letters"])
def test_ready_means_that_the_default_model_traces(models: Path, traced: list[str], model: str) -> None:
    api = client(models, default_model=model)
    assert (api.get("/readyz").status_code, traced) == (200, [model])
    assert "gatescope_traces_total 0.0" in api.get("/metrics").text


def test_without_the_default_model_it_is_the_one_that_the_page_opens_with(models: Path, traced: list[str]) -> None:
    assert client(models, default_model="nope").get("/readyz").json() == OK
    assert traced == ["both-ways"]


def test_a_trial_answers_for_a_moment(models: Path, traced: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "KEPT_FOR", 3600)
    with client(models) as api:
        for _ in range(3):
            assert api.get("/readyz").json() == OK
        assert traced == ["lstm"]
        monkeypatch.setattr(health, "KEPT_FOR", 0)
        api.app.state.trial._until = 0  # type: ignore[attr-defined]
        for _ in range(2):
            assert api.get("/readyz").json() == OK
        assert traced == ["lstm"] * 3


@pytest.mark.parametrize("error", [states_overflow("h", 0, 1, "float32", "Give up"), RuntimeError("xylophone")])
def test_a_trace_that_fails_is_not_ready(
    models: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def fail(*_: Any) -> bytes:
        raise error

    with client(models) as api:
        monkeypatch.setattr(health, "trace_json", fail)
        response = api.get("/readyz")
    assert (response.status_code, response.json()) == (503, NO_TRACE)
    assert "a trace of the model lstm would fail" in caplog.text
    assert isinstance(error, Problem) == ("leaves the range" in caplog.text)


def test_a_trace_that_does_not_end_is_not_ready_and_is_not_joined_by_another(
    models: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ended, has_begun, begun = threading.Event(), threading.Event(), []
    real = health.trace_json

    def slow(*options: Any) -> bytes:
        begun.append(options)
        has_begun.set()
        ended.wait(60)
        return real(*options)

    monkeypatch.setattr(health, "trace_json", slow)
    monkeypatch.setattr(health, "PATIENCE", 0.05)
    monkeypatch.setattr(health, "KEPT_FOR", 0)
    with client(models) as api:
        for _ in range(3):
            assert api.get("/readyz").json() == NO_TRACE
            assert api.get("/healthz").status_code == 200
        assert has_begun.wait(60)
        assert len(begun) == 1
        assert "has not ended" in caplog.text
        ended.set()
        monkeypatch.setattr(health, "PATIENCE", 60)
        assert api.get("/readyz").json() == OK
