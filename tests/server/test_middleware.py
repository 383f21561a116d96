"""Models that come, change and go while the application runs."""

import logging
import shutil
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from gatescope.recurrent.tokenizer import Token, Tokenizer
from gatescope.server import middleware
from gatescope.server.middleware import RefreshModels, WithHeaders
from gatescope.store import saving
from gatescope.store.files import CONFIG, WEIGHTS
from gatescope.store.saving import save_model
from gatescope.store.store import Store
from gatescope.store.watched import WatchedStore
from networks import random_network
from serving import WORDS, client
from starlette.testclient import TestClient

ABOUT = {"title": "LSTM", "task": "test", "description": "Random.", "outputs": ["positive"], "licence": "MIT"}


def write(folder: Path, seed: int = 0, **about: Any) -> None:
    network = random_network(seed, cell="lstm", outputs=1, vocabulary_size=len(WORDS.vocabulary))
    save_model(folder, network, WORDS, {**ABOUT, **about})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one model; an application over it refreshes at every request."""
    monkeypatch.setattr(middleware, "REFRESH_EVERY", 0)
    monkeypatch.setattr(middleware, "PATIENCE", 60)
    write(tmp_path / "models" / "lstm")
    return tmp_path / "models"


@pytest.fixture
def api(folder: Path) -> TestClient:
    return client(folder)


def ids(api: TestClient) -> list[str]:
    return [each["id"] for each in api.get("/api/v1/models").json()["models"]]


def sha256(api: TestClient) -> str:
    return str(api.get("/api/v1/models/lstm").json()["weights_sha256"])


def test_a_new_model_serves_everywhere_at_once(api: TestClient, folder: Path) -> None:
    assert api.get("/readyz").json() == {"status": "ok", "models": 1, "broken": 0}
    write(folder / "a")
    assert ids(api) == ["a", "lstm"]
    assert api.get("/readyz").json()["models"] == 2
    assert api.get("/api/v1/models/a").json()["title"] == "LSTM"
    assert api.post("/api/v1/models/a/traces", json={"text": "not good"}).status_code == 200
    assert '"model":"a"' in api.get("/", params={"model": "a", "text": "good"}).text


def test_the_answers_of_a_new_model_can_be_revalidated_and_are_counted(api: TestClient, folder: Path) -> None:
    write(folder / "a")
    url = "/api/v1/models/a/trace?text=good"
    answer = api.get(url)
    assert answer.status_code == 200
    assert api.get(url, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
    assert 'gatescope_conditional_requests_total{result="hit"} 1.0' in api.get("/metrics").text


@pytest.mark.parametrize("change", [{"seed": 1}, {"title": "Other"}], ids=["weights", "configuration"])
def test_a_changed_model_is_another_with_other_tags(api: TestClient, folder: Path, change: dict[str, Any]) -> None:
    url = "/api/v1/models/lstm/trace?text=good"
    card, tag = api.get("/api/v1/models/lstm").json(), api.get(url).headers["etag"]
    write(folder / "lstm", **change)
    assert api.get("/api/v1/models/lstm").json() != card
    again = api.get(url, headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert again.headers["etag"] != tag


def test_a_model_that_is_removed_is_gone_at_the_second_refresh(
    api: TestClient, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(folder / "a")
    assert ids(api) == ["a", "lstm"]
    shutil.rmtree(folder / "a")
    assert ids(api) == ["a", "lstm"]
    with caplog.at_level(logging.INFO):
        assert ids(api) == ["lstm"]
    assert "the model a is gone" in caplog.text
    assert api.get("/api/v1/models/a").status_code == 404


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "in steps"])
def test_a_model_that_is_being_replaced_never_goes(
    api: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if not at_once:  # as where the system cannot exchange two folders
        monkeypatch.setattr(saving, "_exchange", lambda one, other: False)
    assert ids(api) == ["lstm"]
    listed: list[list[str]] = []
    rename = Path.rename

    def slow(self: Path, target: Path) -> Path:
        try:
            return rename(self, target)
        finally:
            listed.append(ids(api))

    monkeypatch.setattr(Path, "rename", slow)
    before = sha256(api)
    write(folder / "lstm", seed=1)
    assert listed == [["lstm"]] * (1 if at_once else 3)  # the second of three times its folder was away
    assert sha256(api) != before


def test_what_is_under_way_ends_with_the_model_that_it_began_with(
    api: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "/api/v1/models/lstm/trace?text=the+movie+was+not+good"
    before = api.get(url)
    began, replaced = threading.Event(), threading.Event()
    tokens = Tokenizer.__call__

    def slow(self: Tokenizer, text: str) -> list[Token]:
        if not began.is_set():
            began.set()
            assert replaced.wait(60)
        return tokens(self, text)

    monkeypatch.setattr(Tokenizer, "__call__", slow)
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(api.get, url)
        try:
            assert began.wait(60)
            write(folder / "lstm", seed=1)
            after = api.get(url)
        finally:
            replaced.set()
        assert under_way.result().json() == before.json()
    assert after.status_code == 200
    assert after.json()["layers"] != before.json()["layers"]
    assert after.headers["etag"] != before.headers["etag"] == under_way.result().headers["etag"]


def test_while_a_folder_is_copied_the_model_before_goes_on(
    api: TestClient, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = sha256(api)
    write(tmp_path / "other", seed=1)
    shutil.copy(tmp_path / "other" / CONFIG, folder / "lstm" / CONFIG)
    assert sha256(api) == before
    assert api.get("/readyz").json() == {"status": "ok", "models": 1, "broken": 0}
    assert (
        "the model lstm cannot be used: model.safetensors: its SHA-256 is not the one that config.json records: "
        "the file was changed; the previous one stays in use" in caplog.text
    )
    caplog.clear()
    assert sha256(api) == before
    assert caplog.text == "", "what did not change is neither loaded nor complained of again"
    shutil.copy(tmp_path / "other" / WEIGHTS, folder / "lstm" / WEIGHTS)
    assert sha256(api) not in ("", before)


def test_a_new_folder_is_broken_until_it_is_whole(api: TestClient, folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "other")
    (folder / "a").mkdir()
    assert api.get("/api/v1/models").json()["broken"] == [{"id": "a", "reason": "config.json: the file is missing"}]
    assert api.get("/api/v1/models/a").status_code == 503
    for path in (tmp_path / "other").iterdir():
        shutil.copy(path, folder / "a" / path.name)
        ids(api)
    assert ids(api) == ["a", "lstm"]
    assert api.get("/readyz").json() == {"status": "ok", "models": 2, "broken": 0}


def test_the_first_models_of_an_empty_folder_make_it_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "REFRESH_EVERY", 0)
    monkeypatch.setattr(middleware, "PATIENCE", 60)
    api = client(tmp_path / "models")
    assert api.get("/readyz").status_code == api.get("/").status_code == 503
    write(tmp_path / "models" / "lstm")
    assert api.get("/readyz").status_code == api.get("/").status_code == 200


def test_the_folder_is_not_looked_at_more_often_than_it_is_due(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "REFRESH_EVERY", 3600)
    api = client(folder)
    assert ids(api) == ["lstm"]  # the first request refreshes
    write(folder / "a")
    assert ids(api) == ["lstm"]


class Slow:
    """A store whose refresh takes until it may end."""

    def __init__(self, folder: Path) -> None:
        self.models, self.began, self.may_end = WatchedStore(folder), threading.Event(), threading.Event()

    @property
    def store(self) -> Store:
        return self.models.store

    def refresh(self) -> Store:
        self.began.set()
        assert self.may_end.wait(60)
        return self.models.refresh()


def refreshing(models: Any, *steps: Callable[[Callable[[str], Awaitable[None]]], Awaitable[None]]) -> list[str]:
    """Ask an application over ``models``, which may be slow, and return which requests were answered, in order."""
    answered: list[str] = []

    async def app(scope: dict[str, Any], *_: Any) -> None:
        answered.append(scope["path"])

    refresh, application = RefreshModels(app, models), SimpleNamespace(state=SimpleNamespace())

    async def ask(path: str) -> None:
        await refresh({"type": "http", "path": path, "app": application}, None, None)  # type: ignore[arg-type]

    async def all_steps() -> None:
        async with anyio.create_task_group() as group:
            for step in steps:
                group.start_soon(step, ask)

    with start_blocking_portal() as portal:  # the browser tests' own loop may be running in this thread
        portal.call(all_steps)
    return answered


def test_other_requests_are_answered_while_models_are_loaded(folder: Path) -> None:
    models = Slow(folder)

    async def first(ask: Callable[[str], Awaitable[None]]) -> None:
        await ask("first")

    async def second(ask: Callable[[str], Awaitable[None]]) -> None:
        await anyio.to_thread.run_sync(models.began.wait)
        await ask("second")
        models.may_end.set()

    assert refreshing(models, first, second) == ["second", "first"]


def test_not_even_the_first_request_waits_for_a_large_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "PATIENCE", 0.01)
    models = Slow(folder)

    async def both(ask: Callable[[str], Awaitable[None]]) -> None:
        await ask("first")
        await ask("second")
        assert not models.may_end.is_set()
        assert await anyio.to_thread.run_sync(models.began.wait, 60)
        models.may_end.set()

    assert refreshing(models, both) == ["first", "second"]


def test_a_machine_without_a_thread_to_spare_answers_with_the_models_that_it_has(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = WatchedStore(folder)
    write(folder / "a")

    def none_left(**_: Any) -> threading.Thread:
        raise RuntimeError("can't start new thread")

    async def ask_one(ask: Callable[[str], Awaitable[None]]) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(middleware.threading, "Thread", none_left)
            await ask("first")
        assert list(models.store.models) == ["lstm"]
        await ask("second")

    assert refreshing(models, ask_one) == ["first", "second"]
    assert list(models.store.models) == ["a", "lstm"]


def test_the_documentation_names_the_longest_wait() -> None:
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    assert f"no longer than {middleware.PATIENCE:g} s." in page


def test_a_refresh_that_fails_fails_no_request_and_is_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    api = client(folder)
    with monkeypatch.context() as patch:
        patch.setattr(WatchedStore, "refresh", lambda self: [][0])
        assert ids(api) == ["lstm"]
    assert "the models could not be refreshed; those that are loaded serve" in caplog.text
    write(folder / "a")
    assert ids(api) == ["a", "lstm"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/docs",
        "/healthz",
        "/readyz",
        "/metrics",
        "/static/css/tokens.css",
        "/api/v1/openapi.json",
        "/api/v1/models",
        "/api/v1/models/lstm",
        "/nope",
    ],
)
def test_head_is_answered_as_get_without_the_body(api: TestClient, path: str) -> None:
    head, get = api.head(path), api.get(path)
    assert (head.status_code, head.headers["content-type"]) == (get.status_code, get.headers["content-type"])
    assert head.headers.keys() == get.headers.keys()
    assert (head.content, get.content != b"") == (b"", True)


def test_head_is_not_answered_where_get_is_not(api: TestClient) -> None:
    response = api.head("/api/v1/models/lstm/traces")
    assert (response.status_code, response.headers["allow"], response.content) == (405, "POST", b"")


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_headers_are_added_behind_those_of_a_response_and_to_nothing_else(kind: str) -> None:
    sent: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": f"{kind}.response.start", "status": 200, "headers": [(b"a", b"1")]})
        await send({"type": f"{kind}.response.body", "body": b"x"})

    async def send(message: Any) -> None:
        sent.append(message)

    async def answer() -> None:
        await WithHeaders(app, {"X-Frame-Options": "DENY"})({"type": kind}, None, send)  # type: ignore[arg-type]

    with start_blocking_portal() as portal:
        portal.call(answer)
    added = [(b"X-Frame-Options", b"DENY")] if kind == "http" else []
    assert sent[0]["headers"] == [(b"a", b"1"), *added]
    assert sent[1] == {"type": f"{kind}.response.body", "body": b"x"}
