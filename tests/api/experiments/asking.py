"""How the tests ask for experiments, and read the answers."""

import json
from base64 import b64decode
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from starlette.testclient import TestClient

from ..asking import TEXT, problem

PATH = "/api/v1/models/lstm/experiments"
RUNS = ("original", "edited", "difference")


def ask(api: TestClient, model: str = "lstm", **options: Any) -> dict[str, Any]:
    response = api.post(f"/api/v1/models/{model}/experiments", json={"text": TEXT, **options})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = json.loads(response.content, parse_constant=pytest.fail)  # no NaN, no Infinity
    return answer


def refused(api: TestClient, model: str = "lstm", **options: Any) -> tuple[int, str, str]:
    return problem(api.post(f"/api/v1/models/{model}/experiments", json={"text": TEXT, **options}))


def numbers(given: Any) -> NDArray[Any]:
    """An array as it was sent, in either encoding."""
    if isinstance(given, dict):
        shape = [int(size) for size in given["shape"].split(", ")]
        return np.frombuffer(b64decode(given["bdata"]), "<f4").reshape(shape)
    return np.array(given, np.float32)
