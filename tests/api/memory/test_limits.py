"""Requests for memory that do not fit their model or the limits: each with the exact answer."""

from pathlib import Path
from typing import Any

import pytest
from gatescope.store.saving import save_model
from networks import random_network
from serving import LETTERS, client
from starlette.testclient import TestClient

from .asking import ask, refused, save_relu

BAD: list[tuple[dict[str, Any], str]] = [
    ({"step": 5}, "step: 5 is not among the steps asked for, 0 to 4."),
    ({"step": 0, "start": 1}, "step: 0 is not among the steps asked for, 1 to 4."),
    ({"output": 1}, "output: there is no output 1: choose from 0 to 0."),
    ({"target": 2}, "target: there is no target 2: choose from 0 to 1."),
    ({"layers": [1]}, "layers: there is no layer 1: choose from 0 to 0."),
    ({"start": 5}, "start: 5 is not below 5, where the steps asked for end, of 5 in all."),
    ({"text": " "}, ""),
]


@pytest.mark.parametrize(("options", "detail"), BAD, ids=[str(options) for options, _ in BAD])
def test_bad_option(api: TestClient, options: dict[str, Any], detail: str) -> None:
    if detail:
        assert refused(api, **options) == (422, "invalid-request", detail)
    else:
        assert refused(api, **options)[:2] == (422, "empty-text")


def test_forget_bias_of_a_gru(api: TestClient) -> None:
    assert refused(api, "gru", weights="untrained, forget bias 1") == (
        422,
        "invalid-request",
        "weights: this gru has no forget bias: only a cell with a forget gate and biases has; send 'untrained'.",
    )


def test_alpha_of_a_cell_without_recurrent_weights(tmp_path: Path) -> None:
    network = random_network(cell="mingru", vocabulary_size=4, outputs=1)
    about = {"title": "M", "task": "t", "description": "d", "outputs": ["yes"], "licence": "MIT"}
    save_model(tmp_path / "mingru", network, LETTERS, about)
    api = client(tmp_path, default_model="mingru")
    assert refused(api, "mingru", text="ab", alpha=2) == (
        422,
        "invalid-request",
        "alpha: a minGRU has no recurrent weights to multiply by 2: leave alpha at 1.",
    )
    assert "spectra" not in ask(api, "mingru", text="ab", alpha=1)["layers"][0]


@pytest.mark.parametrize(
    ("limit", "value", "what"),
    [("max_held", 1000, "numbers held at a time")],
)
def test_more_work_than_the_server_takes(models: Path, limit: str, value: int, what: str) -> None:
    api = client(models, **{limit: value})
    status, kind, detail = refused(api)
    assert (status, kind) == (413, "too-much-work")
    assert f" {what}; this server takes up to {value:.2g} for an answer. Narrow the request with start and" in detail
    assert detail.startswith("For 5 steps of 5 this takes ")
    assert ask(api, parts=["saturation"], text="good")["model"] == "lstm"


def test_an_answer_with_more_numbers_than_the_server_sends(models: Path) -> None:
    assert refused(client(models, max_values=99)) == (
        413,
        "too-much-work",
        "For 5 steps of 5 this takes 1e+02 numbers sent; this server takes up to 99 for an answer. Narrow the request "
        "with start and stop (4 of 5 steps fit), layers or parts, or send a shorter text.",
    )


def test_a_long_text_is_refused_before_anything_is_computed(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatescope.recurrent.memory.jacobians.Point", None)
    assert refused(api, text="good " * 2000)[:2] == (413, "too-much-work")


def test_states_that_overflow(tmp_path: Path) -> None:
    assert refused(save_relu(tmp_path, 10), "relu", text="ab" * 40, alpha=2) == (
        422,
        "states-overflow",
        "At step 30 of 80, h of layer 0 forward leaves the range of float32. Lower alpha, which is 2, or send a "
        "shorter text.",
    )
