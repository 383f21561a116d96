"""Of many outputs, the card has the first names, and a call of its own has all of them."""

from pathlib import Path
from typing import Any

import pytest
from gatescope.api.models.schemas import ModelCard, OutputNames
from gatescope.recurrent.reading import MANY
from gatescope.recurrent.tokenizer import UNKNOWN, WordTokenizer
from gatescope.store.saving import save_model
from networks import random_network
from serving import client
from starlette.testclient import TestClient

from ..asking import problem

WORDS = [f"word{n}" for n in range(MANY + 3)]
OUTPUTS = [*reversed(WORDS), "end"]
PATH = "/api/v1/models/many"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A client of a language model whose outputs stand in another order than its words."""
    folder: Path = tmp_path_factory.mktemp("many")
    network = random_network(cell="gru", vocabulary_size=len(WORDS) + 1, outputs=len(OUTPUTS), head="softmax")
    about: dict[str, Any] = {"title": "t", "task": "t", "description": "d", "licence": "MIT"}
    about |= {"outputs": OUTPUTS, "predicts_next": True}
    save_model(folder / "many", network, WordTokenizer([UNKNOWN, *WORDS]), about)
    return client(folder, default_model="many")


def outputs(api: TestClient, path: str = PATH, **query: int) -> dict[str, Any]:
    response = api.get(f"{path}/outputs", params=query)
    assert response.status_code == 200, response.text
    OutputNames.model_validate_json(response.content, strict=True, extra="forbid")
    answer: dict[str, Any] = response.json()
    return answer


def test_the_card_has_the_first(large: TestClient) -> None:
    card = large.get(PATH)
    ModelCard.model_validate_json(card.content, strict=True, extra="forbid")
    assert card.json()["outputs"] == OUTPUTS[:MANY]
    assert card.json()["next_outputs"] == [None, *(OUTPUTS.index(word) for word in WORDS[: MANY - 1])]
    assert card.json()["network"]["outputs"] == len(OUTPUTS)


def test_all_come_part_by_part(large: TestClient) -> None:
    first, second = outputs(large), outputs(large, offset=MANY)
    assert (first["count"], second["count"], second["offset"]) == (len(OUTPUTS), len(OUTPUTS), MANY)
    assert first["names"] + second["names"] == OUTPUTS
    ids = {word: place for place, word in enumerate(WORDS, start=1)}
    assert first["tokens"] + second["tokens"] == [ids.get(name) for name in OUTPUTS]
    part = outputs(large, offset=5, limit=2)
    assert (part["names"], part["tokens"]) == (OUTPUTS[5:7], [ids[name] for name in OUTPUTS[5:7]])
    assert outputs(large, offset=len(OUTPUTS))["names"] == []


def test_the_card_of_a_few_has_all(api: TestClient) -> None:
    for model in ("lstm", "letters"):
        card = api.get(f"/api/v1/models/{model}").json()
        answer = outputs(api, f"/api/v1/models/{model}")
        assert answer["names"] == card["outputs"]
        assert len(answer["names"]) == answer["count"]
        assert [card["next_outputs"].index(place) for place in range(len(answer["tokens"]))] == answer["tokens"]


@pytest.mark.parametrize("query", [{"offset": -1}, {"limit": 0}, {"limit": 10_001}, {"offset": "x"}], ids=str)
def test_what_is_wrong_is_named(api: TestClient, query: dict[str, Any]) -> None:
    status, kind, detail = problem(api.get("/api/v1/models/letters/outputs", params=query))
    assert (status, kind) == (422, "invalid-request")
    assert detail.startswith(next(iter(query)))
