"""Requests as they are recorded, sent to an application in this process."""

from pathlib import Path
from typing import Any

import httpx2
from fastapi import FastAPI
from gatescope.main import create_app
from gatescope.settings import Settings
from starlette.testclient import TestClient

from .answers import answer
from .storage import FOLDER

Request = dict[str, Any]  # method, path; where they are given: headers, json (the body), content (the body as it is)


def application(settings: dict[str, Any]) -> FastAPI:
    """Return an application with these settings, over the recorded models unless they name a folder."""
    settings = {"models": "models", "default_model": "words-lstm", "allowed_hosts": "testserver", **settings}
    settings["models"] = FOLDER / Path(settings["models"])
    return create_app(Settings(**settings))


def client(settings: dict[str, Any]) -> TestClient:
    """Return a client of such an application."""
    return TestClient(application(settings), raise_server_exceptions=False)


def replayed(server: TestClient, request: Request) -> dict[str, Any]:
    """Send a recorded request, and return the answer as it is recorded.

    An answer with an ETag is asked for a second time with it; what comes then belongs to it where it is a 304.
    """
    response = send(server, request)
    content = answer(response)
    if "etag" in content["headers"] and request["method"] == "GET":
        again = send(server, request, {"If-None-Match": response.headers["etag"]})
        if again.status_code == 304:
            content["again"] = answer(again)
    return content


def send(server: TestClient, request: Request, more: dict[str, str] | None = None) -> httpx2.Response:
    """Send a recorded request, and return the answer as it came."""
    given = {"Accept-Encoding": "identity", **request.get("headers", {}), **(more or {})}
    options = {"json": request["json"]} if "json" in request else {}
    if "content" in request:
        options = {"content": request["content"].encode("latin-1")}
    return server.request(request["method"], request["path"], headers=given, follow_redirects=False, **options)
