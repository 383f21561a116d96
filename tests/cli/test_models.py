"""gatescope models: which models it lists."""

from pathlib import Path

import pytest
from gatescope.cli import app
from model_folders import edited, saved
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


def test_nothing_in_a_folder_reaches_the_terminal_as_a_command(tmp_path: Path) -> None:
    saved(tmp_path / "good", task="[red]\x1b[31m")
    (tmp_path / "[b]\x1b[2J").mkdir()
    saved(tmp_path / "bad")
    edited("config.json", lambda old: {**old, "[/b]\x1b]0;title\x07": 1})(tmp_path / "bad")
    done = CliRunner().invoke(app, ["models", "--folder", str(tmp_path)], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert "\x1b" not in done.stdout
    rows = [[cell.strip() for cell in row.split("│")[1:3]] for row in done.stdout.splitlines() if "│" in row]
    assert rows == [
        ["good", r"[red]\x1b[31m"],
        [r"[b]\x1b[2J", "broken: the name of its folder holds a control character: rename the folder"],
        ["bad", r"broken: config.json: [/b]\x1b]0;title\x07: Extra inputs are not permitted"],
    ]


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    done = CliRunner().invoke(app, ["models", "--folder", str(tmp_path)])
    message = f"gatescope: the folder of models {tmp_path} cannot be read: Permission denied\n"
    assert (done.exit_code, done.stderr) == (1, message)
