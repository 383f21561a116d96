"""An answer holds the numbers of the same ranking from Python; what does not fit is named."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest
from gatescope import Edit, load_model, rank
from gatescope.api.rankings.schemas import RankingAnswer
from gatescope.settings import data_folder
from serving import client
from starlette.testclient import TestClient

from ..asking import TEXT
from .asking import ask, refused

OTHER = "the movie was bad ,"


@pytest.fixture(scope="module")
def shipped() -> TestClient:
    return client(data_folder("models"), default_model="sentiment-lstm")


@pytest.mark.parametrize("options", [{}, {"letter": "h", "draws": 3, "together": [2], "by": "fall"}], ids=str)
@pytest.mark.parametrize(
    ("model", "kind"),
    [
        *product(["lstm", "gru", "rnn", "both-ways", "letters"], ["units", "patches"]),
        *product(["lstm", "gru", "both-ways"], ["words"]),  # the others have no path of memory
    ],
)
def test_an_answer_is_the_ranking(
    api: TestClient, models: Path, kind: str, model: str, options: dict[str, Any]
) -> None:
    if kind == "words":
        options = {name: value for name, value in options.items() if name != "letter"}
    if kind == "patches":
        options = {**options, "other": OTHER, "steps": [3, 1]}
    loaded = load_model(models / model)
    texts = {"text": TEXT}
    if model == "letters":
        texts = {"text": "abba"}
        options |= {"other": "baab"} if kind == "patches" else {}
    for layer, direction in loaded.network.layers():
        made = rank(loaded, texts["text"], kind, layer=layer, direction=direction, **options)
        answer = ask(api, model, kind=kind, layer=layer, direction=direction, **texts, **options)
        RankingAnswer.model_validate(answer, strict=False, extra="forbid")
        assert (answer["kind"], answer["layer"], answer["direction"]) == (kind, layer, direction)
        assert (answer["steps"], answer["cell"]) == (len(made.tokens), made.cell)
        names = [*made.output.names, None]
        value = {"value": made.logit, "probability": made.probability}
        assert answer["logit"] == {"output": names[0], "against": names[1], **value}
        assert [(each["letter"], each["unit"], each["step"]) for each in answer["parts"]] == list(made.parts)
        assert [each["effect"] for each in answer["parts"]] == made.effects.tolist()
        assert made.probabilities is not None
        assert [each["probability"] for each in answer["parts"]] == made.probabilities.tolist()
        assert [Edit.from_dict(each) for each in answer["operations"]] == list(made.whole)
        for given, group in zip(answer["groups"], made.groups, strict=True):
            assert given == group._asdict() | {"random": group.random.tolist()}


def test_gates_at_their_means(shipped: TestClient) -> None:
    answer = ask(shipped, "sentiment-lstm", kind="gates")
    made = rank(load_model(data_folder("models") / "sentiment-lstm"), TEXT, "gates")
    assert [each["effect"] for each in answer["parts"]] == made.effects.tolist()
    assert {each["letter"] for each in answer["operations"]} == {"i", "f", "o"}


def test_edits_that_every_run_has(api: TestClient, models: Path) -> None:
    edits = [{"letter": "f", "steps": [1], "hold": 0.25}, {"steps": [2], "swap": "good"}]
    made = rank(load_model(models / "lstm"), TEXT, "words", edits=edits)
    answer = ask(api, "lstm", kind="words", edits=edits)
    assert [each["effect"] for each in answer["parts"]] == made.effects.tolist()
    assert made.effects.tolist() != rank(load_model(models / "lstm"), TEXT, "words").effects.tolist()
    assert answer["edits"] == [each.to_dict() for each in made.given]
    assert answer["notes"] == []
    assert "edits" not in ask(api, "lstm", kind="words")


BAD: list[tuple[dict[str, Any], str]] = [
    ({"edits": [{"letter": "q", "hold": 0}]}, "edits.0.letter: an LSTM has no 'q': choose from i, f, g, o, c, h"),
    ({"kind": "gates"}, "to: the mean is that of a model's statistics, and there are none here: take 'zero'"),
    ({"kind": "patches"}, "other: is missing: a patch takes its values from another text of as many steps"),
    ({"kind": "patches", "other": "not"}, "other: has 1 step, and the sequence has 5: a patch map needs two of"),
    ({"kind": "patches", "other": " "}, "other: there is nothing to trace: the sequence is empty"),
    ({"together": [8]}, "together: there is no group of 8: take from 1 to all 7 parts together"),
    ({"layer": 1}, "layer: there is no layer 1: the only layer is 0"),
    ({"direction": "backward"}, "direction: there is no backward direction: the network only runs forward"),
    ({"units": [7]}, "units: there is no unit 7 of c: units go from 0 to 6"),
    ({"steps": [5]}, "steps: there is no step 5: steps go from 0 to 4"),
    ({"letter": "z"}, "letter: an LSTM has no update gate 'z': choose from i, f, g, o, c, h"),
    ({"output": [1]}, "output: there is no output 1: choose from 0 ('positive')"),
    ({"kind": "words", "letter": "i"}, "letter: is not taken by 'words', which takes steps: leave it out"),
]


@pytest.mark.parametrize(("options", "detail"), BAD, ids=[str(options) for options, _ in BAD])
def test_what_does_not_fit_is_named(api: TestClient, options: dict[str, Any], detail: str) -> None:
    status, kind, said = refused(api, **options)
    assert (status, kind) == (422, "invalid-request")
    assert said.startswith(detail)


def test_what_the_schema_refuses(api: TestClient) -> None:
    assert refused(api, kind="all")[:2] == (422, "invalid-request")
    assert refused(api, draws=101)[:2] == (422, "invalid-request")
    assert refused(api, text=" ")[:2] == (422, "empty-text")


def test_a_cell_without_memory_has_no_words_to_keep_from_it(api: TestClient) -> None:
    assert refused(api, "rnn", kind="words")[:2] == (422, "no-memory-path")
    detail = "kind: a plain RNN has no gates: rank its units or patches."
    assert refused(api, "rnn", kind="gates") == (422, "invalid-request", detail)


def test_more_than_the_server_takes(models: Path) -> None:
    assert refused(client(models, max_held=100))[2].endswith("Send a shorter text (not even one step fits).")
    assert refused(client(models, max_values=50))[2].endswith(
        "Name fewer units or steps, or send a shorter text (not even one step fits)."
    )
    assert refused(client(models, max_text=30), kind="patches", other=OTHER)[:2] == (413, "text-too-long")
