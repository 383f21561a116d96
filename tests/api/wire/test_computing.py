"""Work within the time that an answer may take, and only as long as its client waits."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gatescope.api.wire.computing import AT_ONCE, Watch, computed
from gatescope.main import create_app
from gatescope.recurrent.watching import finished, tell, watched_by
from gatescope.settings import Settings
from serving import client, in_a_loop
from starlette.requests import ClientDisconnect, Request
from starlette.testclient import TestClient
from starlette.types import Message

TEXT = "the movie was not good"
JSONL = {"Accept": "application/jsonl"}
CALLS: dict[str, dict[str, Any]] = {
    "traces": {"edits": [{"letter": "i", "hold": 0}]},
    "decompositions": {"parts": ["effects"], "edits": [{"letter": "i", "hold": 0}]},
    "experiments": {"edits": [{"letter": "i", "hold": 0}]},
    "rankings": {},
    "memory": {},
}


@pytest.mark.parametrize("call", CALLS)
def test_work_that_takes_too_long_is_ended_and_says_so(models: Path, call: str) -> None:
    response = client(models, max_seconds=1e-9).post(f"/api/v1/models/lstm/{call}", json={"text": TEXT, **CALLS[call]})
    problem = response.json()
    assert (response.status_code, problem["type"], problem["limit"]) == (503, "out-of-time", 1e-9)
    assert problem["detail"].startswith("This server computes an answer for up to 1e-09 seconds, in which it was not ")
    assert "retry-after" not in response.headers


def test_the_first_screen_is_ended_too(models: Path) -> None:
    late = client(models, max_seconds=1e-9)
    assert late.post("/first-screen", json={"model": "lstm", "text": TEXT}).json()["type"] == "out-of-time"
    assert late.get("/", params={"text": TEXT}).status_code == 503


def test_an_answer_that_is_late_says_how_far_it_came_and_what_fits(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatescope.recurrent.ranking.plan.MOST_RUNS", 1)
    spent = iter(range(1000))  # a second passes between two looks at the clock
    monkeypatch.setattr("gatescope.api.wire.computing.monotonic", lambda: next(spent))
    response = client(models, max_seconds=20).post("/api/v1/models/lstm/rankings", json={"text": TEXT})
    share, runs = response.json()["detail"].split("in which ")[1].split("% of it was done. Of 11 runs over 5 steps, ")
    assert 0 < int(share) < 100
    assert runs.startswith((f"about {11 * int(share) // 100}", f"about {11 * int(share) // 100 + 1}"))
    assert runs.endswith(" fit: name fewer units or steps, ask for fewer groups and draws, or send a shorter text.")


def test_lines_end_with_the_problem(models: Path) -> None:
    body: dict[str, Any] = {"text": TEXT}
    # Time passes only once the plan, whose problems have a status of their own, is made.
    app = create_app(Settings(models=models, default_model="lstm", max_seconds=0.3))

    def slow(plan: object) -> Any:
        yield 0.25
        time.sleep(0.4)
        yield 0.5
        raise AssertionError(f"{plan} goes on")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gatescope.api.memory.routes.memory_steps", slow)
        patch.setattr("gatescope.api.wire.slices.SLICE", 0)
        response = TestClient(app).post("/api/v1/models/lstm/memory", json=body, headers=JSONL)
    *before, last = map(json.loads, response.text.splitlines())
    assert before == [{"done": 0.25}]
    assert last["problem"]["type"] == "out-of-time"
    assert "50% of it was done. Of 5 steps, about 3 fit: narrow the request" in last["problem"]["detail"]
    assert app.state.memory_turns.abandoned._value.get() == 0
    assert not app.state.memory_turns.free.locked()


@pytest.mark.parametrize("call", ["memory", "rankings"])
def test_nothing_is_traced_before_its_turn(models: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    app = create_app(Settings(models=models, default_model="lstm"))
    planned: list[object] = []
    monkeypatch.setattr(f"gatescope.api.{call}.routes.plan_within_limits", lambda *given: planned.append(given))
    turns = app.state.memory_turns if call == "memory" else app.state.ranking_turns

    async def wait_and_leave() -> None:
        while not turns.free.locked():
            await turns.free.acquire()
        body = json.dumps({"text": TEXT}).encode()
        asking = asyncio.create_task(app(scope(f"/api/v1/models/lstm/{call}"), once(body), ignore))
        await asyncio.sleep(0.2)
        assert not asking.done()
        asking.cancel()

    in_a_loop(wait_and_leave())
    assert planned == []


def scope(path: str) -> dict[str, Any]:
    headers = [(b"content-type", b"application/json"), (b"host", b"localhost")]
    return {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": headers,
        "http_version": "1.1",
        "scheme": "http",
        "client": None,
        "server": None,
    }


def once(body: bytes) -> Callable[[], Any]:
    sent = False

    async def receive() -> Message:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()
        sent = True
        return {"type": "http.request", "body": body}

    return receive


async def ignore(_: Message) -> None:
    pass


def test_a_client_that_leaves_stops_what_is_computed(models: Path) -> None:
    app, told = create_app(Settings(models=models, default_model="lstm")), 0
    began = threading.Event()

    def work() -> None:
        nonlocal told
        began.set()
        end = time.monotonic() + 30
        while time.monotonic() < end:
            tell()
            told += 1
            time.sleep(0.01)

    async def receive() -> Message:
        await asyncio.to_thread(began.wait, 30)
        return {"type": "http.disconnect"}

    async def ask() -> None:
        with pytest.raises(ClientDisconnect):
            await computed(Request(scope("/") | {"app": app}, receive), Watch(60), work)

    in_a_loop(ask())
    assert told < 2000  # far from the 30 s


def test_only_so_many_threads_compute_at_a_time(models: Path) -> None:
    app, running, most, lock = create_app(Settings(models=models, default_model="lstm")), 0, 0, threading.Lock()

    def work() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1

    async def ask() -> None:
        request = Request(scope("/") | {"app": app}, once(b""))
        await asyncio.gather(*(computed(request, Watch(60), work) for _ in range(5 * AT_ONCE)))

    in_a_loop(ask())
    assert most == AT_ONCE


def test_work_that_took_a_turn_keeps_no_thread_from_what_is_short(models: Path) -> None:
    app, answered = create_app(Settings(models=models, default_model="lstm")), threading.Event()

    async def ask() -> None:
        request = Request(scope("/") | {"app": app}, once(b""))
        waiting = [computed(request, Watch(60, has_turn=True), answered.wait, 30) for _ in range(AT_ONCE + 1)]
        long = asyncio.gather(*waiting)
        await asyncio.sleep(0)
        await computed(request, Watch(60), answered.set)
        assert all(await long), "what is short did not wait for what is long"

    in_a_loop(ask())


def test_time_passes_only_while_work_is_done() -> None:
    watch = Watch(0.2)
    for _ in range(3):
        watch.begin()
        watch(0.5)
        watch.pause()
        time.sleep(0.1)
    assert watch.spent < 0.2


def test_what_is_told_goes_to_the_nearest_watcher() -> None:
    shares: list[float | None] = []
    tell(0.1)  # nobody watches
    with watched_by(shares.append):
        assert finished(iter_of(0.5, 1.0)) == "done"
        tell()
    tell(0.9)
    assert shares == [0.5, 1.0, None]


def iter_of(*shares: float) -> Any:
    yield from shares
    return "done"
