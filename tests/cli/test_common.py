"""What the commands share: how they give up, the settings, and the model that is named."""

from pathlib import Path

import pytest
import typer
from gatescope.cli.common import give_up, read_model, read_settings


def test_giving_up_takes_one_line_and_an_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught:
        give_up("it is raining", 3)
    assert caught.value.exit_code == 3
    assert capsys.readouterr() == ("", "gatescope: it is raining\n")
    with pytest.raises(typer.Exit) as caught:
        give_up("it is raining")
    assert caught.value.exit_code == 1


def test_an_option_takes_precedence_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATESCOPE_PORT", "9001")
    assert read_settings(port=None).port == 9001
    assert read_settings(port=9002).port == 9002


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GATESCOPE_PORT", "many")
    with pytest.raises(typer.Exit) as caught:
        read_settings()
    assert caught.value.exit_code == 2
    assert capsys.readouterr().err.startswith("gatescope: the setting port (GATESCOPE_PORT): Input should be a valid")


def test_a_model_is_named_by_its_name_or_its_path(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read_settings(models=models)
    assert read_model("gru", settings).folder == models / "gru"
    assert read_model(str(models / "rnn"), settings).folder == models / "rnn"
    monkeypatch.chdir(models / "lstm")
    assert read_model(".", settings).id == "lstm"
    monkeypatch.chdir(models)
    assert read_model("./rnn", settings).id == "rnn"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "there is no model '': 'gatescope models' lists them"),
        ("nope", "there is no model 'nope': 'gatescope models' lists them"),
        ("./nope", "there is no model './nope': 'gatescope models' lists them"),
        ("broken", "broken: config.json: the file is missing"),
    ],
)
def test_a_model_that_cannot_be_loaded_is_refused(
    models: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    with pytest.raises(typer.Exit):
        read_model(name, read_settings(models=models))
    assert capsys.readouterr().err == f"gatescope: {message}\n"
