"""The application as a whole."""

from pathlib import Path

import gatescope
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


def test_public_names() -> None:
    assert gatescope.__all__ == ["Trace", "load_model"]
    assert all(hasattr(gatescope, name) for name in gatescope.__all__)
