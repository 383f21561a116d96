"""How the tests ask for rankings, and read the answers."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from ..asking import TEXT, problem


def ask(api: TestClient, model: str = "lstm", **options: Any) -> dict[str, Any]:
    response = api.post(f"/api/v1/models/{model}/rankings", json={"text": TEXT, **options})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = json.loads(response.content, parse_constant=pytest.fail)  # no NaN, no Infinity
    return answer


def refused(api: TestClient, model: str = "lstm", **options: Any) -> tuple[int, str, str]:
    return problem(api.post(f"/api/v1/models/{model}/rankings", json={"text": TEXT, **options}))
