"""gatescope show: the first screen as lines, with the errors of gatescope trace."""

import json
from pathlib import Path

import pytest
from gatescope.cli import app
from gatescope.figures import parts
from typer.testing import CliRunner


@pytest.fixture
def run(models: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("GATESCOPE_MODELS", str(models))
    monkeypatch.setenv("GATESCOPE_MAX_TEXT", "50")
    monkeypatch.setenv("COLUMNS", "90")
    return CliRunner()


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_it_prints_a_line_for_each_word_without_colour_when_piped(run: CliRunner, cell: str) -> None:
    done = run.invoke(app, ["show", "not good", "--model", cell])
    assert done.exit_code == 0, done.output
    assert "\x1b" not in done.stdout
    assert [line.split()[0] for line in done.stdout.split("\n") if "█" in line[:30] and line[0] not in "▒█"] == [
        "not",
        "good",
    ]
    traced = json.loads(run.invoke(app, ["trace", "not good", "--model", cell]).stdout)
    for line in done.stdout.split("\n"):
        if line.startswith(("not ", "good ")) and traced["outputs"]["values"][0][1:] == []:
            at = 0 if line.startswith("not") else 1
            assert float(line.split()[-1]) == pytest.approx(traced["outputs"]["values"][at][0], abs=0.0051)


@pytest.mark.parametrize("edits", ["z@0=0", '[{"letter": "z", "steps": [0], "hold": 0}]'])
def test_with_edits_it_tells_what_they_change(run: CliRunner, edits: str) -> None:
    plain = run.invoke(app, ["show", "not good", "--model", "gru"]).stdout
    done = run.invoke(app, ["show", "not good", "--model", "gru", "--edits", edits])
    assert done.exit_code == 0, done.output
    assert "held at 0" in done.stdout.split("\n")[0]
    assert "held at 0" not in plain


def test_a_long_text_is_shown_in_parts(run: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "MOST_STEPS", 2)
    first = run.invoke(app, ["show", "not good bad", "--model", "lstm"]).stdout
    assert first.endswith("1 more step is not shown: --start 2 goes on.\n")
    last = run.invoke(app, ["show", "not good bad", "--model", "lstm", "--start", "2"]).stdout
    assert "not shown" not in last
    assert "\nbad " in last


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["good", "--model", "nope"], "there is no model 'nope': 'gatescope models' lists them"),
        (["", "--model", "lstm"], "The text has no word to trace; send at least one."),
        (["a" * 51, "--model", "lstm"], "The text has 51 characters; this server takes up to 50."),
        (["good", "--model", "lstm", "--start", "1"], "start: 1 is not below 1, where the steps asked for end; the"),
        (["good", "--model", "gru", "--edits", "f=0"], "edits.0.letter: a GRU has no forget gate 'f': its update gate"),
        (["good", "--model", "gru", "--edits", "z@0"], "edits: 'z@0' has no value: an edit is written like i@3=0."),
    ],
)
def test_what_cannot_be_shown_is_an_error_in_one_line(run: CliRunner, arguments: list[str], message: str) -> None:
    done = run.invoke(app, ["show", *arguments])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"gatescope: {message}")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
