"""How the tests ask about memory, and read the answers."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.store.saving import save_model
from networks import random_network
from serving import LETTERS, MODELS, client
from starlette.testclient import TestClient

from ..asking import TEXT, problem

LETTERS_TEXT = "ab abba b"
TEXTS = {name: TEXT if name != "letters" else LETTERS_TEXT for name in MODELS}


def ask(api: TestClient, model: str = "lstm", **options: Any) -> dict[str, Any]:
    response = api.post(f"/api/v1/models/{model}/memory", json={"text": TEXTS.get(model, TEXT), **options})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = json.loads(response.content, parse_constant=pytest.fail)  # no NaN, no Infinity
    return answer


def refused(api: TestClient, model: str = "lstm", **options: Any) -> tuple[int, str, str]:
    return problem(api.post(f"/api/v1/models/{model}/memory", json={"text": TEXTS.get(model, TEXT), **options}))


def numbers(given: Any) -> np.ndarray:
    """Logarithms as they were sent, NaN for null."""
    if isinstance(given, dict):
        shape = [int(size) for size in given["shape"].split(", ")]
        return np.frombuffer(base64.b64decode(given["bdata"]), given["dtype"]).reshape(shape).astype(np.float64)
    return np.array(given, np.float64)


def assert_same(given: Any, expected: Any) -> None:
    expected = np.asarray(expected, np.float64)
    np.testing.assert_allclose(numbers(given), np.where(np.isfinite(expected), expected, np.nan), rtol=1e-5, atol=1e-6)


def save_relu(folder: Path, factor: float) -> TestClient:
    """A client of one relu RNN whose states grow by ``factor`` at every step."""
    network = random_network(
        cell="rnn", nonlinearity="relu", vocabulary_size=4, hidden_size=3, embedding_size=2, outputs=1, bias=False
    )
    with torch.no_grad():
        network.weights(0, "forward").w_hh.copy_(factor * torch.eye(3))
        network.weights(0, "forward").w_ih.fill_(1)
        network.embedding.weight.fill_(1)
    about = {"title": "R", "task": "t", "description": "d", "outputs": ["yes"], "licence": "MIT"}
    save_model(folder / "relu", network, LETTERS, about)
    return client(folder, default_model="relu")
