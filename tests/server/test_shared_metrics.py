"""The folder of the metrics of several processes."""

import os
from pathlib import Path

import pytest
from gatescope.server.shared_metrics import VARIABLE, shared_metrics


def test_a_folder_is_there_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with shared_metrics() as folder:
        assert os.environ[VARIABLE] == str(folder)
        assert list(folder.iterdir()) == []
        (folder / "counter_1.db").touch()
    assert not folder.exists()
    assert VARIABLE not in os.environ


def test_a_folder_that_is_named_is_cleared_and_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "figures"
    monkeypatch.setenv(VARIABLE, str(folder))
    with shared_metrics() as used:
        assert (used, list(folder.iterdir())) == (folder, [])
        (folder / "counter_1.db").touch()
        (folder / "notes").touch()
    with shared_metrics():
        assert [each.name for each in folder.iterdir()] == ["notes"]
    assert os.environ[VARIABLE] == str(folder)
