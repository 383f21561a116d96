"""Models that come, change and go while the application runs."""

import logging
import shutil
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio.from_thread import start_blocking_portal
from gatescope.server import middleware
from gatescope.server.middleware import RefreshModels, WithHeaders
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


def test_a_model_that_is_being_replaced_never_goes(
    api: TestClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ids(api) == ["lstm"]
    listed: list[list[str]] = []
    rename = Path.rename

    def slow(self: Path, target: Path) -> Path:
        moved = rename(self, target)
        listed.append(ids(api))
        return moved

    monkeypatch.setattr(Path, "rename", slow)
    before = sha256(api)
    write(folder / "lstm", seed=1)
    assert listed == [["lstm"], ["lstm"]]  # once where its folder was away, once where the new one stood there
    assert sha256(api) != before


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


def test_other_requests_are_answered_while_models_are_loaded(folder: Path) -> None:
    models, loading, done = WatchedStore(folder), threading.Event(), threading.Event()
    answered: list[str] = []

    class Slow:
        def refresh(self) -> Store:
            loading.set()
            assert done.wait(30)
            return models.refresh()

    async def app(scope: dict[str, Any], *_: Any) -> None:
        answered.append(scope["path"])

    class Application:
        class state:  # noqa: N801  as Starlette names it
            store = models.store

    async def both() -> None:
        refresh = RefreshModels(app, Slow())  # type: ignore[arg-type]

        async def ask(path: str) -> None:
            await refresh({"type": "http", "path": path, "app": Application()}, None, None)  # type: ignore[arg-type]

        async with anyio.create_task_group() as group:
            group.start_soon(ask, "first")
            await anyio.to_thread.run_sync(loading.wait)
            await ask("second")
            done.set()

    with start_blocking_portal() as portal:  # the browser tests' own loop may be running in this thread
        portal.call(both)
    assert answered == ["second", "first"]


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
        "/api/v1/models/lstm/trace?text=good",
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
