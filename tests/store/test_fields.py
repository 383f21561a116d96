"""What the JSON files of a model may hold."""

import json
from typing import Any

import pytest
from gatescope.recurrent.network import NetworkConfig
from gatescope.settings import data_folder
from gatescope.store.columns import Column
from gatescope.store.fields import ModelConfig, Start
from model_folders import SHARES, UNIT
from pydantic import TypeAdapter, ValidationError

NETWORK = {"cell": "lstm", "vocabulary_size": 8, "embedding_size": 5, "hidden_size": 7, "outputs": 1}
CONFIG = {
    "title": "T",
    "task": "t",
    "description": "d",
    "network": NETWORK,
    "tokenizer": "word",
    "outputs": ["yes"],
    "licence": "MIT",
    "weights_sha256": "0" * 64,
}


def test_a_config_becomes_the_network_config_of_the_science_and_json_again() -> None:
    config = ModelConfig.model_validate_json(json.dumps(CONFIG))
    assert config.network == NetworkConfig("lstm", 8, 5, 7, 1)
    assert type(config.network) is NetworkConfig
    assert ModelConfig.model_validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize("name", ["sentiment-lstm", "prose-gru"])
def test_a_config_of_text_is_written_as_it_was_read(name: str) -> None:
    path = data_folder("models") / name / "config.json"
    config = ModelConfig.model_validate_json(path.read_bytes())
    assert f"{config.model_dump_json(indent=1)}\n" == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"colour": 1}, ("colour",)),
        ({"network": {**NETWORK, "colour": 1}}, ("network", "colour")),
        ({"start": {"colour": 1}}, ("start", "colour")),
        ({"units": [{**UNIT.model_dump(), "colour": 1}]}, ("units", 0, "colour")),
        ({"shares": {**SHARES.model_dump(), "colour": 1}}, ("shares", "colour")),
    ],
    ids=str,
)
def test_a_field_that_there_is_not_is_refused_at_every_depth(change: dict[str, Any], place: tuple[Any, ...]) -> None:
    with pytest.raises(ValidationError) as refused:
        ModelConfig.model_validate({**CONFIG, **change})
    assert [each["loc"] for each in refused.value.errors()] == [place]


@pytest.mark.parametrize("kind", [Column, NetworkConfig, Start])
def test_every_field_of_a_dataclass_is_described(kind: type) -> None:
    schema = TypeAdapter(kind).json_schema()
    assert schema["additionalProperties"] is False
    assert all(field["description"] for field in schema["properties"].values())
