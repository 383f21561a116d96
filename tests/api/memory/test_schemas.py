"""Requests for memory whose fields are wrong in themselves: each with the exact answer."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from ..asking import problem
from .asking import refused

BAD: list[tuple[dict[str, Any], str]] = [
    ({"alpha": 0.09}, "alpha: Input should be greater than or equal to 0.1."),
    ({"alpha": 3.1}, "alpha: Input should be less than or equal to 3."),
    ({"alpha": "1"}, "alpha: Input should be a valid number."),
    ({"clip": 0}, "clip: Input should be greater than 0."),
    ({"parts": []}, "parts: is empty; leave it out for all of them."),
    ({"parts": ["states", "states"]}, "parts: 'states' is listed twice."),
    (
        {"weights": "random"},
        "weights: Input should be 'trained', 'untrained', 'untrained, forget bias 1' or 'untrained, as it started'.",
    ),
    ({"seed": -1}, "seed: Input should be greater than or equal to 0."),
    ({"beta": 1}, "beta: there is no such field; the fields are listed at /docs."),
]


@pytest.mark.parametrize(("options", "detail"), BAD, ids=[str(options) for options, _ in BAD])
def test_bad_option(api: TestClient, options: dict[str, Any], detail: str) -> None:
    assert refused(api, **options) == (422, "invalid-request", detail)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_none(api: TestClient, number: str) -> None:
    body = f'{{"text": "good", "alpha": {number}, "clip": {number}}}'
    headers = {"Content-Type": "application/json"}
    status, kind, _ = problem(api.post("/api/v1/models/lstm/memory", content=body, headers=headers))
    assert (status, kind) == (422, "invalid-request")
