"""The application as a whole."""

import logging
from pathlib import Path

import pytest
import torch
from gatescope.main import create_app
from gatescope.settings import Settings


def test_settings_come_from_the_environment(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATESCOPE_MODELS", str(models))
    monkeypatch.setenv("GATESCOPE_THREADS", "2")
    app = create_app()
    assert app.state.settings.models == models
    assert torch.get_num_threads() == 2
    create_app(Settings(models=models, threads=1))
    assert torch.get_num_threads() == 1


def test_broken_models_are_logged_once_with_their_reason(models: Path, caplog: pytest.LogCaptureFixture) -> None:
    create_app(Settings(models=models))
    assert caplog.record_tuples == [
        ("gatescope.main", logging.WARNING, "the model broken cannot be used: config.json: the file is missing")
    ]


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_models_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture, exists: bool) -> None:
    folder = tmp_path / "none"
    if exists:
        folder.mkdir()
    create_app(Settings(models=folder))
    what = "holds none that can be used" if exists else "is missing"
    assert caplog.messages == [f"the folder of models {folder} {what}: nothing can be traced"]
