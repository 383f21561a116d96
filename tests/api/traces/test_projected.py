"""A model whose h is projected to a smaller size: traces in every form; what it does not have is refused by name."""

from csv import DictReader
from io import StringIO
from pathlib import Path

import pytest
from gatescope.store.saving import save_model
from networks import random_network
from serving import WORDS, client
from starlette.testclient import TestClient

from ..asking import CSV, TEXT, each_form, post, problem


@pytest.fixture(scope="module")
def projected(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    folder: Path = tmp_path_factory.mktemp("projected")
    network = random_network(
        cell="lstm", layers=2, bidirectional=True, projection_size=3, vocabulary_size=len(WORDS.vocabulary), outputs=1
    )
    about = {"title": "P", "task": "t", "description": "d", "outputs": ["yes"], "licence": "MIT"}
    save_model(folder / "projected", network, WORDS, about)
    return client(folder, default_model="projected")


def test_h_has_as_many_numbers_as_it_is_projected_to(projected: TestClient) -> None:
    for layer in post(projected, "projected")["layers"]:
        assert {letter: len(rows[0]) for letter, rows in layer["activations"].items()} == {
            **dict.fromkeys("ifgoc", 7),
            "h": 3,
        }


@each_form
def test_every_form_holds_it(projected: TestClient, form: dict[str, str]) -> None:
    answer = projected.post("/api/v1/models/projected/traces", json={"text": TEXT, "units": [2]}, headers=form)
    assert answer.status_code == 200
    answer = projected.post("/api/v1/models/projected/traces", json={"text": TEXT}, headers=form)
    assert answer.status_code == 200
    if form == CSV:
        units = {(row["activation"], int(row["unit"])) for row in DictReader(StringIO(answer.text))}
        assert units == {("h", unit) for unit in range(3)} | {(letter, unit) for letter in "ifgoc" for unit in range(7)}


def test_a_unit_that_h_has_not_is_refused(projected: TestClient) -> None:
    answer = projected.post("/api/v1/models/projected/traces", json={"text": TEXT, "units": [3]})
    assert problem(answer)[:2] == (422, "invalid-request")
    assert answer.json()["errors"] == [{"where": "units", "what": "there is no unit 3: projected has units 0 to 2"}]


def test_its_memory_is_refused(projected: TestClient) -> None:
    answer = projected.post("/api/v1/models/projected/memory", json={"text": TEXT})
    what = "memory is not measured where h is projected to a smaller size, as in projected"
    assert (answer.status_code, answer.json()["errors"]) == (422, [{"where": "weights", "what": what}])
