"""gatescope pushes: what it prints, and what it writes to a model."""

import json
from pathlib import Path

import pytest
import word_task
from gatescope.cli import app
from gatescope.store.loading import load_model
from gatescope.training.shares import largest_pushes
from typer.testing import CliRunner, Result


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return word_task.install(tmp_path / "models", monkeypatch)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["pushes", *arguments])


def give_statistics(folder: Path) -> bytes:
    """Write statistics without a scale, as older versions did, and return them."""
    each = {"layer": 0, "direction": "forward", "activation": "h", "mean": [0.1] * 7, "standard_deviation": [0.2] * 7}
    content = json.dumps({"steps": 7, "activations": [each]}).encode()
    (folder / "statistics.json").write_bytes(content)
    return content


@pytest.mark.parametrize("model", ["lstm", "gru", "both-ways"])
def test_it_is_printed_and_nothing_is_written(models: Path, model: str) -> None:
    before = give_statistics(models / model)
    done = run(model)
    assert done.exit_code == 0, done.output
    scale = largest_pushes(load_model(models / model).network, word_task.WordTask())
    assert done.stdout == f"99 % of steps have no push above {scale:.2f} in logit\n"
    assert (models / model / "statistics.json").read_bytes() == before


def test_it_is_saved_and_nothing_else_changes(models: Path) -> None:
    give_statistics(models / "lstm")
    config, before = (models / "lstm" / "config.json").read_bytes(), load_model(models / "lstm").statistics
    assert before is not None
    assert before.push_scale is None
    assert run("lstm", "--save").exit_code == 0
    after = load_model(models / "lstm")
    scale = largest_pushes(after.network, word_task.WordTask())
    assert after.statistics == before.model_copy(update={"push_scale": scale})
    assert (models / "lstm" / "config.json").read_bytes() == config


def test_a_plain_rnn_is_refused_in_one_line(models: Path) -> None:
    done = run("rnn", "--save")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("gatescope: rnn: a plain RNN keeps nothing apart, as it rewrites ")


def test_without_a_single_verdict_it_is_an_error(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatescope.training.shares.largest_pushes", lambda *_: None)
    done = run("lstm")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == "gatescope: lstm: it has no single verdict for words to push"


def test_a_model_without_statistics_is_an_error_only_if_it_is_to_be_saved(models: Path) -> None:
    (models / "lstm" / "statistics.json").unlink(missing_ok=True)
    assert run("lstm").exit_code == 0
    done = run("lstm", "--save")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1] == "gatescope: lstm: it has no statistics.json to write to: train it again"


def test_a_folder_that_cannot_be_written_to_is_an_error(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    give_statistics(models / "lstm")
    monkeypatch.setattr(Path, "replace", refuse)
    done = run("lstm", "--save")
    assert done.exit_code == 1
    assert done.stderr.endswith(f"gatescope: {models / 'lstm'} cannot be written to: No space left on device\n")
    assert [path.name for path in (models / "lstm").iterdir() if path.name.startswith(".")] == []
