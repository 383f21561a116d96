"""An upload whose import asks: how long it is kept, for whom, and that an answer needs no other."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from gatescope.api.imports import keeping
from gatescope.store.importing import HIDDEN
from serving import wait_until
from starlette.testclient import TestClient

from .conftest import answered, left, local, uploaded

GONE = "The server does not keep this upload any longer. Send the file again, with the answer."


def asked(own: TestClient, models: Path, **query: Any) -> str:
    """Upload a file that leaves a question, and return the secret by which it is kept."""
    secret: str = uploaded(own, {"do": "ask", "model": str(models / "rnn")}, **query).json()["kept_upload"]
    return secret


def test_an_answer_needs_no_upload_and_ends_what_is_kept(own: TestClient, models: Path, imported: Path) -> None:
    secret = asked(own, models)
    assert [each.rpartition("/")[2] for each in left(imported)][1:] == ["file", "weights.pt"]
    assert secret not in str(left(imported)), "whoever lists the folder learns nothing of it"
    done = answered(own, secret, name="another", answer="nonlinearity=tanh")
    assert (done.status_code, done.json()["id"]) == (201, "another")
    assert {each.partition("/")[0] for each in left(imported)} == {"another"}
    assert answered(own, secret, answer="nonlinearity=tanh").json()["detail"] == GONE


def test_a_wrong_answer_asks_again_by_another_secret(own: TestClient, models: Path, imported: Path) -> None:
    secret = asked(own, models)
    again = answered(own, secret, answer="nonlinearity=relu").json()
    assert again["question"] == "nonlinearity"
    assert answered(own, secret, answer="nonlinearity=tanh").status_code == 410
    assert answered(own, again["kept_upload"], answer="nonlinearity=tanh").status_code == 201


def test_all_files_and_the_vocabulary_are_kept(own: TestClient, tmp_path: Path, models: Path) -> None:
    what = f'{{"do": "ask", "model": "{models / "rnn"}"}}'
    files = [("file", ("what", what)), ("file", ("b.json", "{}")), ("vocabulary", ("v.txt", "a"))]
    secret = own.post("/api/v1/imports?name=mine", files=files).json()["kept_upload"]
    assert answered(own, secret, answer="nonlinearity=tanh").status_code == 201


def test_nobody_has_it_without_the_secret_or_the_right_to_import(own: TestClient, models: Path, imported: Path) -> None:
    secret = asked(own, models)
    place = left(imported)[0].removeprefix(f"{HIDDEN}/")
    for guess in (secret[:-1], place, f"../{HIDDEN}/{place}", "..", "a" * 100):
        assert answered(own, guess).status_code == 410
    assert answered(own, "a" * 101).status_code == 422
    stranger = {"Kept-Upload": secret, "Origin": "http://evil.example"}
    assert own.post("/api/v1/imports?name=mine", headers=stranger).status_code == 403
    assert answered(own, secret, name="lstm").status_code == 409
    assert answered(own, secret, answer="nonlinearity=tanh").status_code == 201, "guesses did it no harm"


def test_another_import_takes_its_place(own: TestClient, models: Path, imported: Path) -> None:
    first, second = asked(own, models), asked(own, models)
    assert answered(own, first).status_code == 410
    assert uploaded(own, {"do": "refuse", "why": "no"}).status_code == 422
    assert answered(own, second).status_code == 410
    assert left(imported) == []


def test_it_is_kept_for_a_while(own: TestClient, models: Path, imported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "KEPT", 0.01)
    secret = asked(own, models)
    wait_until(lambda: left(imported) == [])
    assert left(imported) == []
    assert answered(own, secret).status_code == 410


def test_a_server_that_stops_or_starts_keeps_nothing(models: Path, imported: Path) -> None:
    with local(models, imported) as own:
        asked(own, models)
    assert left(imported) == []
    with local(models, imported) as own:
        secret = asked(own, models)
        with local(models, imported) as other:  # as after the first one was killed
            assert answered(other, secret).status_code == 410
    assert left(imported) == []


def test_any_worker_has_it(own: TestClient, models: Path, imported: Path) -> None:
    with local(models, imported) as other:
        assert answered(other, asked(own, models), answer="nonlinearity=tanh").status_code == 201


def test_it_counts_among_what_imported_models_may_take(models: Path, imported: Path) -> None:
    size = sum(each.stat().st_size for each in (models / "lstm").iterdir())
    with local(models, imported, max_imported=size + 10) as own:
        assert uploaded(own, {"do": "copy", "model": str(models / "lstm")}).status_code == 201
        said = uploaded(own, {"do": "ask", "model": ""}, name="other").json()
        assert ("question" in said, "kept_upload" in said) == (True, False)
        shutil.rmtree(imported / "mine")
        assert asked(own, models, name="third")
