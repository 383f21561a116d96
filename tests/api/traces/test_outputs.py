"""The most probable outputs of an answer, and how probable each token was, compared with PyTorch."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.api.traces.outputs import SHOWN, shown_top
from gatescope.api.traces.schemas import MOST_LIKELY, StepAnswer, TraceAnswer
from gatescope.recurrent.reading import MANY
from gatescope.store.model import Model
from gatescope.store.saving import save_model
from networks import random_network
from serving import LETTERS, WORDS, client
from starlette.testclient import TestClient

from ..asking import JSONL, NPZ, problem

TEXT, TOP = "the movie was not good", 3
EDITS = [{"letter": "h", "steps": [1], "hold": 0.5}]
MODELS = {"next": ("gru", WORDS, "softmax"), "both": ("lstm", LETTERS, "sigmoid")}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    """A language model whose outputs stand in another order than its words, and one of both directions of letters."""
    folder, made = tmp_path_factory.mktemp("outputs"), {}
    for name, (cell, tokenizer, head) in MODELS.items():
        outputs = [*tokenizer.vocabulary[:0:-1], "end"]
        config = {"vocabulary_size": len(tokenizer.vocabulary), "outputs": len(outputs), "head": head}
        network = random_network(cell=cell, bidirectional=name == "both", **config)
        about = {"title": name, "task": "t", "description": "d", "outputs": outputs, "licence": "MIT"}
        made[name] = save_model(folder / name, network, tokenizer, {**about, "predicts_next": name == "next"})
    return made


@pytest.fixture(scope="module")
def api(models: dict[str, Model]) -> TestClient:
    return client(models["next"].folder.parent, default_model="next")


def asked(api: TestClient, model: str = "next", **options: Any) -> Any:
    response = api.post(f"/api/v1/models/{model}/traces", json={"text": TEXT, **options})
    assert response.status_code == 200, response.text
    return response.json()


def probabilities(model: Model) -> np.ndarray[Any, np.dtype[np.float64]]:
    """All outputs of PyTorch's own module and softmax."""
    ids = torch.tensor([[token.id for token in model.tokens(TEXT)]])
    logits = model.network.double()(ids)[0]
    made = torch.softmax(logits, -1) if model.config.network.head == "softmax" else torch.sigmoid(logits)
    model.network.float()
    values: np.ndarray[Any, np.dtype[np.float64]] = made.detach().numpy()
    return values


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("encoding", ["numbers", "base64"])
def test_the_most_probable_are_those_of_pytorch(
    api: TestClient, models: dict[str, Model], name: str, encoding: str
) -> None:
    answer, model = asked(api, name, top=TOP, encoding=encoding), models[name]
    TraceAnswer.model_validate(answer, strict=True, extra="forbid")
    values, outputs = probabilities(model), answer["outputs"]
    assert outputs["names"] == []
    assert np.size(outputs["values"] if encoding == "numbers" else outputs["values"]["bdata"] or []) == 0
    for row, step in zip(values, outputs["top"], strict=True):
        best = np.argsort(-row)[:TOP].tolist()
        assert [each["output"] for each in step] == best
        assert [each["name"] for each in step] == [model.config.outputs[output] for output in best]
        np.testing.assert_allclose([each["probability"] for each in step], row[best], rtol=1e-5)
        assert all(each.keys() == {"output", "name", "probability"} for each in step)


@pytest.mark.parametrize("options", [{}, {"top": TOP}], ids=["all", "top"])
def test_a_token_was_as_probable_as_pytorch_says(
    api: TestClient, models: dict[str, Model], options: dict[str, int]
) -> None:
    model, values = models["next"], probabilities(models["next"])
    tokens = model.tokens(TEXT)
    came = [
        values[t, model.config.outputs.index(model.tokenizer.vocabulary[each.id])] for t, each in enumerate(tokens[1:])
    ]
    first, *others = asked(api, **options)["outputs"]["expected"]
    assert first is None
    np.testing.assert_allclose(others, came, rtol=1e-5)
    part = asked(api, **options, start=2, stop=4)["outputs"]["expected"]
    assert part == [None, others[2]]
    assert "expected" not in asked(api, "both", **options)["outputs"]


def test_a_token_without_an_output_was_not_expected(api: TestClient) -> None:
    assert asked(api, text="movie xyz good")["outputs"]["expected"][1] is None


