"""Uploads from the form to the model that serves, and all that may come in between."""

import errno
import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from disks import mounted
from gatescope.api.imports import receiving
from gatescope.store.importing import HIDDEN, workspace
from starlette.testclient import TestClient

from .conftest import left, local, uploaded


def lines(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in answer.text.splitlines()]


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_an_upload_becomes_a_model_that_serves_at_once_and_is_removed(
    own: TestClient, models: Path, imported: Path
) -> None:
    done = uploaded(own, {"do": "copy", "model": str(models / "lstm")})
    assert (done.status_code, done.headers["content-type"]) == (201, "application/json")
    assert (
        done.json() == own.get("/api/v1/models").json()["models"][[*sorted(["mine", *names(models)])].index("mine") - 1]
    )
    text = {"text": "not bad"}
    theirs, ours = (own.post(f"/api/v1/models/{name}/traces", json=text).json() for name in ("lstm", "mine"))
    assert ours == {**theirs, "model": "mine"}
    assert left(imported) == ["mine", *(f"mine/{each}" for each in names(models / "lstm"))]
    assert own.delete("/api/v1/imports/mine").status_code == 204
    assert own.get("/api/v1/models/mine").status_code == 404
    assert left(imported) == []


def test_the_progress_comes_as_lines(own: TestClient, models: Path) -> None:
    done = uploaded(own, {"do": "copy", "model": str(models / "lstm")}, accept="application/jsonl")
    assert (done.status_code, done.headers["content-type"]) == (200, "application/jsonl")
    *progress, last = lines(done)
    assert progress == [{"done": 0.0}, {"done": 0.25}]
    assert (last["done"], last["answer"]["id"]) == (1, "mine")


