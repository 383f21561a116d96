"""A folder of models that an earlier version wrote goes on working, with the numbers that it gave there."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gatescope.store.loading import load_model
from gatescope.store.saving import write_config
from model_folders import contents
from serving import client

OLD = Path(__file__).parent / "data" / "models-2026-11-23"
TRACES: dict[str, dict[str, Any]] = json.loads((OLD / "traces.json").read_text())
ROUNDED = 1e-6  # what is recorded has six decimals


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """The folder of the earlier version."""
    return Path(shutil.copytree(OLD, tmp_path / "models"))


@pytest.mark.parametrize("name", TRACES)
def test_every_number_is_what_it_was(models: Path, name: str) -> None:
    model, old = load_model(models / name), TRACES[name]
    trace = model.trace(old["text"])
    assert [each.id for each in trace.tokens] == old["ids"]
    [layer] = trace.layers
    for letter, values in old["activations"].items():
        np.testing.assert_allclose(layer[letter], values, rtol=0, atol=2 * ROUNDED, err_msg=letter)
    np.testing.assert_allclose(trace.outputs, old["outputs"], rtol=0, atol=2 * ROUNDED)


def test_the_folder_is_served_as_it_is_and_not_touched(models: Path) -> None:
    before = contents(models)
    api = client(models, default_model="flag-lstm")
    listed = api.get("/api/v1/models").json()
    assert ([each["id"] for each in listed["models"]], listed["broken"]) == (sorted(TRACES), [])
    for name, old in TRACES.items():
        own = f"/api/v1/models/{name}"
        for path in ("/", f"/models/{name}/card", f"/models/{name}/saturation.svg", own, f"{own}/statistics"):
            assert api.get(path, params={"model": name} if path == "/" else {}).status_code == 200, path
        answer = api.post(f"{own}/traces", json={"text": old["text"]}).json()
        np.testing.assert_allclose(answer["outputs"]["values"], old["outputs"], rtol=0, atol=2 * ROUNDED)
        assert api.post(f"{own}/memory", json={"text": old["text"]}).status_code == 200
    assert contents(models) == before


@pytest.mark.parametrize("name", TRACES)
def test_what_is_measured_now_can_be_written_to_it(models: Path, name: str) -> None:
    old = load_model(models / name)
    write_config(models / name, {"title": "The same"})
    new = load_model(models / name)
    assert new.config == old.config.model_copy(update={"title": "The same", "predicts_next": new.config.predicts_next})
    assert new.config.weights_sha256 == old.config.weights_sha256