@pytest.mark.parametrize("name", MODELS)
def test_edited_ones_come_with_what_they_were(api: TestClient, name: str) -> None:
    plain, edited = (asked(api, name, edits=edits)["outputs"]["values"] for edits in ([], EDITS))
    for was, now, step in zip(plain, edited, asked(api, name, edits=EDITS, top=TOP)["outputs"]["top"], strict=True):
        best = np.argsort(-np.array(now))[:TOP].tolist()
        assert [each["output"] for each in step] == best
        np.testing.assert_allclose([each["probability"] for each in step], np.array(now)[best], rtol=1e-5)
        np.testing.assert_allclose([each["unedited"] for each in step], np.array(was)[best], rtol=1e-5)


@pytest.mark.parametrize("edits", [[], EDITS], ids=["plain", "edited"])
@pytest.mark.parametrize("name", MODELS)
def test_lines_have_the_same(api: TestClient, name: str, edits: list[dict[str, Any]]) -> None:
    options = {"text": TEXT, "edits": edits, "top": TOP, "start": 1}
    lines = api.post(f"/api/v1/models/{name}/traces", json=options, headers=JSONL).text.splitlines()
    for line, step in zip(lines, asked(api, name, **options)["outputs"]["top"], strict=True):
        answer = json.loads(line)
        StepAnswer.model_validate(answer, strict=True, extra="forbid")
        assert answer["outputs"] == []
        assert [(each["output"], each["name"]) for each in answer["top"]] == [
            (each["output"], each["name"]) for each in step
        ]
        for field in ("probability", *(["unedited"] if edits else [])):
            np.testing.assert_allclose([each[field] for each in answer["top"]], [each[field] for each in step], 1e-5)


def test_a_file_for_numpy_has_the_same(api: TestClient) -> None:
    response = api.post("/api/v1/models/next/traces", json={"text": TEXT, "top": TOP}, headers=NPZ)
    arrays, top = np.load(io.BytesIO(response.content)), asked(api, top=TOP)["outputs"]["top"]
    np.testing.assert_allclose(arrays["outputs"], [[each["probability"] for each in step] for step in top], rtol=1e-6)
    assert arrays["output_names"].tolist() == [[each["name"] for each in step] for step in top]


def test_a_link_has_the_same(api: TestClient) -> None:
    linked = api.get("/api/v1/models/next/trace", params={"text": TEXT, "top": TOP}).json()
    assert linked == asked(api, top=TOP)


@pytest.mark.parametrize("top", [0, MOST_LIKELY + 1])
def test_so_many_cannot_be_asked_for(api: TestClient, top: int) -> None:
    status, kind, detail = problem(api.post("/api/v1/models/next/traces", json={"text": TEXT, "top": top}))
    assert (status, kind) == (422, "invalid-request")
    assert detail.startswith("top: Input should be ")


def test_there_may_be_fewer_outputs(api: TestClient, models: dict[str, Model]) -> None:
    step = asked(api, top=MOST_LIKELY)["outputs"]["top"][0]
    assert sorted(each["name"] for each in step) == sorted(models["next"].config.outputs)


def test_a_model_without_a_head_lists_none(tmp_path: Path) -> None:
    about = {"title": "bare", "task": "t", "description": "d", "outputs": [], "licence": "MIT"}
    network = random_network(cell="gru", vocabulary_size=len(WORDS.vocabulary), outputs=0)
    save_model(tmp_path / "next", network, WORDS, about)
    outputs = asked(client(tmp_path, default_model="next"), top=TOP, stop=2)["outputs"]
    assert outputs == {"names": [], "top": [[], []], "values": [[], []]}


def test_outputs_count_as_numbers_and_fewer_can_be_asked_for(models: dict[str, Model]) -> None:
    small = client(models["next"].folder.parent, default_model="next", max_values=5 * (1 + TOP))
    options = {"text": TEXT, "units": [0], "activations": ["h"]}
    outputs = models["next"].config.network.outputs
    status, kind, detail = problem(small.post("/api/v1/models/next/traces", json=options))
    assert (status, kind) == (413, "answer-too-large")
    assert detail.startswith(
        f"The answer would hold {5 * (1 + outputs)} numbers (5 steps × (1 units × 1 arrays + {outputs} outputs)); "
    )
    assert len(asked(small, **options, top=TOP)["outputs"]["top"]) == 5


def test_of_many_outputs_the_page_asks_for_few() -> None:
    assert [shown_top(count) for count in (0, 1, MANY, MANY + 1)] == [None, None, None, SHOWN]
