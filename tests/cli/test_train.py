"""gatescope train: its commands and their options, what they print and write, and what cannot be done."""

import re
from pathlib import Path

import pytest
from archives import install_sentiment
from disks import full_disk, read_only
from gatescope.cli import app
from gatescope.cli import train as train_command
from gatescope.recurrent.network import Network
from gatescope.server import middleware
from gatescope.store.loading import load_model
from gatescope.training import run as training
from gatescope.training.sources import rated_texts
from gatescope.training.tasks import TASKS
from gatescope.training.tasks.labelled import Labelled
from own_texts import checkpoints, table
from serving import client
from typer.main import get_command
from typer.testing import CliRunner, Result


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.chdir(tmp_path)
    return install_sentiment(tmp_path / "cache", monkeypatch)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["train", "sentiment", *map(str, arguments)])


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.slow("trains a model of each cell by the command, as training/test_run.py does without it", seconds=7)
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
    letters = [each.activation for each in model.statistics.activations] if model.statistics else []
    assert letters == list(model.network.config.cell_definition.activations)
    card = (out / "README.md").read_text(encoding="utf-8")
    assert f"gatescope train sentiment --cell {cell} --seeds 3,5" in card
    assert "Seeds 3, 5 were trained" in card
    judged = re.search(r"\(([\d.]+), ([\d.]+); lower is better\)", card)
    assert judged
    best = min((0, 1), key=lambda at: float(judged[at + 1]))
    assert model.config.seed == [3, 5][best]
    assert validation.value == validation.seeds[best]
    assert rated_texts.VADER.sha256 in card
    assert "None" not in card
    assert [path.name for path in out.parent.iterdir()] == ["model"]


@pytest.mark.slow(
    "trains three times by the command; the bits of a seed are tested in training/test_trainer.py", seconds=5
)
def test_the_same_seed_writes_the_same_bytes_and_replaces_an_old_model(cache: Path, tmp_path: Path) -> None:
    out = tmp_path / "sentiment-rnn"  # the default, in the working directory
    written = []
    for _ in range(2):
        assert run("--cell", "rnn", "--seed", "1", "--data", cache).exit_code == 0
        written.append({path.name: path.read_bytes() for path in out.iterdir()})
    assert written[0] == written[1]
    assert len(written[0]) == 5  # a plain RNN has no gates to make a picture of


