"""The call itself: what it takes and gives, and that the edits of one request stay in it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from gatescope.main import create_app
from gatescope.settings import Settings
from serving import running
from starlette.testclient import TestClient

from ..asking import CSV, TEXT, interleaved, post, problem
from .asking import PATH, ask, numbers


def test_an_answer_is_json(api: TestClient) -> None:
    response = api.post(PATH, json={"text": TEXT})
    assert response.headers["content-type"] == "application/json"
    assert response.json() == ask(api)


@pytest.mark.slow("sends hundreds of requests from 50 threads", seconds=3)
@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_experiments_never_leak_into_another_request(models: Path, api: TestClient, engine: str) -> None:
    """Fifty clients at once, half of them with experiments of their own, and half with plain traces."""
    plain = numbers(post(api)["layers"][0]["activations"]["c"])
    settings = Settings.model_validate({"models": models, "default_model": "lstm", "engine": engine})
    with interleaved(), running(create_app(settings)) as address, ThreadPoolExecutor(50) as pool:

        def answers(client: int) -> list[Any]:
            call, edits = "traces", {}
            if client % 2:
                call, edits = "experiments", {"edits": [{"letter": "c", "steps": [2], "hold": client}]}
            body = {"text": TEXT, "activations": ["c"], **edits}
            with httpx2.Client(base_url=address, timeout=None) as session:
                return [session.post(f"/api/v1/models/lstm/{call}", json=body).json() for _ in range(4)]

        for client, several in enumerate(pool.map(answers, range(50))):
            for answer in several:
                untouched = answer["original"] if client % 2 else answer
                c = numbers(untouched["layers"][0]["activations"]["c"])
                np.testing.assert_allclose(c, plain, rtol=0, atol=1e-6)
                if client % 2:
                    edited = numbers(answer["edited"]["layers"][0]["activations"]["c"])
                    np.testing.assert_allclose(edited[:2], plain[:2], rtol=0, atol=1e-6)
                    assert (edited[2] == client).all()


def test_what_the_call_does_not_take(api: TestClient) -> None:
    assert problem(api.post(PATH, json={"text": TEXT}, headers=CSV))[:2] == (406, "not-acceptable")
    assert problem(api.post(PATH, content=b"{}"))[:2] == (415, "unsupported-media-type")
    assert problem(api.post(PATH, json={}))[2] == "text: is required."
    assert problem(api.post(PATH, json={"text": " "}))[:2] == (422, "empty-text")
    assert problem(api.get(PATH))[:2] == (405, "method-not-allowed")
    assert problem(api.post("/api/v1/models/none/experiments", json={"text": TEXT}))[:2] == (404, "unknown-model")
    assert problem(api.post("/api/v1/models/broken/experiments", json={"text": TEXT}))[:2] == (503, "broken-model")
