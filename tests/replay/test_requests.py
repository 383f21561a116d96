"""Every recorded request is answered as it was."""

from functools import cache
from typing import Any

import pytest
from starlette.testclient import TestClient

from .compare import differences, header_differences, missing
from .exchanges import client, replayed, send
from .storage import load

GROUPS = ("models", "traces", "memory", "problems", "limits", "pages", "service", "empty")
CASES = [(group, name) for group in GROUPS for name in load(group)["exchanges"]]
MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@cache
def server(group: str, engine: str = "compiled") -> TestClient:
    return client({**recorded(group)["settings"], "engine": engine})


@cache
def recorded(group: str) -> dict[str, Any]:
    content: dict[str, Any] = load(group)
    return content


def wrong(group: str, name: str, engine: str = "compiled") -> list[str]:
    """What differs between a recorded answer and today's."""
    exchange, common = recorded(group)["exchanges"][name], recorded(group)["headers"]
    actual = replayed(server(group, engine), exchange["request"])
    lines = []
    for expected, answer in ((exchange["answer"], actual), (exchange["answer"].get("again"), actual.get("again"))):
        if expected:
            answer = answer or {"status": "without ETag or 304", "headers": {}, "body": None}
            lines += differences(expected["status"], answer["status"], "status")
            lines += header_differences(common | expected["headers"], answer["headers"])
            lines += differences(expected["body"], answer["body"], "body")
    return lines


@pytest.mark.parametrize(("group", "name"), CASES, ids=[f"{group}: {name}" for group, name in CASES])
def test_answer_is_the_recorded_one(group: str, name: str) -> None:
    assert wrong(group, name) == []


@pytest.mark.parametrize("name", [name for group, name in CASES if group == "traces"])
def test_reference_engine_gives_the_recorded_traces(name: str) -> None:
    assert wrong("traces", name, "reference") == []


def test_every_call_is_recorded() -> None:
    calls = server("service").get("/api/v1/openapi.json").json()["paths"]
    requests = [each["request"] for group in GROUPS for each in recorded(group)["exchanges"].values()]
    paths = {f"{each['method']} {each['path'].partition('?')[0]}" for each in requests}
    named = {path.replace("words-lstm", "{model}") for path in paths}
    expected = recorded("service")["exchanges"]["OpenAPI"]["answer"]["body"]
    assert missing([*expected], {f"{method.upper()} {path}" for path in calls for method in calls[path]}, "call") == []
    assert missing([*expected], named, "recording of") == []


@pytest.mark.parametrize("address", ["page: bare", "card of words-lstm", "docs"])
def test_files_of_a_page_are_served(address: str) -> None:
    request = recorded("pages")["exchanges"][address]["request"]
    html = send(server("pages"), request).text
    files = [part.partition('"')[0] for name in ('src="', 'href="') for part in html.split(name)[1:]]
    loaded = [path for path in files if path.startswith(("/static/", "/vendor/"))]
    assert loaded
    for path in loaded:
        response = server("pages").head(path)
        ending = path.partition("?")[0].rpartition(".")[2]
        assert response.status_code == 200, path
        assert response.headers["content-type"].startswith(MEDIA_TYPES[ending]), path
