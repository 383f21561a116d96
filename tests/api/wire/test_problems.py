"""Errors of the framework, bodies that cannot be read, and unexpected failures, each as a problem."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from gatescope.api.wire import problems
from serving import client
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from ..asking import problem


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


UNREADABLE = (
    "The body cannot be read as JSON: send UTF-8, not too deeply nested, without numbers of thousands of digits."
)
BODIES: list[tuple[bytes, str, int, str, str]] = [
    (
        b"{bad",
        "application/json",
        400,
        "malformed-json",
        "The body is not JSON: Expecting property name enclosed in double quotes at character 1.",
    ),
    (b'{"text": "\xff"}', "application/json", 400, "malformed-json", UNREADABLE),
    (b"[" * 100_000, "application/json", 400, "malformed-json", UNREADABLE),
    (b'{"start": ' + b"1" * 5000 + b"}", "application/json", 400, "malformed-json", UNREADABLE),
    (b"", "application/json", 422, "invalid-request", "body: is required."),
    (b"[1]", "application/json", 422, "invalid-request", "body: must be a JSON object with the field text or values."),
    (
        b'{"text": "a\\ud800"}',
        "application/json",
        422,
        "invalid-request",
        "text: character 1 is a lone surrogate (half of a UTF-16 pair); send whole characters.",
    ),
    (
        b'{"text": "good"}',
        "text/plain",
        415,
        "unsupported-media-type",
        "The Content-Type is 'text/plain'; send a JSON body as application/json.",
    ),
    (
        b'{"text": "good"}',
        "",
        415,
        "unsupported-media-type",
        "The Content-Type is missing; send a JSON body as application/json.",
    ),
]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "kind", "detail"), BODIES, ids=[str(body[:20]) for body, *_ in BODIES]
)
def test_bad_body(api: TestClient, body: bytes, content_type: str, status: int, kind: str, detail: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    response = api.post("/api/v1/models/lstm/traces", content=body, headers=headers)
    assert problem(response) == (status, kind, detail)


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_body_over_the_limit(models: Path, chunked: bool) -> None:
    body = b'{"text": "' + b"x" * 200 + b'"}'
    response = client(models, max_body=100).post(
        "/api/v1/models/lstm/traces",
        content=iter([body[:90], body[90:]]) if chunked else body,
        headers={"Content-Type": "application/json"},
    )
    assert problem(response) == (
        413,
        "body-too-large",
        "The body is larger than the 100 bytes that this server takes. Send a shorter text.",
    )
