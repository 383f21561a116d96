"""gatescope train: the sentiment models, from archives to a card; every command's options, and what cannot be done."""

import re
from pathlib import Path

import pytest
from archives import install_sentiment
from gatescope.cli import app, train_lesson
from gatescope.cli import train as train_command
from gatescope.store.loading import load_model
from gatescope.training.tasks import LESSONS, sentiment
from typer.main import get_command
from typer.testing import CliRunner, Result

from .own_texts import table


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
    assert len(written[0]) == 5  # a plain RNN has no gates to make a picture of


def test_without_npm_the_card_says_what_was_left_out(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / sentiment.UCI.file).unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("--cell", "rnn", "--out", tmp_path / "model", "--data", cache)
    assert done.exit_code == 0, done.output
    assert "note: npm is not installed, which fetches sentiment@5.0.2: the UCI sentences" in done.output
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "Left out, as npm was not on the machine: sentiment 5.0.2." in card
    assert "| UCI sentences |" not in card


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


def options(name: str) -> set[str]:
    """The options of a command of ``gatescope train``."""
    command = get_command(train_command.app).commands[name]  # type: ignore[attr-defined]
    return {each.opts[0] for each in command.params} - {"--help"}


def test_every_lesson_has_a_command() -> None:
    assert set(LESSONS) == set(get_command(train_command.app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "own"),
    [
        *((name, set()) for name in train_command.LESSONS),
        ("prose", {"--file"}),
        ("text", {"--file"}),
        ("labelled", {"--file", "--text", "--label"}),
    ],
)
def test_commands_differ_in_the_options_of_their_data_alone(name: str, own: set[str]) -> None:
    common = "--cell --seeds --out --data --hidden --epochs --patience --learning-rate --forget-bias --chrono"
    assert options(name) == set(common.split()) | own


@pytest.mark.parametrize("name", list(LESSONS))
def test_each_command_explains_itself(name: str) -> None:
    done = CliRunner().invoke(app, ["train", name, "--help"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert "Learn " in done.stdout
    assert "--cell" in done.stdout


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files that nothing can be learned from, in the working directory; and nothing is ever learned."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATESCOPE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(train_lesson, "train", None)
    files = {
        "empty.txt": b"",
        "line.txt": b"One line.\n",
        "binary.txt": b"\x7fELF\x00",
        "latin.txt": "größer\n".encode("latin-1") * 20_000,
        "head.csv": b"review,class\n",
        "one-class.csv": b"review,class\ngood,p\nfine,p\n",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    table(tmp_path / "mine.csv")
    return tmp_path


COLUMNS = ["--text", "review", "--label", "class"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["text", "--file", "nothing.txt"], "nothing.txt: there is no such file"),
        (["text", "--file", "."], ". is no file: give one file of text"),
        (["text", "--file", "empty.txt"], "empty.txt is empty"),
        (["text", "--file", "line.txt"], "line.txt holds 10 characters: at least 50,000 are needed"),
        (["text", "--file", "binary.txt"], "binary.txt is no text but binary: byte 4 is 0x00"),
        (["text", "--file", "latin.txt"], "latin.txt is not in UTF-8: byte 2, in line 1, is 0xf6; if it is in Latin-1"),
        (["labelled", "--file", "nothing.csv", *COLUMNS], "nothing.csv: there is no such file"),
        (["labelled", "--file", "empty.txt", *COLUMNS], "empty.txt is empty"),
        (["labelled", "--file", "head.csv", *COLUMNS], "head.csv holds one line, the names of the columns"),
        (["labelled", "--file", "one-class.csv", *COLUMNS], "one-class.csv: the column 'class' holds one label alone"),
        (
            ["labelled", "--file", "mine.csv", "--text", "texts", "--label", "class"],
            "mine.csv: there is no column 'texts': its first line names 'id', 'review', 'class'",
        ),
        (["prose", "--file", "nothing.txt"], "nothing.txt"),
    ],
)
def test_data_that_cannot_be_learned_from_are_refused_in_one_line(here: Path, arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["train", *arguments, "--cell", "gru"])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"gatescope: {said}")
    assert done.stderr.count("\n") == 1
    assert not list(here.glob("models/*"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--hidden", "0"], "--hidden 0: from 1 to 4096 units"),
        (["--hidden", "-3"], "--hidden -3: from 1 to 4096 units"),
        (
            ["--hidden", "1000000"],
            "--hidden 1000000: from 1 to 4096 units; the recurrent weights alone would take 12,000 GB",
        ),
        (["--epochs", "0"], "--epochs 0: from 1 to 10,000"),
        (["--patience", "-1"], "--patience -1: from 0 to 10,000"),
        (["--learning-rate", "0"], "--learning-rate 0.0: from 1e-06 to 1"),
        (["--learning-rate", "nan"], "--learning-rate nan: from 1e-06 to 1"),
        (["--seeds", "1,1"], "--seeds '1,1': each seed once, from 0 to 2^63 - 1"),
        (["--seeds", "a"], "--seeds 'a': whole numbers with commas between them, such as 0,1,2"),
        (["--out", "empty.txt"], "{here}/empty.txt is no model, and would be replaced: name another --out"),
    ],
)
def test_options_out_of_range_are_refused_before_the_data_are_read(here: Path, wrong: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["train", "text", "--file", "nothing.txt", "--cell", "gru", *wrong])
    assert (done.exit_code, done.stderr) == (2, f"gatescope: {said.format(here=here)}\n")


def test_a_cache_that_cannot_be_written_is_said_in_one_line(here: Path) -> None:
    done = CliRunner().invoke(
        app, ["train", "labelled", "--file", "mine.csv", *COLUMNS, "--cell", "gru", "--data", "empty.txt"]
    )
    assert done.exit_code == 1
    assert re.fullmatch(
        r"gatescope: empty\.txt/checkpoints cannot be written: Not a directory; once it can, .*\n", done.stderr
    )