@pytest.mark.slow("trains by the command", seconds=2)
def test_without_npm_the_card_says_what_was_left_out(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / rated_texts.UCI.file).unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    done = run("--cell", "rnn", "--out", tmp_path / "model", "--data", cache)
    assert done.exit_code == 0, done.output
    assert "note: npm is not installed, which fetches sentiment@5.0.2: the UCI sentences" in done.output
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "Left out, as npm was not on the machine: sentiment 5.0.2." in card
    assert "| UCI sentences |" not in card


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["--cell", "lstn"], "'lstn' is not one of 'lstm', 'gru', 'rnn'"), ([], "Missing option '--cell'")],
)
def test_a_cell_must_be_named(cache: Path, arguments: list[str], message: str) -> None:
    done = run(*arguments, "--data", cache)
    assert done.exit_code == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seeds", "1,1"], "--seeds '1,1': each seed once, from 0 to 2^63 - 1"),
        (["--seed", "-1"], "--seeds '-1': each seed once, from 0 to 2^63 - 1"),
        (["--out", "/dev/null/model"], "/dev/null cannot be written to: File exists; name another --out"),
        (["--out", "file"], "{here}/file is not a model, and would be replaced: name another --out"),
        (["--out", "."], "{here} is not a model, and would be replaced: name another --out"),
    ],
)
def test_what_cannot_be_done_is_refused(cache: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    (tmp_path / "file").touch()
    done = run("--cell", "gru", *arguments, "--data", cache)
    assert done.exit_code == 2
    assert done.stderr == f"gatescope: {message.format(here=tmp_path)}\n"


def test_a_damaged_cache_is_an_error_in_one_line(cache: Path, tmp_path: Path) -> None:
    path = cache / rated_texts.VADER.file
    path.write_bytes(b"half")
    done = run("--cell", "gru", "--data", cache)
    assert done.exit_code == 1
    assert done.stderr == (
        f"gatescope: {path} is damaged: its SHA-256 is not {rated_texts.VADER.sha256}. Delete it and try again\n"
    )
    assert not (tmp_path / "sentiment-gru").exists()


def test_the_cache_is_the_users_by_default(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(training, "user_cache_path", lambda name, appauthor: tmp_path / name)
    (tmp_path / "gatescope").write_text("in the way")
    done = run("--cell", "gru")
    assert done.exit_code == 1
    assert done.stderr == f"gatescope: the data folder {tmp_path / 'gatescope'} cannot be used: File exists\n"


def options(name: str) -> set[str]:
    """The options of a command of ``gatescope train``."""
    command = get_command(train_command.app).commands[name]  # type: ignore[attr-defined]
    return {each.opts[0] for each in command.params} - {"--help"}


def test_every_task_has_a_command() -> None:
    assert set(TASKS) == set(get_command(train_command.app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", list(TASKS))
def test_commands_differ_only_in_the_options_of_their_data(name: str) -> None:
    common = "--cell --seeds --out --data --hidden --epochs --patience --learning-rate --forget-bias --chrono"
    own = {"prose": {"--file"}, "text": {"--file"}, "labelled": {"--file", "--text", "--label", "--tokens"}}
    assert options(name) == set(common.split()) | own.get(name, set())


@pytest.mark.parametrize("name", list(TASKS))
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
    monkeypatch.setattr(training, "train", None)
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
    ("arguments", "message"),
    [
        (["text", "--file", "nothing.txt"], "nothing.txt does not exist"),
        (["text", "--file", "."], ". is not a file: name a text file"),
        (["text", "--file", "empty.txt"], "empty.txt is empty"),
        (["text", "--file", "line.txt"], "line.txt holds 10 characters: at least 50,000 are needed"),
        (["text", "--file", "binary.txt"], "binary.txt is binary, not text: byte 4 is 0x00"),
        (["text", "--file", "latin.txt"], "latin.txt is not in UTF-8: byte 2, in line 1, is 0xf6; if it is in Latin-1"),
        (["labelled", "--file", "nothing.csv", *COLUMNS], "nothing.csv does not exist"),
        (["labelled", "--file", "empty.txt", *COLUMNS], "empty.txt is empty"),
        (["labelled", "--file", "head.csv", *COLUMNS], "head.csv has only one line, the names of the columns"),
        (["labelled", "--file", "one-class.csv", *COLUMNS], "one-class.csv: the column 'class' holds only one label"),
        (
            ["labelled", "--file", "mine.csv", "--text", "texts", "--label", "class"],
            "mine.csv: there is no column 'texts': its first line names 'id', 'review', 'class'",
        ),
        (["prose", "--file", "nothing.txt"], "nothing.txt"),
    ],
)
def test_data_that_cannot_be_used_are_refused_in_one_line(here: Path, arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["train", *arguments, "--cell", "gru"])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"gatescope: {message}")
    assert done.stderr.count("\n") == 1
    assert not list(here.glob("models/*"))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (["--seeds", "1,1"], "--seeds '1,1': each seed once, from 0 to 2^63 - 1"),
        (["--out", "empty.txt"], "{here}/empty.txt is not a model, and would be replaced: name another --out"),
    ],
)
def test_what_no_run_can_take_is_refused_before_the_data_are_read(here: Path, wrong: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["train", "text", "--file", "nothing.txt", "--cell", "gru", *wrong])
    assert (done.exit_code, done.stderr) == (2, f"gatescope: {message.format(here=here)}\n")


def test_a_cache_that_cannot_be_written_is_refused_before_any_training(here: Path) -> None:
    done = CliRunner().invoke(
        app, ["train", "labelled", "--file", "mine.csv", *COLUMNS, "--cell", "gru", "--data", "empty.txt"]
    )
    message = "empty.txt/checkpoints cannot be written to: Not a directory; name another --data"
    assert (done.exit_code, done.stderr) == (2, f"gatescope: {message}\n")


def learn(table: Path, *arguments: str) -> Result:
    """Learn the table with four units."""
    own = ["--file", table, *COLUMNS, "--data", table.parent / "cache", "--hidden", "4"]
    return CliRunner().invoke(app, ["train", "labelled", *map(str, [*own, *arguments])])


