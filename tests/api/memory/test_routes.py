"""The calls for memory and cost: progress, abandoned work, and what no call answers."""

import asyncio
import gc
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gatescope.api.memory.routes import AT_ONCE
from gatescope.api.memory.schemas import CostAnswer
from gatescope.main import create_app
from gatescope.settings import Settings
from gatescope.store.saving import save_model
from networks import random_network
from serving import LETTERS, in_a_loop, running, wait_until
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope

from ..asking import JSONL, TEXT, problem
from .asking import ask


def test_progress_is_sent_as_lines_and_the_answer_in_the_last(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatescope.api.wire.slices.SLICE", 0)
    response = api.post("/api/v1/models/lstm/memory", json={"text": TEXT}, headers=JSONL)
    assert response.headers["content-type"] == "application/jsonl"
    *before, last = map(json.loads, response.text.splitlines())
    shares = [each["done"] for each in before]
    assert len(shares) >= 5
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1
    assert all(each.keys() == {"done"} for each in before)
    assert last == {"done": 1.0, "answer": ask(api)}


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    """An application over one large model behind a real port, and its address."""
    folder = tmp_path_factory.mktemp("slow")
    network = random_network(cell="lstm", vocabulary_size=4, hidden_size=256, embedding_size=8, outputs=1)
    about = {"title": "L", "task": "t", "description": "d", "outputs": ["yes"], "licence": "MIT"}
    save_model(folder / "large", network, LETTERS, about)
    app = create_app(Settings(models=folder, default_model="large"))
    with running(app) as address:
        yield app, address


@pytest.mark.parametrize("accept", ["application/json", "application/jsonl"])
def test_work_is_given_up_when_the_client_goes(slow: tuple[Any, str], accept: str) -> None:
    app, address = slow
    counted = app.state.memory_turns.abandoned
    before, body = counted._value.get(), json.dumps({"text": "ab" * 30, "parts": ["states"]}).encode()
    head = (
        f"POST /api/v1/models/large/memory HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as connection:
        connection.sendall(head.encode() + body)
        wait_until(lambda: app.state.memory_turns.free._value < AT_ONCE)
    wait_until(lambda: counted._value.get() > before)
    assert counted._value.get() == before + 1
    assert not app.state.memory_turns.free.locked()


@pytest.fixture
def uncollected() -> Iterator[None]:
    """No garbage collector, which would close what the code under test leaves open."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("leaves", ["by an error in send", "by a message"])
def test_a_client_that_leaves_a_stream_gives_its_turn_back_at_once(
    models: Path, monkeypatch: pytest.MonkeyPatch, leaves: str
) -> None:
    monkeypatch.setattr("gatescope.api.wire.slices.SLICE", 0)
    monkeypatch.setattr("gatescope.api.memory.routes.AT_ONCE", 1)
    app = create_app(Settings(models=models, default_model="lstm"))

    async def ask_and_leave() -> BaseException | None:
        """Take the first part of a stream and leave: a server tells the application in either of two ways."""
        left, parts, outcome = asyncio.Event(), 0, None

        async def send(message: Message) -> None:
            nonlocal parts
            parts += message["type"] == "http.response.body"
            if parts == 1:
                assert app.state.memory_turns.free.locked()
                left.set()
                if leaves == "by an error in send":
                    raise OSError("the connection is closed")
                await asyncio.Event().wait()  # nobody reads

        spec_version = "2.4" if leaves == "by an error in send" else "2.3"
        try:
            await app(scope(spec_version, "application/jsonl"), receiver(left), send)
        except BaseException as error:
            outcome = error
        assert parts == 1
        return outcome

    async def ask_to_the_end() -> int:
        started: list[Message] = []

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)

        await app(scope("2.4", "application/json"), receiver(asyncio.Event()), send)
        [start] = started
        status: int = start["status"]
        return status

    async def both() -> None:
        outcome = await ask_and_leave()  # its frames hold the stream, as those of a server may
        assert not app.state.memory_turns.free.locked()
        assert app.state.memory_turns.abandoned._value.get() == 1
        assert await ask_to_the_end() == 200
        del outcome

    in_a_loop(both())


def scope(spec_version: str, accept: str) -> Scope:
    """Return the scope of a request for memory, of a server of one version of ASGI."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": spec_version},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/api/v1/models/lstm/memory",
        "raw_path": b"/api/v1/models/lstm/memory",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"accept", accept.encode()), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }


def receiver(left: asyncio.Event) -> Receive:
    """Return what gives the body of a request, and says that the client has gone once ``left`` is set."""
    body = iter([{"type": "http.request", "body": json.dumps({"text": TEXT}).encode(), "more_body": False}])

    async def receive() -> Message:
        if (message := next(body, None)) is not None:
            return message
        await left.wait()
        return {"type": "http.disconnect"}

    return receive


def test_cost(api: TestClient) -> None:
    for name, operations in (("lstm", 12), ("gru", 13), ("rnn", 4)):
        response = api.get(f"/api/v1/models/{name}/cost", params={"steps": 3})
        answer = CostAnswer.model_validate_json(response.content, strict=True, extra="forbid")
        assert response.headers["cache-control"] == "no-store"
        assert (answer.model, answer.cell, answer.steps) == (name, name, 3)
        assert answer.tensor_operations == operations
        assert [each.engine for each in answer.times] == ["ours", "torch"]
    for steps in (0, 1001, "x"):
        assert problem(api.get("/api/v1/models/lstm/cost", params={"steps": steps}))[:2] == (422, "invalid-request")


def test_unknown_model_media_types_and_method(api: TestClient) -> None:
    path = "/api/v1/models/lstm/memory"
    assert problem(api.post("/api/v1/models/none/memory", json={"text": TEXT}))[:2] == (404, "unknown-model")
    assert problem(api.post("/api/v1/models/broken/memory", json={"text": TEXT}))[:2] == (503, "broken-model")
    assert problem(api.post(path, content='{"text": "a"}'))[:2] == (415, "unsupported-media-type")
    assert problem(api.post(path, json={"text": TEXT}, headers={"Accept": "text/csv"}))[:2] == (406, "not-acceptable")
    assert problem(api.get(path))[:2] == (405, "method-not-allowed")
