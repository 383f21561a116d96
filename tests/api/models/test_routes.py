"""The list of models and their cards."""

import hashlib
from pathlib import Path

import pytest
from gatescope.analysis.statistics import statistics
from gatescope.api.models.routes import activation_info
from gatescope.recurrent.cells.cell import Cell
from gatescope.recurrent.cells.gru import GRU
from gatescope.recurrent.cells.lstm import LSTM
from gatescope.recurrent.cells.rnn import RELU_RNN, RNN
from gatescope.store.fields import NamedUnit, Statistics
from gatescope.store.loading import load_model
from gatescope.store.saving import save_model
from model_folders import SHARES
from serving import HIDDEN, client, random_models
from starlette.testclient import TestClient


def test_list_names_every_model_and_says_why_one_is_broken(api: TestClient) -> None:
    answer = api.get("/api/v1/models").json()
    assert [model["id"] for model in answer["models"]] == ["both-ways", "gru", "letters", "lstm", "rnn"]
    assert answer["models"][0] == {
        "id": "both-ways",
        "title": "BOTH-WAYS",
        "task": "test",
        "cell": "gru",
        "hidden_size": HIDDEN,
        "layers": 2,
        "bidirectional": True,
        "input": "text",
    }
    assert answer["broken"] == [{"id": "broken", "reason": "config.json: the file is missing"}]


def test_card_tells_sizes_activations_and_checksum(api: TestClient, models: Path) -> None:
    card = api.get("/api/v1/models/lstm").json()
    assert card["variant"] == "lstm"
    assert card["network"]["embedding_size"] == 5
    assert card["recurrent_parameters"] == 4 * HIDDEN * (5 + HIDDEN + 2)
    assert card["parameters"] == card["recurrent_parameters"] + 10 * 5 + HIDDEN + 1
    assert card["weights_sha256"] == hashlib.sha256((models / "lstm" / "model.safetensors").read_bytes()).hexdigest()
    assert card["opposite"] == "negative"
    assert [(each["letter"], each["kind"]) for each in card["activations"]] == [
        ("i", "gate"),
        ("f", "gate"),
        ("g", "candidate"),
        ("o", "gate"),
        ("c", "state"),
        ("h", "state"),
    ]


def test_card_tells_outputs_about_the_next_token_from_verdicts(api: TestClient) -> None:
    cards = {model: api.get(f"/api/v1/models/{model}").json() for model in ("lstm", "letters")}
    assert {model: card["predicts_next"] for model, card in cards.items()} == {"lstm": False, "letters": True}


@pytest.mark.parametrize(
    ("cell", "ranges"),
    [
        (LSTM, {"i": (0, 1), "f": (0, 1), "g": (-1, 1), "o": (0, 1), "c": (None, None), "h": (-1, 1)}),
        (GRU, {"r": (0, 1), "z": (0, 1), "n": (-1, 1), "h": (-1, 1)}),
        (RNN, {"h": (-1, 1)}),
        (RELU_RNN, {"h": (0, None)}),
    ],
    ids=["lstm", "gru", "rnn", "relu rnn"],
)
def test_ranges_are_those_of_the_cell(cell: Cell, ranges: dict[str, tuple[float | None, float | None]]) -> None:
    assert {info.letter: (info.minimum, info.maximum) for info in activation_info(cell)} == ranges


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A client of models of which one carries statistics and a named unit."""
    folder = random_models(tmp_path_factory.mktemp("models"))
    model = load_model(folder / "lstm")
    unit = NamedUnit(
        feature="negation", layer=0, direction="forward", activation="c", unit=3, sign=-1, measure="AUC", score=0.9,
        interval=(0.8, 0.95), untrained=[0.6, 0.7], close=4, close_from=0.86, probe=0.95, untrained_probes=[0.7, 0.8],
        texts=5, steps=40,
    )  # fmt: skip
    about = model.config.model_dump(exclude={"network", "tokenizer", "corrects_spelling", "weights_sha256"}) | {
        "units": [unit],
        "unnamed": [unit.model_copy(update={"feature": "too loose"})],
        "shares": SHARES,
    }
    usual = statistics([model.trace("the movie was not good, but not bad")])
    save_model(folder / "lstm", model.network, model.tokenizer, about, usual)
    return client(folder)


def test_card_tells_the_named_units(measured: TestClient) -> None:
    (unit,) = measured.get("/api/v1/models/lstm").json()["units"]
    assert unit == {
        "feature": "negation", "layer": 0, "direction": "forward", "activation": "c", "unit": 3, "sign": -1,
        "measure": "AUC", "score": 0.9, "interval": [0.8, 0.95], "untrained": [0.6, 0.7], "close": 4,
        "close_from": 0.86, "probe": 0.95, "untrained_probes": [0.7, 0.8], "texts": 5, "steps": 40,
    }  # fmt: skip
    assert measured.get("/api/v1/models/gru").json()["units"] == []


def test_card_tells_how_shares_compare_with_experiments(measured: TestClient) -> None:
    assert measured.get("/api/v1/models/lstm").json()["shares"] == {
        "texts": 40, "words": 1_200, "large": 90, "same_sign": 0.9, "same_sign_interval": [0.875, 0.925],
        "correlation": 0.5, "correlation_interval": [-0.25, 0.75],
    }  # fmt: skip
    assert measured.get("/api/v1/models/gru").json()["shares"] is None


def test_statistics_tell_what_every_unit_of_every_activation_does(measured: TestClient) -> None:
    answer = measured.get("/api/v1/models/lstm/statistics")
    assert answer.status_code == 200
    answered = Statistics.model_validate_json(answer.content, strict=True, extra="forbid")
    assert answered.steps == 9
    assert [each.activation for each in answered.activations] == list("ifgoch")
    for each in answered.activations:
        assert len(each.mean) == len(each.standard_deviation) == HIDDEN
        shares = [each.left_saturated, each.right_saturated]
        assert shares == [None, None] if each.activation in "gch" else all(len(some or ()) == HIDDEN for some in shares)


def test_a_model_without_statistics_says_so(measured: TestClient) -> None:
    response = measured.get("/api/v1/models/gru/statistics")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "no-statistics",
        "title": "No statistics",
        "status": 404,
        "detail": "The model 'gru' has no statistics.json. Those that 'gatescope train' writes have one.",
    }
