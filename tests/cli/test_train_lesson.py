"""gatescope train of a lesson: from data to a model with its card, stopped and gone on with."""

import math
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from gatescope.cli import train_lesson
from gatescope.recurrent.network import Network
from gatescope.server import watched
from gatescope.store.fields import Start
from gatescope.store.loading import load_model
from gatescope.training.tasks.labelled import Labelled
from serving import client

from .own_texts import arguments, checkpoints, contents, eagerly, run, table


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table to learn; models go to the folder beside it."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("GATESCOPE_MODELS", str(tmp_path / "models"))
    return table(tmp_path / "mine.csv")


def interrupted(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Press Ctrl-C at the end of an epoch; once."""
    judge, calls = Labelled.judge, [0]

    def pressed(self: Labelled, network: Network) -> float:
        calls[0] += 1
        if calls[0] == after:
            raise KeyboardInterrupt
        return judge(self, network)

    monkeypatch.setattr(train_lesson, "EVERY", 0)
    monkeypatch.setattr(Labelled, "judge", pressed)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_model_is_trained_measured_and_written_with_its_card(data: Path, tmp_path: Path, cell: str) -> None:
    done = run(data, "--cell", cell, "--seeds", "3,5", "--epochs", "4")
    assert done.exit_code == 0, done.output
    out = tmp_path / "models" / f"mine-{cell}"
    assert f"written to {out}" in done.output
    model = load_model(out)
    config = model.config
    assert (config.task, config.title, config.network.hidden_size) == ("labelled mine", cell.upper(), 4)
    assert [each.name for each in config.metrics] == ["validation texts", "test texts"]
    assert all(len(each.seeds) == 2 and each.interval and each.baselines for each in config.metrics)
    assert model.statistics is not None
    assert {each.activation for each in model.statistics.activations} == set(config.network.cell_definition.activations)
    card = (out / "README.md").read_text(encoding="utf-8")
    for metric in config.metrics:
        [row] = [line for line in card.splitlines() if line.startswith(f"| {metric.name} |")]
        assert f"{100 * metric.value:.1f} % (" in row
        assert "naive Bayes 100.0 %" in row
    assert f"gatescope train labelled --file mine.csv --text review --label class --cell {cell} --seeds 3,5" in card
    assert "None" not in card
    assert "nan" not in card
    assert str(tmp_path) not in card
    assert ("](saturation.svg)" in card) == (out / "saturation.svg").exists() == (cell != "rnn")
    assert not checkpoints(data)


def test_the_same_seed_writes_the_same_bytes_and_replaces_an_old_model(data: Path, tmp_path: Path) -> None:
    out, written = tmp_path / "models" / "mine-gru", []
    for _ in range(2):
        assert run(data, "--cell", "gru", "--epochs", "2").exit_code == 0
        written.append(contents(out))
    assert written[0] == written[1]
    assert run(data, "--cell", "gru", "--epochs", "2", "--seed", "1").exit_code == 0
    assert contents(out)["model.safetensors"] != written[0]["model.safetensors"]
    assert [each.name for each in out.parent.iterdir()] == ["mine-gru"]


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_ended_goes_on_to_the_same_bytes(data: Path, tmp_path: Path, blow: signal.Signals) -> None:
    options = ("--cell", "lstm", "--seeds", "0,1", "--epochs", "8", "--patience", "0")
    whole = run(data, *options, "--out", tmp_path / "whole")
    assert whole.exit_code == 0
    with subprocess.Popen(eagerly(data, *options), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            while not checkpoints(data):
                assert process.poll() is None, "it ended before there was a checkpoint"
                time.sleep(0.01)
            process.send_signal(blow)
            _, said = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # faulthandler tells where it stood
            pytest.fail(process.communicate(timeout=60)[1].decode(), pytrace=False)
        finally:
            process.kill()
    assert process.returncode == (-9 if blow == signal.SIGKILL else 130)
    if blow == signal.SIGINT:
        assert said.decode().startswith("gatescope: stopped: the same command goes on from at most ")
    assert checkpoints(data)
    assert not (tmp_path / "models" / "mine-lstm").exists()
    again = run(data, *options)
    assert again.exit_code == 0, again.output
    assert re.search(r"^seed 0: going on at \d+ %$", again.output, re.MULTILINE)
    assert contents(tmp_path / "models" / "mine-lstm") == contents(tmp_path / "whole")
    assert not checkpoints(data)


def test_after_ctrl_c_seeds_that_were_learned_are_not_learned_again(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ("--cell", "gru", "--seeds", "0,1", "--epochs", "3", "--patience", "0")
    interrupted(monkeypatch, after=3 + 2)
    done = run(data, *options)
    assert (done.exit_code, done.stdout.count("going on")) == (130, 0)
    assert done.stderr == "gatescope: stopped: the same command goes on from at most 0 seconds before\n"
    first, second = checkpoints(data)
    assert first.name.startswith("labelled-mine-gru-seed0-")
    assert second.name.startswith("labelled-mine-gru-seed1-")
    again = run(data, *options)
    assert again.exit_code == 0
    assert "seed 1: going on at 67 %" in again.output


def test_ctrl_c_before_the_first_checkpoint_says_that_nothing_was_kept(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(monkeypatch, after=1)
    monkeypatch.setattr(train_lesson, "EVERY", 3600)
    done = run(data, "--cell", "gru", "--epochs", "2")
    assert (done.exit_code, done.stderr) == (130, "gatescope: stopped: nothing was kept yet\n")


def test_another_run_does_not_go_on_from_a_checkpoint(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(monkeypatch, after=2)
    assert run(data, "--cell", "rnn", "--epochs", "3").exit_code == 130
    [path] = checkpoints(data)
    for other in (["--cell", "gru"], ["--cell", "rnn", "--seed", "1"], ["--cell", "rnn", "--learning-rate", "0.01"]):
        done = run(data, *other, "--epochs", "3")
        assert (done.exit_code, "going on" in done.output) == (0, False)
    table(data, rows=100)
    assert "going on" not in run(data, "--cell", "rnn", "--epochs", "3").output
    assert checkpoints(data) == [path]


def test_a_damaged_checkpoint_is_said_in_one_line(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted(monkeypatch, after=2)
    assert run(data, "--cell", "rnn", "--epochs", "3").exit_code == 130
    [path] = checkpoints(data)
    path.write_bytes(b"half")
    done = run(data, "--cell", "rnn", "--epochs", "3")
    assert done.exit_code == 1
    assert done.stderr.startswith(f"gatescope: {path} is no checkpoint (")
    assert done.stderr.endswith(f"): delete {path} to begin anew\n")


def test_a_model_of_one_s_own_serves_at_once(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "EVERY", 0)
    api = client(tmp_path / "models")
    assert api.get("/readyz").status_code == 503
    assert run(data, "--cell", "gru", "--epochs", "2").exit_code == 0
    card = api.get("/api/v1/models/mine-gru").json()
    assert (card["task"], card["outputs"], card["opposite"]) == ("labelled mine", ["p"], "n")
    answer = api.post("/api/v1/models/mine-gru/traces", json={"text": card["examples"][0]})
    assert answer.status_code == 200
    assert answer.json()["layers"][0]["hidden_size"] == 4


def test_the_seed_that_is_judged_best_is_kept(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Labelled, "judge", lambda self, network: float(network.head.weight.detach().abs().sum()))
    seeds = {}
    for seed in (0, 1, 2):
        assert (
            run(data, "--cell", "rnn", "--epochs", "1", "--seed", str(seed), "--out", tmp_path / "one").exit_code == 0
        )
        seeds[seed] = load_model(tmp_path / "one").network.head.weight.abs().sum()
    assert run(data, "--cell", "rnn", "--epochs", "1", "--seeds", "0,1,2", "--out", tmp_path / "all").exit_code == 0
    assert load_model(tmp_path / "all").config.seed == min(seeds, key=lambda seed: seeds[seed])


def test_a_run_that_learns_no_more_is_ended_early(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[float] = []

    def never_better(self: Labelled, network: Network) -> float:
        judged.append(float(len(judged)))
        return judged[-1]

    monkeypatch.setattr(Labelled, "judge", never_better)
    assert run(data, "--cell", "rnn", "--epochs", "1000", "--patience", "3").exit_code == 0
    assert len(judged) == 4 + 1  # the first, three that were no better, and the choice among the seeds


def test_what_never_becomes_finite_is_no_model(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Labelled, "judge", lambda self, network: math.nan)
    done = run(data, "--cell", "rnn", "--epochs", "1")
    assert (done.exit_code, done.stderr) == (
        1,
        "gatescope: no network learned anything finite: try a lower --learning-rate\n",
    )
    assert not (tmp_path / "models" / "mine-rnn").exists()


@pytest.mark.parametrize(
    ("options", "title", "said", "start"),
    [
        ((), "LSTM", "the forget\ngate's bias at 1 in sum", Start()),
        (("--forget-bias", "0"), "LSTM, forget bias 0", "the forget\ngate's bias at 0 in sum", Start(forget_bias=0)),
        (
            ("--chrono", "50"),
            "LSTM, chrono 50",
            "chrono initialisation for dependencies up to 50 steps",
            Start(chrono=50),
        ),
    ],
)
def test_an_lstm_s_start_can_be_chosen(
    data: Path, tmp_path: Path, options: Any, title: str, said: str, start: Start
) -> None:
    assert run(data, "--cell", "lstm", "--epochs", "1", *options).exit_code == 0
    model = load_model(tmp_path / "models" / "mine-lstm")
    assert (model.config.title, model.config.start) == (title, start)
    assert said in (model.folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("option", ["--chrono", "--forget-bias"])
def test_what_is_of_the_lstm_alone_is_refused_elsewhere(data: Path, option: str) -> None:
    done = run(data, "--cell", "gru", option, "5")
    assert (done.exit_code, done.stderr) == (
        1,
        f"gatescope: {option} is of the LSTM alone: the gru has no forget gate\n",
    )


def test_a_model_of_another_task_is_not_replaced(data: Path, tmp_path: Path, models: Path) -> None:
    shutil.copytree(models / "gru", tmp_path / "models" / "mine-gru")
    before = contents(tmp_path / "models" / "mine-gru")
    done = run(data, "--cell", "gru")
    assert (done.exit_code, done.stderr) == (
        1,
        f"gatescope: {tmp_path / 'models' / 'mine-gru'} holds a model of another task, 'test': name another --out\n",
    )
    assert contents(tmp_path / "models" / "mine-gru") == before


def test_a_full_disk_is_said_before_anything_is_learned(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(data.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10_000))
    monkeypatch.setattr(train_lesson, "train", None)
    done = run(data, "--cell", "gru")
    assert done.exit_code == 1
    assert re.fullmatch(
        r"gatescope: the disk of \S+ has 0\.0 MB free: the model and its checkpoint take up to 0\.\d\n", done.stderr
    )


def test_too_large_a_network_is_refused_before_anything_is_learned(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sysconf", lambda name: 1000)
    monkeypatch.setattr(train_lesson, "train", None)
    done = run(data, "--cell", "gru", "--hidden", "512")
    assert done.exit_code == 1
    assert re.fullmatch(
        r"gatescope: a network of 512 units has [\d,]+ parameters: to train it takes about 0\.0 GB of memory, "
        r"and this machine has 0\.0\n",
        done.stderr,
    )


@pytest.mark.parametrize("every", [0, 3600], ids=["checkpoint", "model"])
def test_a_disk_that_fills_up_is_said_in_one_line_and_leaves_nothing_half(
    data: Path, tmp_path: Path, every: int
) -> None:
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000)); "
        f"import gatescope.cli.train_lesson as t; t.EVERY = {every}; from gatescope.cli import app; app()"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, *arguments(data, "--cell", "gru", "--epochs", "2")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        # Coverage's own file would be cut short too.
        env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")},
    )
    assert done.returncode == 1
    assert done.stderr.startswith("gatescope: ")
    assert done.stderr.endswith(" cannot be written: File too large; once it can, the same command goes on\n")
    assert done.stderr.count("\n") == 1
    assert list((tmp_path / "models").iterdir()) == []
    assert run(data, "--cell", "gru", "--epochs", "2").exit_code == 0
