"""gatescope trace: the same JSON as from the API."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gatescope.cli import app
from gatescope.recurrent.engine import compiled as kernels
from gatescope.store.loading import load_model
from model_folders import saved_numbers
from starlette.testclient import TestClient
from typer.testing import CliRunner


@pytest.fixture
def run(models: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("GATESCOPE_MODELS", str(models))
    monkeypatch.setenv("GATESCOPE_MAX_TEXT", "50")
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def test_trace_prints_what_the_api_answers(run: CliRunner, api: TestClient) -> None:
    done = run.invoke(
        app, ["trace", "not good", "--model", "gru", "--activations", "zh", "--start", "1", "--stop", "2"]
    )
    assert done.exit_code == 0, done.output
    options = {"text": "not good", "activations": ["z", "h"], "start": 1, "stop": 2}
    assert json.loads(done.stdout) == api.post("/api/v1/models/gru/traces", json=options).json()


EDITS = [
    {"letter": "z", "units": [1, 2], "steps": [1], "hold": 0},
    {"letter": "h", "steps": [0], "patch": {"text": "bad", "step": 0}},
    {"steps": [1], "swap": "bad"},
]


@pytest.mark.parametrize(
    ("given", "edits"),
    [
        ('z[1,2]@1=0;h@0:patch={"text":"bad","step":0};@1:swap="bad"', EDITS),
        (json.dumps(EDITS), EDITS),
        (json.dumps(EDITS, indent=1), EDITS),
        ("[3]@1:freeze", [{"units": [3], "steps": [1], "freeze": True}]),
        ("[]", []),
        ("", []),
    ],
)
def test_edits_are_taken_in_the_short_form_or_as_json(
    run: CliRunner, api: TestClient, given: str, edits: list[dict[str, Any]]
) -> None:
    done = run.invoke(app, ["trace", "not good", "--model", "gru", "--edits", given])
    assert done.exit_code == 0, done.output
    answer = api.post("/api/v1/models/gru/traces", json={"text": "not good", "edits": edits}).json()
    assert json.loads(done.stdout) == answer
    assert answer.get("edits", []) == edits


def test_trace_takes_the_folder_of_a_model(run: CliRunner, models: Path) -> None:
    done = run.invoke(app, ["trace", "good", "--model", str(models / "rnn")])
    assert json.loads(done.stdout)["model"] == "rnn"


def test_trace_runs_the_default_model_of_the_settings(run: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATESCOPE_DEFAULT_MODEL", "gru")
    assert json.loads(run.invoke(app, ["trace", "good"]).stdout)["model"] == "gru"


def test_trace_runs_on_the_engine_of_the_settings(run: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ["trace", "not good", "--model", "gru"]
    compiled = json.loads(run.invoke(app, arguments).stdout)
    monkeypatch.delattr(kernels, "unroll")
    assert isinstance(run.invoke(app, arguments).exception, AttributeError)
    monkeypatch.setenv("GATESCOPE_ENGINE", "reference")
    reference = json.loads(run.invoke(app, arguments).stdout)
    assert reference["outputs"]["values"] == [pytest.approx(row, abs=1e-6) for row in compiled["outputs"]["values"]]


def test_a_folder_here_does_not_hide_an_installed_model(
    run: CliRunner, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gru").symlink_to(models / "rnn")
    monkeypatch.chdir(tmp_path)

    def cell(model: str) -> str:
        answer = json.loads(run.invoke(app, ["trace", "good", "--model", model]).stdout)
        return str(answer["layers"][0]["cell"])

    assert (cell("gru"), cell("./gru")) == ("gru", "rnn")
    monkeypatch.chdir(models / "lstm")
    assert cell(".") == "lstm"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["good", "--model", "nope"], "there is no model 'nope': 'gatescope models' lists them"),
        (["good", "--model", ""], "there is no model '': 'gatescope models' lists them"),
        (["good", "--model", "./nope"], "there is no model './nope': 'gatescope models' lists them"),
        (["good", "--model", "broken"], "broken: config.json: the file is missing"),
        (["", "--model", "lstm"], "The text has no word to trace; send at least one."),
        (["good", "--model", "lstm", "--activations", "z"], "activations: there is no 'z' in lstm (lstm)"),
        (["good", "--model", "lstm", "--activations", "?"], "activations.0: Input should be 'i', 'f', "),
        (["a" * 51, "--model", "lstm"], "The text has 51 characters; this server takes up to 50."),
        (["good", "--model", "gru", "--edits", "f=0"], "edits.0.letter: a GRU has no forget gate 'f': its update gate"),
        (
            ["good", "--model", "gru", "--edits", "z@7-5=0"],
            "edits.0.steps: 7-5 is an empty range: the smaller number comes first.",
        ),
        (["good", "--model", "gru", "--edits", "z@0"], "edits: 'z@0' has no value: an edit is written like i@3=0."),
        (["good", "--model", "gru", "--edits", "[{]"], "edits: is not a JSON list: Expecting property name"),
        (["good", "--model", "gru", "--edits", '[{"letter": "z"}]'], "edits.0: there is no operation: add one of"),
        (
            ["good", "--model", "gru", "--edits", f'h:patch={{"text":"{"a" * 47}","step":0}}'],
            "The text and those of its patches have together 51 characters",
        ),
        (["a\udc80", "--model", "lstm"], "text: character 1 is a lone surrogate"),
    ],
)
def test_what_cannot_be_traced_is_an_error_in_one_line(run: CliRunner, arguments: list[str], message: str) -> None:
    done = run.invoke(app, ["trace", *arguments])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"gatescope: {message}")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize("command", ["trace", "show"])
def test_numbers_come_from_a_file(run: CliRunner, tmp_path: Path, command: str) -> None:
    saved_numbers(tmp_path / "weather")
    (tmp_path / "w.csv").write_text("Date,temperature,rain,wind\nMon,9,0.5,-1\nTue,12,0,-2\n", encoding="utf-8")
    model = ["--model", str(tmp_path / "weather")]
    done = run.invoke(app, [command, "--values", str(tmp_path / "w.csv"), *model])
    assert done.exit_code == 0, done.output
    if command == "show":
        assert [line.split()[0] for line in done.stdout.split("\n") if "█" in line[:30] and line[0] not in "▒█"] == [
            "Mon",
            "Tue",
        ]
        assert "steps that it was written at" in done.stdout
    else:
        answer = json.loads(done.stdout)
        values = [[9, 0.5, -1], [12, 0, -2]]
        expected = load_model(tmp_path / "weather").trace(values=values).layer()["c"]
        np.testing.assert_array_equal(np.float32(answer["layers"][0]["activations"]["c"]), expected)
        assert [token["text"] for token in answer["tokens"]] == ["Mon", "Tue"]
    (tmp_path / "bad.csv").write_text("1,nan,2\n")
    for arguments, message in (
        (
            ["--values", str(tmp_path / "bad.csv"), *model],
            f"{tmp_path}/bad.csv: line 1, column 1: 'nan' is not a finite number",
        ),
        (
            ["--values", str(tmp_path / "no.csv"), *model],
            f"{tmp_path}/no.csv: cannot be read: No such file or directory",
        ),
        (["--values", str(tmp_path / "w.txt"), *model], f"{tmp_path}/w.txt: cannot be read: No such file or directory"),
        (["good", "--values", str(tmp_path / "w.csv"), *model], "values: are sent together with a text; send one of"),
        (["good", *model], "text: weather reads numbers; send values in its place, of its columns, 3: temperature"),
        (model, "values: are required: weather reads the columns 3: temperature, rain, wind."),
        (
            ["--values", str(tmp_path / "w.csv"), "--model", "gru"],
            "gru reads text, not numbers: give a text in place of",
        ),
        (["--model", "gru"], "text: is required."),
    ):
        refused = run.invoke(app, [command, *arguments])
        assert refused.exit_code == 1
        assert refused.stderr.startswith(f"gatescope: {message}"), refused.stderr
        assert refused.stderr.count("\n") == 1
