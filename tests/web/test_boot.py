"""What the page's scripts are told: the facts that the server itself goes by."""

from typing import get_args

import pytest
from gatescope.api.memory.schemas import MemoryBody, WeightsChoice
from gatescope.settings import Settings
from gatescope.web.boot import facts
from pydantic import ValidationError
from starlette.testclient import TestClient


def test_limits_are_those_of_the_settings() -> None:
    assert facts(Settings(max_text=77)).max_text == 77


def test_alpha_may_be_what_the_api_takes() -> None:
    least, greatest = facts(Settings()).alpha
    for alpha in (least, greatest):
        assert MemoryBody(text="a", alpha=alpha).alpha == alpha
    for alpha in (least - 0.01, greatest + 0.01):
        with pytest.raises(ValidationError):
            MemoryBody(text="a", alpha=alpha)


def test_weights_are_those_of_the_api() -> None:
    assert [each.name for each in facts(Settings()).weights.values()] == list(get_args(WeightsChoice))


def test_files_are_forms_of_a_trace(api: TestClient) -> None:
    files = facts(Settings()).files
    assert files.keys() == {"csv", "npz"}
    for ending, media_type in files.items():
        response = api.post("/api/v1/models/lstm/traces", json={"text": "good"}, headers={"Accept": media_type})
        assert response.headers["content-type"].startswith(media_type)
        assert f".{ending}" in response.headers["content-disposition"]


def test_comparisons_are_what_the_page_can_open_with(api: TestClient) -> None:
    for comparison in facts(Settings()).comparisons:
        assert "There is no comparison" not in api.get("/", params={"text": "good", "compare": comparison}).text
    assert "There is no comparison" in api.get("/", params={"text": "good", "compare": "nope"}).text
