"""The model that an address names, where there is none or it is broken."""

import pytest
from starlette.testclient import TestClient


def test_unknown_model(api: TestClient) -> None:
    response = api.get("/api/v1/models/nope")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "unknown-model",
        "title": "Unknown model",
        "status": 404,
        "detail": "There is no model 'nope'. The models are: both-ways, gru, letters, lstm, rnn.",
    }


@pytest.mark.parametrize("path", ["/api/v1/models/broken", "/api/v1/models/broken/trace?text=good"])
def test_broken_model(api: TestClient, path: str) -> None:
    response = api.get(path)
    assert response.status_code == 503
    assert response.json() == {
        "type": "broken-model",
        "title": "Broken model",
        "status": 503,
        "detail": "The model 'broken' is installed but cannot be used: config.json: the file is missing. "
        "The other models serve.",
    }
