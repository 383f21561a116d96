"""The call for rankings: progress, abandoned work, and what it does not answer."""

import json
import socket
from pathlib import Path

import pytest
from gatescope.api.rankings.routes import AT_ONCE
from gatescope.main import create_app
from gatescope.settings import Settings
from gatescope.store.saving import save_model
from networks import random_network
from serving import LETTERS, running, wait_until
from starlette.testclient import TestClient

from ..asking import JSONL, TEXT, problem
from .asking import ask


def test_progress_is_sent_as_lines_and_the_answer_in_the_last(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatescope.api.wire.slices.SLICE", 0)
    monkeypatch.setattr("gatescope.recurrent.ranking.plan.MOST_RUNS", 2)
    response = api.post("/api/v1/models/lstm/rankings", json={"text": TEXT}, headers=JSONL)
    assert response.headers["content-type"] == "application/jsonl"
    *before, last = map(json.loads, response.text.splitlines())
    shares = [each["done"] for each in before]
    assert len(shares) >= 5
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1
    assert last == {"done": 1.0, "answer": ask(api)}


@pytest.mark.parametrize("accept", ["application/json", "application/jsonl"])
def test_work_is_given_up_when_the_client_goes(tmp_path: Path, accept: str) -> None:
    network = random_network(cell="lstm", vocabulary_size=4, hidden_size=256, embedding_size=8, outputs=1)
    about = {"title": "L", "task": "t", "description": "d", "outputs": ["yes"], "licence": "MIT"}
    save_model(tmp_path / "large", network, LETTERS, about)
    app = create_app(Settings(models=tmp_path, default_model="large"))
    turns = app.state.ranking_turns
    options = {"text": "ab" * 30, "kind": "patches", "other": "ba" * 30, "units": [*range(100)]}
    body = json.dumps(options).encode()
    head = (
        f"POST /api/v1/models/large/rankings HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with running(app) as address:
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as connection:
            connection.sendall(head.encode() + body)
            wait_until(lambda: turns.free._value < AT_ONCE)
        wait_until(lambda: turns.abandoned._value.get() > 0)
    assert turns.abandoned._value.get() == 1
    assert not turns.free.locked()


def test_unknown_model_media_types_and_method(api: TestClient) -> None:
    path = "/api/v1/models/lstm/rankings"
    assert problem(api.post("/api/v1/models/none/rankings", json={"text": TEXT}))[:2] == (404, "unknown-model")
    assert problem(api.post("/api/v1/models/broken/rankings", json={"text": TEXT}))[:2] == (503, "broken-model")
    assert problem(api.post(path, content='{"text": "a"}'))[:2] == (415, "unsupported-media-type")
    assert problem(api.post(path, json={"text": TEXT}, headers={"Accept": "text/csv"}))[:2] == (406, "not-acceptable")
    assert problem(api.get(path))[:2] == (405, "method-not-allowed")
