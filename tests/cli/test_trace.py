"""gatescope trace: the same JSON as from the API."""

import json
from pathlib import Path
from typing import Any

import pytest
from gatescope.cli import app
from gatescope.recurrent.engine import compiled as kernels
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
