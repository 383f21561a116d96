"""How the tests ask for traces, and read what is wrong with a request."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.testclient import TestClient

TEXT = "the movie was not good"
JSON, JSONL, NPZ, CSV = (
    {"Accept": media_type} for media_type in ("application/json", "application/jsonl", "application/x-npz", "text/csv")
)
each_form = pytest.mark.parametrize("form", [JSON, JSONL, NPZ, CSV], ids=["json", "jsonl", "npz", "csv"])


@contextmanager
def interleaved() -> Iterator[None]:
    """Let threads take turns a thousand times as often as usual, so that what they share by mistake shows."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 1000)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def post(api: TestClient, model: str = "lstm", **options: Any) -> dict[str, Any]:
    response = api.post(f"/api/v1/models/{model}/traces", json={"text": TEXT, **options})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def lines(api: TestClient, model: str = "lstm", **options: Any) -> list[dict[str, Any]]:
    response = api.post(f"/api/v1/models/{model}/traces", json={"text": TEXT, **options}, headers=JSONL)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/jsonl"
    return [json.loads(line) for line in response.text.splitlines()]


def problem(response: Any) -> tuple[int, str, str]:
    assert response.headers["content-type"] == "application/problem+json"
    answer = response.json()
    assert answer["status"] == response.status_code
    return response.status_code, answer["type"], answer["detail"]
