"""The shipped models answer in the recorded shape."""

from functools import cache
from typing import Any

import pytest
from starlette.testclient import TestClient

from . import shipped
from .compare import differences
from .storage import load

MODELS: dict[str, Any] = load("shipped")


@cache
def server() -> TestClient:
    return shipped.client()


@pytest.mark.parametrize("model", MODELS)
def test_shape_is_the_recorded_one(model: str) -> None:
    recorded = MODELS[model]
    assert differences(recorded["answers"], shipped.asked(server(), model, recorded["text"])) == []


def test_every_shipped_model_is_recorded() -> None:
    served = [each["id"] for each in server().get("/api/v1/models").json()["models"]]
    assert [model for model in MODELS if model not in served] == []
