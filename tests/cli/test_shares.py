"""gatescope shares: what it prints, and what it writes to a model and its card."""

from pathlib import Path

import pytest
import word_task
from gatescope.cli import app
from gatescope.store.fields import ShareAgreement
from gatescope.store.loading import load_model
from gatescope.training.shares import agreement
from typer.testing import CliRunner, Result


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return word_task.install(tmp_path / "models", monkeypatch)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["shares", *arguments])


def measured(model: str, models: Path) -> ShareAgreement:
    figures = agreement(load_model(models / model).network, word_task.WordTask())
    assert figures is not None
    return figures


@pytest.mark.parametrize("model", ["lstm", "gru", "both-ways"])
def test_both_figures_are_printed_and_nothing_is_written(models: Path, model: str) -> None:
    before = (models / model / "config.json").read_bytes()
    done, wanted = run(model), measured(model, models)
    assert done.exit_code == 0, done.output
    signs, r = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    assert signs[:3] == ["same sign, |share| above 0.3", "4", str(wanted.large)]
    assert signs[3] == ("–" if wanted.same_sign is None else f"{100 * wanted.same_sign:.1f} %")
    assert r[:4] == ["correlation", "4", "15", f"{wanted.correlation:.3f}"]
    assert wanted.correlation_interval is not None
    assert r[4] == " to ".join(f"{end:.3f}" for end in wanted.correlation_interval)
    assert (models / model / "config.json").read_bytes() == before


def test_they_are_saved_and_nothing_else_changes(models: Path) -> None:
    card, before = models / "lstm" / "README.md", load_model(models / "lstm").config
    around = b"# LSTM\n\nA caf\xe9.\n\n## Units that can be named\n\nNone.\n\n", b"## Activations\n\nMany.\n"
    card.write_bytes(b"".join(around))
    assert run("lstm", "--save").exit_code == 0
    wanted = measured("lstm", models)
    after = load_model(models / "lstm").config
    assert after.model_copy(update={"shares": None}) == before
    assert after.shares
    assert after.shares.words == wanted.words
    assert after.shares.correlation == pytest.approx(wanted.correlation, rel=1e-6)  # float32, computed twice
    assert after.shares.correlation_interval == pytest.approx(wanted.correlation_interval, rel=1e-6)
    written = card.read_bytes()
    assert written.startswith(around[0] + b"## Shares and experiments\n\n")
    assert written.endswith(b" |\n\n" + around[1])
    assert f"| Correlation of share and effect over all tokens | {wanted.correlation:.3f} |".encode() in written
    assert run("lstm", "--save").exit_code == 0
    assert card.read_bytes() == written


def test_a_plain_rnn_is_refused_in_one_line(models: Path) -> None:
    done = run("rnn", "--save")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("gatescope: rnn: a plain RNN keeps nothing apart, as it rewrites ")
    assert load_model(models / "rnn").config.shares is None


def test_nothing_to_compare_is_an_error(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_task.WordTask, "held_out", lambda *_: [])
    done = run("lstm")
    assert done.exit_code == 1
    reason = "gatescope: lstm: there is nothing to compare: no held-out word, or no output that is the verdict"
    assert done.stderr.splitlines()[-1] == reason


def test_a_folder_that_cannot_be_written_to_is_an_error(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    done = run("lstm", "--save")
    assert done.exit_code == 1
    assert done.stderr.endswith(f"gatescope: {models / 'lstm'} cannot be written to: No space left on device\n")
    assert [path.name for path in (models / "lstm").iterdir() if path.name.startswith(".")] == []
