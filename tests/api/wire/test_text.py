"""The text of a request: too long, or without a word."""

from pathlib import Path

import pytest
from serving import client
from starlette.testclient import TestClient

from ..asking import JSONL, problem


@pytest.mark.parametrize("text", ["", " \n\t", "\ufeff\u00ad \u200b\u2060\u2800\u3164\ufe0f"])
@pytest.mark.parametrize("headers", [{}, JSONL], ids=["json", "jsonl"])
def test_text_without_a_word(api: TestClient, text: str, headers: dict[str, str]) -> None:
    for response in (
        api.post("/api/v1/models/lstm/traces", json={"text": text}, headers=headers),
        api.get("/api/v1/models/lstm/trace", params={"text": text}, headers=headers),
    ):
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == {
            "type": "empty-text",
            "title": "Empty text",
            "status": 422,
            "detail": "The text has no word to trace; send at least one.",
            "errors": [{"where": "text", "what": "has no word to trace; send at least one"}],
        }


def test_text_over_the_limit(models: Path) -> None:
    response = client(models, max_text=10).post("/api/v1/models/lstm/traces", json={"text": "good " * 3})
    assert problem(response) == (
        413,
        "text-too-long",
        "The text has 15 characters; this server takes up to 10. Send a shorter part of it.",
    )
    assert response.json()["limit"] == 10