def test_the_child_is_told_what_was_asked_and_no_secret(
    own: TestClient, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATESCOPE_TOKEN", "a-token-of-some-length")
    noted = tmp_path / "noted"
    asked = {"do": "note", "into": str(noted)}
    files = [("file", ("what", json.dumps(asked))), ("file", ("b.json", b"{}"))]
    files += [("vocabulary", ("v.txt", b"a\n")), ("columns", ("c.csv", b"rain\n"))]
    query = {"name": "mine", "title": "Mine", "module": "rnn", "answer": ["nonlinearity=tanh", "head=a=b"]}
    own.post("/api/v1/imports", params=query, files=files)
    job = json.loads(noted.read_text())
    assert [Path(job[part]).name for part in ("vocabulary", "columns")] == ["v.txt", "c.csv"]
    assert Path(job["path"]).name == "file"  # a folder, of the two files
    assert (job["name"], job["title"], job["module"], job["token"]) == ("mine", "Mine", "rnn", "")
    assert job["answers"] == {"nonlinearity": "tanh", "head": "a=b"}


def test_what_cannot_be_decided_is_asked(own: TestClient, models: Path, imported: Path) -> None:
    asked = uploaded(own, {"do": "ask", "model": str(models / "rnn")})
    assert asked.status_code == 422
    said = asked.json()
    assert len(said.pop("kept_upload")) > 40
    assert said == {
        "type": "import-refused",
        "title": "Import refused",
        "status": 422,
        "detail": "The file does not say. Say which nonlinearity it is: tanh or relu.",
        "question": "nonlinearity",
        "choices": ["tanh", "relu"],
    }


REFUSED: list[tuple[dict[str, Any], int, str, str]] = [
    ({"do": "refuse", "why": "this is an image"}, 422, "import-refused", "This is an image."),
    ({"do": "refuse", "why": "v.csv is a table"}, 422, "import-refused", "v.csv is a table."),
    (
        {"do": "allocate"},
        422,
        "import-too-large",
        "The import takes more than the 1.0 GB of memory that a file of this size may take here. "
        "Import the file with 'gatescope import' on the machine itself, whose limits are options.",
    ),
    (
        {"do": "die"},
        422,
        "import-failed",
        "The import ended unexpectedly (signal 9), and nothing was kept. The same file may fail again.",
    ),
    ({"do": "fail"}, 422, "import-failed", "The import ended unexpectedly (KeyError at fake_child.py:"),
    (
        {"do": "fill"},
        507,
        "not-written",
        "The folder of imported models cannot be written to: No space left on device. Nothing was kept.",
    ),
    (
        {"do": "note", "into": "/dev/null"},
        507,
        "not-written",
        "The folder of imported models cannot be written to: No such file or directory",
    ),
]


@pytest.mark.parametrize(("what", "status", "kind", "detail"), REFUSED)
def test_nothing_is_left_of_what_is_refused(
    own: TestClient, imported: Path, what: dict[str, Any], status: int, kind: str, detail: str
) -> None:
    for accept in ("application/json", "application/jsonl"):
        done = uploaded(own, what, accept=accept)
        problem = done.json() if accept.endswith("json") else lines(done)[-1]["problem"]
        assert (problem["status"], problem["type"]) == (status, kind)
        assert problem["detail"].startswith(detail)
        assert done.status_code == (status if accept.endswith("json") else 200)
        assert left(imported) == []
    assert "a name in the file" not in detail


@pytest.mark.parametrize(
    ("name", "status", "what"),
    [
        ("lstm", 409, "There is a model 'lstm' already. Choose another name, or remove that one first."),
        ("broken", 409, "There is a model 'broken' already."),
        ("", 422, "name: String should have at least 1 character."),
        (".hidden", 422, "name: '.hidden' cannot be the name of a model: use up to 100 letters"),
        ("../up", 422, "name: '../up' cannot be the name"),
        ("a/b", 422, "name: 'a/b' cannot be the name"),
        ("a" * 101, 422, "name: 'aaa"),
    ],
)
def test_a_name_that_cannot_be_taken_is_refused_before_the_body_comes(
    own: TestClient, imported: Path, name: str, status: int, what: str
) -> None:
    read = False

    def body() -> Any:
        nonlocal read
        read = True
        yield b""

    form = {"Content-Type": "multipart/form-data; boundary=x"}
    refused = own.post("/api/v1/imports", params={"name": name}, content=body(), headers=form)
    assert (refused.status_code, refused.json()["detail"][: len(what)]) == (status, what)
    assert left(imported) == []


def test_of_two_imports_of_one_name_the_second_is_refused(own: TestClient, models: Path, imported: Path) -> None:
    model = {"do": "copy", "model": str(models / "lstm")}
    assert uploaded(own, model).status_code == 201
    assert uploaded(own, model).json()["type"] == "name-taken"


def test_a_name_that_is_taken_meanwhile_is_refused_and_stays_as_it_is(
    own: TestClient, models: Path, imported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = receiving.receive

    async def while_another_enters(*args: Any) -> Any:
        shutil.copytree(models / "gru", imported / "mine")
        return await stream(*args)

    monkeypatch.setattr("gatescope.api.imports.importing.receive", while_another_enters)
    assert uploaded(own, {"do": "copy", "model": str(models / "lstm")}).json()["type"] == "name-taken"
    assert (imported / "mine" / "config.json").read_bytes() == (models / "gru" / "config.json").read_bytes()


def test_one_import_runs_at_a_time_in_all_processes(own: TestClient, imported: Path, models: Path) -> None:
    model = {"do": "copy", "model": str(models / "lstm")}
    with workspace(imported, "mine"):
        refused = uploaded(own, model, name="other")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json()["type"] == "import-under-way"
        refused = uploaded(own, model)
        assert (refused.status_code, refused.json()["type"], refused.json()["detail"]) == (
            409,
            "name-taken",
            "An import of a model 'mine' is under way. Choose another name, or wait until that one has ended.",
        )
    with workspace(imported):
        assert uploaded(own, model).status_code == 503
    assert uploaded(own, model).status_code == 201


def test_what_a_killed_server_left_goes_at_the_next_start_but_not_under_an_import(models: Path, imported: Path) -> None:
    leftover = imported / HIDDEN / "tmp1" / "file"
    leftover.mkdir(parents=True)
    (leftover / "weights.pt").write_bytes(b"half of it")
    with (imported / HIDDEN / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        local(models, imported)
        assert leftover.exists()
    local(models, imported)
    assert not leftover.parent.exists()


def test_the_imported_models_may_take_so_many_bytes(models: Path, imported: Path) -> None:
    size = sum(each.stat().st_size for each in (models / "lstm").iterdir())
    model = {"do": "copy", "model": str(models / "lstm")}
    own = local(models, imported, max_imported=2 * size - 1)
    assert uploaded(own, model).status_code == 201
    refused = uploaded(own, model, name="second")
    assert (refused.status_code, refused.json()["type"], refused.json()["limit"]) == (
        507,
        "quota-exceeded",
        2 * size - 1,
    )
    assert refused.json()["detail"] == (
        f"The imported models would take {2 * size:,} bytes; this server keeps up to {2 * size - 1:,}. Remove one, or "
        "raise GATESCOPE_MAX_IMPORTED."
    )
    assert [each for each in left(imported) if "/" not in each] == ["mine"]
    own = local(models, imported, max_imported=size)
    assert uploaded(own, {"do": "note", "into": str(imported / "noted")}, name="third").status_code == 507
    assert not (imported / "noted").exists()  # it was refused before it was run


def test_a_full_disk_leaves_nothing(own: TestClient, imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(receiving.Parts):
        def _write(self, data: bytes, start: int, end: int) -> None:
            super()._write(data, start, start + (end - start) // 2)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(receiving, "Parts", Full)
    done = uploaded(own, {"do": "fail"})
    assert (done.status_code, done.json()["detail"]) == (507, REFUSED[5][3])
    assert left(imported) == []


def test_a_disk_that_is_full_leaves_nothing(models: Path, tmp_path: Path) -> None:
    (tmp_path / "small").mkdir()
    with mounted(tmp_path / "small", "size=100k"):
        own = local(models, tmp_path / "small" / "imported")
        files = [("file", ("weights.pt", bytes(300_000)))]
        assert own.post("/api/v1/imports?name=mine", files=files).json()["detail"] == REFUSED[5][3]
        assert left(tmp_path / "small" / "imported") == []


def test_links_are_neither_followed_nor_copied(own: TestClient, models: Path, imported: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    shutil.copytree(models / "lstm", outside)
    imported.mkdir()
    (imported / "linked").symlink_to(outside)
    (imported / "nowhere").symlink_to(tmp_path / "nothing")
    assert uploaded(own, {"do": "fail"}, name="linked").status_code == 409
    done = uploaded(own, {"do": "copy", "model": str(models / "lstm")}, name="nowhere")
    assert done.json()["type"] == "name-taken"
    assert own.delete("/api/v1/imports/linked").status_code == 204
    assert names(outside) == names(models / "lstm")


@pytest.mark.parametrize("name", ["lstm", "nothing", ".imports", "..", "%2e%2e", "a%2Fb"])
def test_only_what_was_imported_is_removed(own: TestClient, models: Path, imported: Path, name: str) -> None:
    assert uploaded(own, {"do": "copy", "model": str(models / "lstm")}).status_code == 201
    assert own.delete(f"/api/v1/imports/{name}").status_code in {404, 405}
    assert names(imported) == [".imports", "mine"]
    assert (models / "lstm").exists()


def test_a_body_larger_than_uploads_may_be_is_refused_and_other_bodies_keep_their_limit(
    models: Path, imported: Path
) -> None:
    own = local(models, imported, max_upload=5_000, max_body=300)
    for length in ({"Content-Length": "5000000000"}, {}):
        body: Any = iter([bytes(1_000)] * 10)
        headers = {"Content-Type": "multipart/form-data; boundary=x", **length}
        refused = own.post("/api/v1/imports?name=mine", content=body, headers=headers)
        assert (refused.status_code, refused.json()["type"], refused.json()["limit"]) == (
            413,
            "upload-too-large",
            5_000,
        )
        assert refused.json()["detail"] == (
            "The upload is larger than the 5,000 bytes that this server takes. Import the file with 'gatescope import' "
            "on the machine itself, or raise GATESCOPE_MAX_UPLOAD."
        )
        assert left(imported) == []
    assert uploaded(own, {"do": "copy", "model": str(models / "lstm"), "padding": "x" * 1_000}).status_code == 201
    for path in ("/api/v1/models/lstm/traces", "/api/v1/imports/mine", "/api/v1/imports/"):
        assert own.post(path, json={"text": "a" * 1_000}).status_code in {404, 405, 413}
    assert own.post("/api/v1/models/lstm/traces", json={"text": "a" * 1_000}).json()["type"] == "body-too-large"
