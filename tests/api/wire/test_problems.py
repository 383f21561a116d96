"""Errors that no call makes of itself: the framework's, and defects."""

import pytest
from fastapi import FastAPI
from gatescope.api.wire import problems
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient


@pytest.mark.parametrize("path", ["/nope", "/api/v1/nope", "/static/nope.js", "/vendor/4.1.1/nope.js"])
def test_nothing_there(api: TestClient, path: str) -> None:
    response = api.get(path)
    assert (response.status_code, response.headers["content-type"]) == (404, "application/problem+json")
    assert response.json()["type"] == "not-found"
    assert path in response.json()["detail"] or "'nope.js'" in response.json()["detail"]


def test_wrong_method(api: TestClient) -> None:
    response = api.delete("/api/v1/models")
    assert response.headers["allow"] == "GET, HEAD"
    assert response.json() == {
        "type": "method-not-allowed",
        "title": "Method not allowed",
        "status": 405,
        "detail": "/api/v1/models does not take DELETE; it takes GET, HEAD.",
    }


def test_defect_is_answered_without_its_secrets() -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/defect")
    def defect() -> None:
        raise RuntimeError("the password is swordfish")

    response = TestClient(app, raise_server_exceptions=False).get("/defect")
    assert response.json() == {
        "type": "internal-error",
        "title": "Internal error",
        "status": 500,
        "detail": "The server failed unexpectedly, and logged the error. The same request may fail again.",
    }


def test_any_other_error_of_the_framework() -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/teapot")
    def teapot() -> None:
        raise HTTPException(418, "I'm a teapot")

    response = TestClient(app).get("/teapot")
    assert response.json() == {"type": "http-418", "title": "I'm a teapot", "status": 418, "detail": "I'm a teapot"}
