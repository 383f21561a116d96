"""gatescope models: which models it lists."""

from pathlib import Path

import pytest
from gatescope.cli import app
from typer.testing import CliRunner

ROWS = [
    ["both-ways", "test", "gru", "7", "2"],
    ["gru", "test", "gru", "7", "1"],
    ["letters", "other", "rnn", "7", "1"],
    ["lstm", "test", "lstm", "7", "1"],
    ["rnn", "test", "rnn", "7", "1"],
    ["broken", "broken: config.json: the file is missing", "", "", ""],
]


def test_each_model_is_listed_and_a_broken_one_with_the_reason(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("GATESCOPE_MODELS", str(models))
    for arguments in ([], ["--folder", str(models)]):
        done = CliRunner().invoke(app, ["models", *arguments])
        assert done.exit_code == 0
        rows = [row.split("│")[1:-1] for row in done.stdout.splitlines() if "│" in row]
        assert [[cell.strip() for cell in row] for row in rows] == ROWS
        assert str(models) in done.stdout


def test_another_folder_can_be_named(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["models", "--folder", str(tmp_path)], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert "│" not in done.stdout
