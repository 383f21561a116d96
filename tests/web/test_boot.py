"""What the page's scripts are told: the facts that the server itself goes by."""

from pathlib import Path
from typing import get_args

import pytest
from gatescope.api.memory.schemas import MemoryBody, WeightsChoice
from gatescope.api.traces.outputs import SHOWN
from gatescope.recurrent.reading import MANY
from gatescope.recurrent.tokenizer import WordTokenizer
from gatescope.settings import Settings
from gatescope.store.saving import save_model
from gatescope.web.boot import facts
from networks import random_network
from pydantic import ValidationError
from serving import client
from starlette.testclient import TestClient

from .embedded import embedded


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


def test_of_many_outputs_the_page_is_told_how_many_to_ask_for_and_no_names(tmp_path: Path) -> None:
    words = WordTokenizer(["<unk>", *(f"word{number}" for number in range(MANY))])
    config = {"vocabulary_size": len(words.vocabulary), "outputs": len(words.vocabulary), "head": "softmax"}
    about = {"title": "M", "task": "t", "description": "d", "outputs": words.vocabulary, "licence": "MIT"}
    save_model(tmp_path / "many", random_network(cell="gru", **config), words, {**about, "predicts_next": True})
    site = client(tmp_path, default_model="many")
    page = site.get("/", params={"text": "word7 word8"}).text
    [told] = embedded(page, "boot")["models"]
    assert (told["outputs"], told["top"], told["predicts_next"]) == ([], SHOWN, True)
    assert "next_outputs" not in told
    [traced] = embedded(page, "first-traces")
    asked = {"text": "word7 word8", "encoding": "base64", "top": SHOWN, "rows": {}, "summary": True}
    assert traced == site.post("/api/v1/models/many/traces", json=asked).json()
    assert site.get("/api/v1/models/many").json()["outputs"] == list(words.vocabulary)[:MANY]


def test_comparisons_are_what_the_page_can_open_with(api: TestClient) -> None:
    for comparison in facts(Settings()).comparisons:
        assert "There is no comparison" not in api.get("/", params={"text": "good", "compare": comparison}).text
    assert "There is no comparison" in api.get("/", params={"text": "good", "compare": "nope"}).text
