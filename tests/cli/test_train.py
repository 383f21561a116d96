"""gatescope train sentiment: from archives to a model with its card, on data that are small."""

from pathlib import Path

import pytest
from archives import install_sentiment
from gatescope.cli import app
from gatescope.store import load_model
from gatescope.training import sentiment
from typer.testing import CliRunner, Result


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)
    return install_sentiment(tmp_path / "cache", monkeypatch)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["train", "sentiment", *map(str, arguments)])


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_model_is_trained_measured_and_written(cache: Path, tmp_path: Path, cell: str) -> None:
    out = tmp_path / "new" / "model"
    done = run("--cell", cell, "--seeds", "3,5", "--out", out, "--data", cache)
    assert done.exit_code == 0, done.output
    assert f"written to {out}" in done.output
    assert "film reviews" in done.output
    model = load_model(out)
    names = [metric.name for metric in model.config.metrics]
    assert names[:6] == [
        "validation texts", "film reviews", "tweets", "UCI sentences", "product reviews", "newspaper editorials",
    ]  # fmt: skip
    validation = model.config.metrics[0]
    assert len(validation.seeds) == 2
    assert validation.value == max(validation.seeds) == validation.seeds[[3, 5].index(model.config.seed or 0)]
    letters = [each.activation for each in model.statistics.activations] if model.statistics else []
    assert letters == list(model.network.config.cell_definition.activations)
    card = (out / "README.md").read_text(encoding="utf-8")
    assert f"gatescope train sentiment --cell {cell} --seeds 3,5" in card
    assert "Seeds 3, 5 were trained" in card
    assert sentiment.VADER.sha256 in card
    assert "None" not in card
    assert [path.name for path in out.parent.iterdir()] == ["model"]


def test_the_same_seed_writes_the_same_bytes_and_replaces_an_old_model(cache: Path, tmp_path: Path) -> None:
    out = tmp_path / "sentiment-rnn"  # the default, in the working directory
    written = []
    for _ in range(2):
        assert run("--cell", "rnn", "--seed", "1", "--data", cache).exit_code == 0
        written.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert written[0] == written[1]
    assert len(written[0]) == 5


def test_without_npm_the_card_says_what_was_left_out(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / sentiment.UCI.file).unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("--cell", "rnn", "--out", tmp_path / "model", "--data", cache)
    assert done.exit_code == 0, done.output
    assert "note: npm is not installed, which fetches sentiment@5.0.2: the UCI sentences" in done.output
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "Left out, as npm was not on the machine: `sentiment` 5.0.2." in card
    assert "UCI sentences |" not in card


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--cell", "lstn"], "'lstn' is not one of 'lstm', 'gru', 'rnn'"), ([], "Missing option '--cell'")],
)
def test_a_cell_must_be_named(cache: Path, arguments: list[str], said: str) -> None:
    done = run(*arguments, "--data", cache)
    assert done.exit_code == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seeds", "0,one"], "--seeds '0,one': whole numbers with commas between them, such as 0,1,2"),
        (["--seeds", "1,1"], "--seeds '1,1': each seed once, from 0 to 2^63 - 1"),
        (["--seed", "-1"], "--seeds '-1': each seed once, from 0 to 2^63 - 1"),
        (["--out", "/dev/null/model"], "/dev/null cannot be written to: File exists"),
        (["--out", "file"], "{here}/file is no model, and would be replaced: name another --out"),
        (["--out", "."], "{here} is no model, and would be replaced: name another --out"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(cache: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "file").touch()
    done = run("--cell", "gru", *arguments, "--data", cache)
    assert done.exit_code == 2
    assert done.stderr == f"gatescope: {said.format(here=tmp_path)}\n"


def test_a_damaged_cache_is_said_in_one_line(cache: Path, tmp_path: Path) -> None:
    path = cache / sentiment.VADER.file
    path.write_bytes(b"half")
    done = run("--cell", "gru", "--data", cache)
    assert done.exit_code == 1
    assert done.stderr == (
        f"gatescope: {path} is damaged: its SHA-256 is not {sentiment.VADER.sha256}. Delete it and try again\n"
    )
    assert not (tmp_path / "sentiment-gru").exists()


def test_the_cache_is_the_users_by_default(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name, appauthor: tmp_path / name)
    (tmp_path / "gatescope").write_text("in the way")
    done = run("--cell", "gru")
    assert done.exit_code == 1
    assert done.stderr == f"gatescope: the data folder {tmp_path / 'gatescope'} cannot be used: File exists\n"
