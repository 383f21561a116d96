"""The call itself: what it takes and gives, and that a long one leaves others their turn."""

import numpy as np
import pytest
from starlette.testclient import TestClient

from ..asking import CSV, TEXT, problem
from .asking import ask

PATH = "/api/v1/models/lstm/decompositions"


def test_an_answer_is_json(api: TestClient) -> None:
    response = api.post(PATH, json={"text": TEXT})
    assert response.headers["content-type"] == "application/json"
    assert response.json() == ask(api)


def test_in_a_thread_the_answer_is_the_same(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = ask(api)
    monkeypatch.setattr("gatescope.api.decompositions.routes.SHORT_WORK", 0)
    answer = ask(api)
    assert answer.keys() == expected.keys()
    for name, value in answer.items():
        if name in {"amounts", "shares", "cancellation", "remaining", "new"}:  # sums may round in another order
            np.testing.assert_allclose(np.array(value, float), np.array(expected[name], float), rtol=1e-12, atol=1e-15)
        else:
            assert value == expected[name]


def test_what_the_call_does_not_take(api: TestClient) -> None:
    assert problem(api.post(PATH, json={"text": TEXT}, headers=CSV))[:2] == (406, "not-acceptable")
    assert problem(api.post(PATH, content=b"{}"))[:2] == (415, "unsupported-media-type")
    assert problem(api.post(PATH, json={}))[2] == "text: is required."
    assert problem(api.get(PATH))[:2] == (405, "method-not-allowed")
    assert problem(api.post("/api/v1/models/none/decompositions", json={"text": TEXT}))[:2] == (404, "unknown-model")
    assert problem(api.post("/api/v1/models/broken/decompositions", json={"text": TEXT}))[:2] == (503, "broken-model")
