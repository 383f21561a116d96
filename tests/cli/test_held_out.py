"""What evaluate and units share: the model by its name, the data of its task, and whether they belong together."""

from pathlib import Path
from typing import Any

import pytest
import typer
import word_task
from gatescope.cli import app
from gatescope.cli.held_out import model_and_task
from gatescope.store.loading import load_model
from gatescope.store.saving import save_model
from typer.testing import CliRunner


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return word_task.install(tmp_path / "models", monkeypatch)


def test_the_model_comes_with_the_task_that_it_was_trained_for(models: Path, tmp_path: Path) -> None:
    model, task = model_and_task("gru", tmp_path, None, None, None)
    assert (model.id, task.name) == ("gru", "test")
    assert model.tokenizer.vocabulary == task.tokenizer.vocabulary
    same, _ = model_and_task(str(models / "gru"), tmp_path, None, None, None)
    assert same.folder == model.folder


def test_the_data_are_kept_in_the_users_cache_by_default(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gatescope.training.run.user_cache_path", lambda name, appauthor: tmp_path / name)
    model_and_task("gru", None, None, None, None)
    assert capsys.readouterr().err == "note: the cache is gatescope\n"


def test_few_outputs_are_listed_and_many_are_counted(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(word_task.WordTask, "about", {"outputs": [*"abcdefg"]})
    with pytest.raises(typer.Exit):
        model_and_task("gru", tmp_path, None, None, None)
    assert "(positive; a, b, c, d, e … 7 in all)" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["evaluate", "units"])
def test_a_model_with_other_outputs_than_its_task_is_not_measured(models: Path, command: str) -> None:
    model = load_model(models / "lstm")
    about: dict[str, Any] = model.config.model_dump(
        exclude={"network", "tokenizer", "corrects_spelling", "weights_sha256"}
    )
    save_model(models / "lstm", model.network, model.tokenizer, {**about, "outputs": ["negative"]})
    done = CliRunner().invoke(app, [command, "lstm"])
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == (
        "gatescope: lstm: its outputs are not those of its data here (negative; positive): it was trained to say "
        "something else"
    )


@pytest.mark.parametrize("command", ["evaluate", "units"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nope"], "there is no model 'nope': 'gatescope models' lists them"),
        (["broken"], "broken: config.json: the file is missing"),
        (["letters"], "letters: there is no task 'other': the tasks are sentiment, "),
        (["lstm", "--file", "nope.txt"], "lstm: nope.txt does not exist"),
        (["lstm", "--label", "stars"], "lstm: the task 'test' takes no --label"),
        (
            ["lstm", "--file", "words"],
            "lstm: the vocabulary of its data here is not its own (3 tokens and 10): it was trained on other data",
        ),
    ],
)
def test_what_cannot_be_measured_is_an_error_in_one_line(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words").write_text("good bad")
    done = CliRunner().invoke(app, [command, *arguments])
    assert done.exit_code == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"gatescope: {message}")
    assert [line for line in done.stderr.splitlines() if not line.startswith("note: ")] == [last]
    assert done.stdout == ""
