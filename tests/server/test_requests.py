"""What is noted of a request: its id, a line in the log, and never what a person typed."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documentation import blocks, table
from fastapi import FastAPI
from gatescope.main import create_app
from gatescope.server.logs import JsonLines
from gatescope.settings import Settings
from serving import client
from starlette.responses import StreamingResponse
from starlette.testclient import TestClient

MARKER = "xylophone"


class DefectError(Exception):
    """A defect whose message quotes a text."""


@pytest.fixture
def defective(models: Path) -> TestClient:
    """A client of an application with two defective calls."""
    app: FastAPI = create_app(Settings(models=models, default_model="lstm"))

    @app.get("/defect")
    def defect() -> None:
        raise DefectError(MARKER)

    @app.get("/late")
    def late() -> StreamingResponse:
        def content() -> Iterator[bytes]:
            yield b"x"
            raise DefectError(MARKER)

        return StreamingResponse(content())

    return TestClient(app)


def fields(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    records = [each for each in caplog.records if each.name == "gatescope.server.requests" and each.levelno < 40]
    return [each.fields for each in records]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", f"/?text={MARKER}", "/", 200),
        ("GET", f"/api/v1/models/lstm/trace?text={MARKER}", "/api/v1/models/{model}/trace", 200),
        ("HEAD", f"/api/v1/models/lstm/trace?text={MARKER}", "/api/v1/models/{model}/trace", 200),
        ("POST", "/api/v1/models/lstm/traces", "/api/v1/models/{model}/traces", 422),
        ("GET", f"/api/v1/models/{MARKER}", "/api/v1/models/{model}", 404),
        ("GET", f"/api/v1/models/{MARKER}/", "other", 307),
        ("GET", f"/{MARKER}", "other", 404),
        ("GET", f"/static/{MARKER}.js", "/static", 404),
        (MARKER.upper(), "/", "/", 405),
    ],
)
def test_a_request_is_logged_by_its_route(
    api: TestClient, caplog: pytest.LogCaptureFixture, method: str, path: str, route: str, status: int
) -> None:
    caplog.set_level(logging.INFO, "gatescope")
    body = {"json": {"txt": MARKER}} if method == "POST" else {}
    response = api.request(method, path, follow_redirects=False, **body)
    [line] = fields(caplog)
    assert line.pop("seconds") > 0
    assert line == {
        "method": method if method != MARKER.upper() else "other",
        "route": route,
        "status": status,
        "request_id": response.headers["x-request-id"],
    }
    assert MARKER not in caplog.text.lower()


def test_the_fields_are_documented(api: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gatescope")
    api.get("/docs")
    [line] = fields(caplog)
    assert [name for name, _ in table("docs/deployment.md", "field")] == [f"`{name}`" for name in line]
    [shown] = [block.text for block in blocks("docs/deployment.md") if block.language == "json"]
    assert list(json.loads(shown)) == ["time", "level", "logger", "message", *line]


def test_probes_are_logged_only_for_those_who_debug(api: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gatescope")
    for path in ("/healthz", "/readyz", "/metrics"):
        api.get(path)
    assert fields(caplog) == []
    caplog.set_level(logging.DEBUG, "gatescope")
    api.get("/healthz")
    assert [each["route"] for each in fields(caplog)] == ["/healthz"]


@pytest.mark.parametrize("token", ["a", "4bf92f35-77b3.A_b", "x" * 64])
def test_a_token_is_taken_over_as_the_id(api: TestClient, token: str) -> None:
    assert api.get("/healthz", headers={"X-Request-ID": token}).headers.get_list("x-request-id") == [token]


@pytest.mark.parametrize("given", [None, "", "x" * 65, "the movie", "<b>", "a;b", "ü".encode()])
def test_any_other_id_is_replaced(api: TestClient, given: str | bytes | None) -> None:
    headers = {} if given is None else {"X-Request-ID": given}
    ids = [api.get("/healthz", headers=headers).headers["x-request-id"] for _ in range(2)]  # type: ignore[arg-type]
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in ids)
    assert ids[0] != ids[1]


@pytest.mark.parametrize("host", ["testserver", "evil.example"])
def test_refusals_have_an_id_too(api: TestClient, host: str) -> None:
    response = api.post("/api/v1/models/lstm/traces", content=b"x" * 1_000_001, headers={"Host": host})
    assert response.status_code == (413 if host == "testserver" else 421)
    assert response.headers["x-request-id"]


def test_a_defect_is_answered_with_the_id_under_which_it_is_logged(
    defective: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gatescope")
    response = defective.get("/defect", headers={"X-Request-ID": "mine"})
    assert (response.status_code, response.headers["content-type"]) == (500, "application/problem+json")
    assert response.json()["type"] == "internal-error"
    assert response.json()["request_id"] == response.headers["x-request-id"] == "mine"
    assert response.headers["x-content-type-options"] == "nosniff"
    failed, line = [each for each in caplog.records if each.name == "gatescope.server.requests"]
    assert (failed.levelname, failed.getMessage()) == ("ERROR", "the request mine failed")
    logged = json.loads(JsonLines().format(failed))
    assert logged["request_id"] == "mine"
    assert "test_requests.py" in logged["stack"]
    assert logged["stack"].endswith(".DefectError")
    assert MARKER not in json.dumps(logged)
    assert line.fields["status"] == 500  # type: ignore[attr-defined]


def test_a_defect_within_an_answer_ends_it_before_its_end(
    defective: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = defective.get("/late")
    assert response.status_code == 200
    assert "failed" in caplog.text


def test_counts_are_of_all_answers(models: Path) -> None:
    api = client(models)
    api.get("/api/v1/models", headers={"Host": "evil.example"})
    api.post("/api/v1/models/lstm/traces", content=b"x" * 1_000_001)
    metrics = api.get("/metrics").text
    assert 'http_requests_total{handler="/api/v1/models",method="GET",status="4xx"} 1.0' in metrics
    assert 'http_requests_total{handler="/api/v1/models/{model}/traces",method="POST",status="4xx"} 1.0' in metrics