@pytest.mark.parametrize("disk", ["full", "read only"])
@pytest.mark.parametrize("place", ["checkpoint", "model"])
def test_a_disk_that_cannot_be_written_to_is_named_and_the_same_command_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: str, place: str
) -> None:
    table(tmp_path / "mine.csv")
    arguments = ["--cell", "gru", "--epochs", "2", "--out", tmp_path / "model"]
    monkeypatch.setattr(training, "EVERY", 0 if place == "checkpoint" else 3600)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", full_disk if disk == "full" else read_only)
        done = learn(tmp_path / "mine.csv", *map(str, arguments))
    named = rf"{tmp_path}/cache/checkpoints/\S+\.checkpoint" if place == "checkpoint" else rf"{tmp_path}/model"
    reason = "No space left on device" if disk == "full" else "Read-only file system"
    assert done.exit_code == 1
    assert re.fullmatch(
        rf"gatescope: {named} cannot be written: {reason}; once it can, the same command goes on\n", done.stderr
    )
    assert not list((tmp_path / "cache" / "checkpoints").iterdir())
    assert not [each for each in tmp_path.iterdir() if "model" in each.name]
    assert learn(tmp_path / "mine.csv", *map(str, arguments)).exit_code == 0
    assert load_model(tmp_path / "model").config.task == "labelled mine"


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of the user's own; models go to the folder next to it."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("GATESCOPE_MODELS", str(tmp_path / "models"))
    return table(tmp_path / "mine.csv")


def test_a_model_of_the_users_own_data_is_served_at_once(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "REFRESH_EVERY", 0)
    monkeypatch.setattr(middleware, "PATIENCE", 60)
    api = client(tmp_path / "models")
    assert api.get("/readyz").status_code == 503
    done = learn(mine, "--cell", "gru", "--epochs", "2")
    assert done.exit_code == 0, done.output
    assert f"written to {tmp_path / 'models' / 'mine-gru'}\n" in done.stdout
    card = api.get("/api/v1/models/mine-gru").json()
    assert (card["task"], card["outputs"], card["opposite"]) == ("labelled mine", ["p"], "n")
    answer = api.post("/api/v1/models/mine-gru/traces", json={"text": card["examples"][0]})
    assert answer.status_code == 200
    assert answer.json()["layers"][0]["hidden_size"] == 4


def test_the_figures_of_the_model_are_printed(mine: Path, tmp_path: Path) -> None:
    done = learn(mine, "--cell", "gru", "--seeds", "3,1", "--epochs", "2")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    config = load_model(tmp_path / "models" / "mine-gru").config
    assert f"┃ seed {config.seed} (95 %)" in done.stdout
    for row, metric in zip(rows, config.metrics, strict=True):
        assert metric.interval
        assert row == [
            metric.name,
            "share",
            f"{100 * metric.value:.1f} % ({100 * metric.interval[0]:.1f} % to {100 * metric.interval[1]:.1f} %)",
            ", ".join(f"{100 * each:.1f} %" for each in metric.seeds),
            ", ".join(f"{name} {100 * each:.1f} %" for name, each in metric.baselines.items()),
        ]


def test_the_same_command_goes_on_after_ctrl_c(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judge, calls = Labelled.judge, [0]

    def pressed(self: Labelled, network: Network) -> float:
        calls[0] += 1
        if calls[0] == 2:
            raise KeyboardInterrupt
        return judge(self, network)

    monkeypatch.setattr(training, "EVERY", 0)
    monkeypatch.setattr(Labelled, "judge", pressed)
    arguments = ("--cell", "rnn", "--epochs", "3", "--patience", "0")
    done = learn(mine, *arguments)
    assert (done.exit_code, done.stdout.count("going on")) == (130, 0)
    assert done.stderr == "gatescope: stopped: the same command goes on from at most 0 seconds before\n"
    [checkpoint] = checkpoints(mine.parent / "cache")
    whole = checkpoint.read_bytes()
    checkpoint.write_bytes(b"half")
    done = learn(mine, *arguments)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"gatescope: {checkpoint} is not a checkpoint (")
    checkpoint.write_bytes(whole)
    done = learn(mine, *arguments)
    assert done.exit_code == 0
    assert re.search(r"^seed 0: going on at 67 %$", done.stdout, re.MULTILINE)


def test_options_reach_the_run(mine: Path, tmp_path: Path) -> None:
    arguments = ["--forget-bias", "0.5", "--learning-rate", "0.02", "--epochs", "1", "--patience", "2"]
    assert learn(mine, "--cell", "lstm", *arguments).exit_code == 0
    model = load_model(tmp_path / "models" / "mine-lstm")
    assert model.config.start is not None
    assert (model.config.start.forget_bias, model.network.config.hidden_size) == (0.5, 4)
    card = (model.folder / "README.md").read_text(encoding="utf-8")
    assert "--hidden 4 --epochs 1 --patience 2 --learning-rate 0.02 --forget-bias 0.5\n" in card
    refused = learn(mine, "--cell", "gru", "--chrono", "5")
    assert (refused.exit_code, refused.stderr) == (
        1,
        "gatescope: --chrono needs a forget gate, and the gru has none\n",
    )
