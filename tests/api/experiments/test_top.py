"""Of many outputs, an experiment says the most probable: those of a loop over PyTorch's weights in float64."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import load_model
from gatescope.api.experiments.schemas import ExperimentAnswer
from gatescope.recurrent.reading import MANY
from gatescope.store.saving import save_model
from networks import random_network
from serving import HIDDEN, WORDS, client
from starlette.testclient import TestClient

from ..asking import TEXT, post, problem
from .asking import ask, numbers, refused

LETTERS, TOP, HELD = "ab abba", 2, 0.5
EDITS = [{"letter": "h", "steps": [2], "hold": HELD}]


def logits(models: Path, *, is_edited: bool) -> torch.Tensor:
    """(T, outputs) in float64, of the relu RNN stepped here."""
    model = load_model(models / "letters")
    network, rows, h = model.network.double(), [], torch.zeros(HIDDEN, dtype=torch.float64)
    w_ih, w_hh, b_ih, b_hh = network.weights(0, "forward")[:4]
    for t, token in enumerate(model.tokens(LETTERS)):
        h = torch.relu(w_ih @ network.embedding.weight[token.id] + b_ih + w_hh @ h + b_hh)
        if is_edited and t == EDITS[0]["steps"][0]:
            h = torch.full_like(h, HELD)
        rows.append(network.head.weight @ h + network.head.bias)
    return torch.stack(rows)


@pytest.mark.parametrize("encoding", ["numbers", "base64"])
def test_the_most_probable_of_each_run_are_those_of_a_loop(api: TestClient, models: Path, encoding: str) -> None:
    answer = ask(api, "letters", text=LETTERS, edits=EDITS, activations=[], top=TOP, encoding=encoding)
    ExperimentAnswer.model_validate(answer, strict=True, extra="forbid")
    names, ids = load_model(models / "letters").config.outputs, [each["id"] for each in answer["tokens"]]
    runs = {"original": logits(models, is_edited=False), "edited": logits(models, is_edited=True)}
    for run, of_run in runs.items():
        outputs, values = answer[run]["outputs"], of_run.softmax(-1)
        assert outputs["names"] == []
        assert numbers(outputs["values"]).size == numbers(outputs["logits"]).size == 0
        assert outputs["expected"][0] is None
        came = [values[t, token].item() for t, token in enumerate(ids[1:])]
        np.testing.assert_allclose(outputs["expected"][1:], came, rtol=1e-5)
        best = values.topk(TOP).indices
        for name, expected in (("probability", values), ("logit", of_run)):
            found = [[each[name] for each in after] for after in outputs["top"]]
            np.testing.assert_allclose(found, expected.gather(1, best), rtol=1e-5)
        assert [[each["output"] for each in after] for after in outputs["top"]] == best.tolist()
        assert outputs["top"][0][0]["name"] == names[best[0, 0]]
    was = [[each["unedited"] for each in after] for after in answer["edited"]["outputs"]["top"]]
    np.testing.assert_allclose(was, runs["original"].softmax(-1).gather(1, best), rtol=1e-5)
    assert "unedited" not in answer["original"]["outputs"]["top"][0][0]
    changed = answer["difference"]["outputs"]
    assert [[each["output"] for each in after] for after in changed["top"]] == best.tolist()
    for name, function in (("probability", lambda x: x.softmax(-1)), ("logit", lambda x: x)):
        apart = function(runs["edited"]) - function(runs["original"])
        found = [[each[name] for each in after] for after in changed["top"]]
        np.testing.assert_allclose(found, apart.gather(1, best), rtol=0, atol=1e-6)
        assert np.any(found)


def test_they_are_those_of_a_trace(api: TestClient) -> None:
    asked: dict[str, Any] = {"text": TEXT, "edits": [{"letter": "z", "hold": 0}], "top": TOP, "start": 1, "stop": 4}
    answer, edited = ask(api, "both-ways", **asked), post(api, "both-ways", **asked)
    for there, here in zip(edited["outputs"]["top"], answer["edited"]["outputs"]["top"], strict=True):
        assert [{**each, "logit": None} for each in here] == [{**each, "logit": None} for each in there]


def test_a_large_head_fits_by_its_most_probable_outputs(tmp_path: Path) -> None:
    """That the whole head does not fit is said before anything runs, with what to do."""
    outputs = [f"out{n}" for n in range(MANY + 1)]
    network = random_network(cell="lstm", vocabulary_size=len(WORDS.vocabulary), outputs=len(outputs), head="softmax")
    about = {"title": "t", "task": "t", "description": "d", "licence": "MIT", "outputs": outputs}
    save_model(tmp_path / "large", network, WORDS, about)
    api = client(tmp_path, default_model="large", max_values=3 * 5 * 2 * TOP)
    asked: dict[str, Any] = {"edits": [{"letter": "i", "steps": [3], "hold": 0}], "activations": []}
    status, kind, detail = refused(api, "large", **asked)
    assert (status, kind) == (413, "answer-too-large")
    assert "or set top, for only the most probable outputs" in detail
    answer = ask(api, "large", **asked, top=TOP)
    assert len(answer["difference"]["outputs"]["top"]) == 5
    assert refused(api, "large", **asked, top=TOP + 1)[0] == 413
    assert "not even one step fits" in detail
    fits = [api.get("/api/v1/models/large/limits", params={"steps": 5, **top}).json() for top in ({}, {"top": TOP})]
    assert [(each["trace"]["steps"], each["experiment"]["steps"]) for each in fits] == [(0, 0), (1, 0)]
    assert problem(api.get("/api/v1/models/large/limits", params={"steps": 5, "top": 0}))[0] == 422
