"""A training run called from Python: from data to a model with its card, stopped and resumed, and what is refused."""

import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import word_task
from gatescope.analysis.metrics import metrics
from gatescope.cli.held_out import model_and_task
from gatescope.recurrent.network import Network
from gatescope.store.fields import Start
from gatescope.store.loading import load_model
from gatescope.store.model import Model
from gatescope.training import run as module
from gatescope.training.checkpoint import CheckpointError
from gatescope.training.options import Options
from gatescope.training.run import BadArgumentError, Progress, RefusedError, StoppedError, run
from gatescope.training.sources.download import DataError
from gatescope.training.tasks.labelled import Labelled
from own_texts import checkpoints, contents, table
from quick import Length
from serving import killed_at_last

KILLS = 50  # in `make soak`

# A run in a process of its own that writes a checkpoint after every batch, so that no test waits for one.
EAGER = """
import sys
from gatescope.training import run
from gatescope.training.options import Options
run.EVERY = 0
folder = sys.argv[1]
data = {"file": f"{folder}/mine.csv", "text": "review", "label": "class"}
try:
    run.run("labelled", "lstm", f"{folder}/model", seeds=[0, 1], options=Options(hidden=4, epochs=8, patience=0),
            data=data, cache=run.Path(folder) / "cache")
except run.StoppedError as stopped:
    sys.exit(f"stopped by hand: {stopped}")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a table to learn."""
    table(tmp_path / "mine.csv")
    return tmp_path


def learn(
    folder: Path, cell: str, out: str = "model", seeds: Any = (0,), progress: Any = lambda _: None, **options: Any
) -> Model:
    """Learn the table in ``folder`` with four units."""
    return run(
        "labelled",
        cell,  # type: ignore[arg-type]
        folder / out,
        seeds=seeds,
        options=Options(**{"hidden": 4, "epochs": 3, "patience": 0, **options}),
        data={"file": folder / "mine.csv", "text": "review", "label": "class"},
        cache=folder / "cache",
        progress=progress,
    )


def interrupt(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Press Ctrl-C once, at the end of the epoch ``after``."""
    judge, calls = Labelled.judge, [0]

    def pressed(self: Labelled, network: Network) -> float:
        calls[0] += 1
        if calls[0] == after:
            raise KeyboardInterrupt
        return judge(self, network)

    monkeypatch.setattr(module, "EVERY", 0)
    monkeypatch.setattr(Labelled, "judge", pressed)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_model_is_trained_measured_and_saved_with_its_card(folder: Path, cell: str) -> None:
    returned = learn(folder, cell, seeds=[3, 5])
    model = load_model(folder / "model")
    config = model.config
    assert (returned.folder, returned.config) == (folder / "model", config)
    assert (config.task, config.title, config.network.hidden_size) == ("labelled mine", cell.upper(), 4)
    assert [each.name for each in config.metrics] == ["validation texts", "test texts"]
    assert all(len(each.seeds) == 2 and each.interval and each.baselines for each in config.metrics)
    assert model.statistics is not None
    assert {each.activation for each in model.statistics.activations} == set(config.network.cell_definition.activations)
    card = (model.folder / "README.md").read_text(encoding="utf-8")
    for metric in config.metrics:
        [row] = [line for line in card.splitlines() if line.startswith(f"| {metric.name} |")]
        assert f"{100 * metric.value:.1f} % (" in row
        assert "naive Bayes 100.0 %" in row
    assert (
        f"\ngatescope train labelled --file mine.csv --text review --label class --cell {cell} --seeds 3,5 "
        "--hidden 4 --epochs 3 --patience 0\n"
    ) in card
    assert "A run took less than 1 minute on one core." in card
    assert "None" not in card
    assert "nan" not in card
    assert str(folder) not in card
    assert ("\n## Shares and experiments\n" in card) == (config.shares is not None) == (cell != "rnn")
    assert ("](saturation.svg)" in card) == (model.folder / "saturation.svg").exists() == (cell != "rnn")
    assert not checkpoints(folder / "cache")


def test_a_table_read_by_characters_is_measured_by_characters(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = {"file": folder / "mine.csv", "text": "review", "label": "class", "tokens": "character"}
    options = Options(hidden=4, epochs=1)
    model = run("labelled", "gru", folder / "model", options=options, data=data, cache=folder / "cache")
    assert model.config.tokenizer == "character"
    card = (model.folder / "README.md").read_text(encoding="utf-8")
    assert "--label class --tokens character --cell gru" in card
    assert "**Share of unknown characters**" in card
    _, task = model_and_task(f"{model.folder}/", folder, folder / "mine.csv", "review", "class")
    assert [each.value for each in metrics([task.measure(model.network)], 0)] == [
        each.value for each in model.config.metrics
    ]


def test_a_task_that_is_not_in_the_table_can_be_trained(tmp_path: Path) -> None:
    model = run(word_task.WordTask(), "gru", str(tmp_path / "mine"), cache=tmp_path / "cache")
    assert load_model(tmp_path / "mine").config == model.config
    assert (model.config.task, model.config.seed, model.network.config.hidden_size) == ("test", 0, 3)
    assert [each.name for each in model.config.metrics] == ["verdicts", "mean verdict"]
    card = (model.folder / "README.md").read_text(encoding="utf-8")
    assert "\nrun(WordTask(…), 'gru', 'mine', seeds=[0], options=Options(" in card


def test_the_cache_is_the_users_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "user_cache_path", lambda name, appauthor: tmp_path / name)
    run(word_task.WordTask(), "rnn", tmp_path / "model")
    assert (tmp_path / "gatescope" / "checkpoints").is_dir()


def test_progress_is_told_after_every_batch_and_every_epoch(folder: Path) -> None:
    told: list[Progress] = []
    learn(folder, "gru", seeds=[4, 2], epochs=2, progress=told.append)
    for seed, one in ((4, told[: len(told) // 2]), (2, told[len(told) // 2 :])):
        assert {each.seed for each in one} == {seed}
        assert {each.resumed_at for each in one} == {None}
        assert one[0].done == 0
        assert [each.done for each in one] == sorted(each.done for each in one)
        assert one[-1].done == 1
        assert all(0 < each.loss < 3 for each in one)
        batches = 12
        assert [each.judged is None for each in one] == [True] * batches + [False] * (batches + 3)


@pytest.mark.slow("trains three times", seconds=2)
def test_the_same_seed_writes_the_same_bytes_and_replaces_an_old_model(folder: Path) -> None:
    written = []
    for _ in range(2):
        learn(folder, "gru", epochs=2)
        written.append(contents(folder / "model"))
    assert written[0] == written[1]
    learn(folder, "gru", seeds=[1], epochs=2)
    assert contents(folder / "model")["model.safetensors"] != written[0]["model.safetensors"]
    assert sorted(each.name for each in folder.iterdir()) == ["cache", "mine.csv", "model"]


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.slow("trains in processes of their own", seconds=16)
def test_a_run_that_is_ended_goes_on_to_the_same_bytes(folder: Path, blow: signal.Signals) -> None:
    learn(folder, "lstm", "whole", seeds=[0, 1], epochs=8)
    command = [sys.executable, "-X", "faulthandler", "-c", EAGER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        try:
            while not checkpoints(folder / "cache"):
                assert process.poll() is None, "it ended before there was a checkpoint"
                time.sleep(0.01)
            process.send_signal(blow)
            _, stderr = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)  # faulthandler tells where it stood
            pytest.fail(process.communicate(timeout=60)[1].decode(), pytrace=False)
        finally:
            process.kill()
    if blow == signal.SIGINT:
        assert stderr.decode() == "stopped by hand: stopped: the same command goes on from at most 0 seconds before\n"
    else:
        assert process.returncode == -9
    assert checkpoints(folder / "cache")
    assert not (folder / "model").exists()
    told: list[Progress] = []
    learn(folder, "lstm", seeds=[0, 1], epochs=8, progress=told.append)
    first = told[0]
    assert first.resumed_at == first.done > 0
    assert contents(folder / "model") == contents(folder / "whole")
    assert not checkpoints(folder / "cache")


@pytest.mark.attack("trains in two processes of its own", seconds=20)
def test_kills_leave_the_model_that_is_to_be_replaced(folder: Path, length: Length) -> None:
    """Kill runs that replace a model, at random moments: it is there after each, and the last one gives its bytes."""
    chance = random.Random(length.seed)
    learn(folder, "lstm", seeds=[0, 1], epochs=8)
    whole = contents(folder / "model")
    for _ in range(length.of(KILLS)):
        with killed_at_last(subprocess.Popen([sys.executable, "-c", EAGER, str(folder)])) as process:
            while process.poll() is None and not checkpoints(folder / "cache"):
                time.sleep(0.01)
            time.sleep(chance.uniform(0, 2))
            process.kill()
            assert process.wait() in (0, -signal.SIGKILL)
        assert contents(folder / "model") == whole
        assert load_model(folder / "model").config.task == "labelled mine"
    learn(folder, "lstm", seeds=[0, 1], epochs=8)
    assert contents(folder / "model") == whole
    assert not checkpoints(folder / "cache")


def test_after_ctrl_c_seeds_that_were_learned_are_not_learned_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(monkeypatch, after=3 + 2)
    with pytest.raises(StoppedError, match=r"^stopped: the same command goes on from at most 0 seconds before$"):
        learn(folder, "gru", seeds=[0, 1])
    first, second = checkpoints(folder / "cache")
    assert first.name.startswith("labelled-mine-gru-seed0-")
    assert second.name.startswith("labelled-mine-gru-seed1-")
    told: list[Progress] = []
    learn(folder, "gru", seeds=[0, 1], progress=told.append)
    assert all(math.isnan(each.loss) for each in told if each.seed == 0)  # no batch was learned again
    batches = [each for each in told if each.seed == 1 and not math.isnan(each.loss)]
    assert {each.resumed_at for each in batches} == {batches[0].done}
    assert batches[0].done == pytest.approx(2 / 3)


def test_ctrl_c_before_the_first_checkpoint_says_that_nothing_was_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(monkeypatch, after=1)
    monkeypatch.setattr(module, "EVERY", 3600)
    with pytest.raises(StoppedError, match=r"^stopped: nothing was kept yet$"):
        learn(folder, "gru")


@pytest.mark.slow("trains five times", seconds=3)
def test_another_run_does_not_go_on_from_a_checkpoint(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(monkeypatch, after=2)
    with pytest.raises(StoppedError):
        learn(folder, "rnn")
    [path] = checkpoints(folder / "cache")
    told: list[Progress] = []
    learn(folder, "gru", progress=told.append)
    learn(folder, "rnn", seeds=[1], progress=told.append)
    learn(folder, "rnn", learning_rate=0.01, progress=told.append)
    table(folder / "mine.csv", rows=100)
    learn(folder, "rnn", progress=told.append)
    assert {each.resumed_at for each in told} == {None}
    assert checkpoints(folder / "cache") == [path]


def test_a_damaged_checkpoint_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(monkeypatch, after=2)
    with pytest.raises(StoppedError):
        learn(folder, "rnn")
    [path] = checkpoints(folder / "cache")
    path.write_bytes(b"half")
    with pytest.raises(CheckpointError, match=rf"^{path} is not a checkpoint \(\w+\): delete {path} to begin anew$"):
        learn(folder, "rnn")


@pytest.mark.slow("trains several seeds", seconds=2)
def test_the_seed_that_is_judged_best_is_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Labelled, "judge", lambda self, network: float(network.head.weight.detach().abs().sum()))
    seeds = {}
    for seed in (0, 1, 2):
        seeds[seed] = learn(folder, "rnn", epochs=1, seeds=[seed]).network.head.weight.abs().sum()
    assert learn(folder, "rnn", epochs=1, seeds=[0, 1, 2]).config.seed == min(seeds, key=lambda seed: seeds[seed])


def test_a_run_that_learns_no_more_ends_early(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[float] = []

    def never_better(self: Labelled, network: Network) -> float:
        judged.append(float(len(judged)))
        return judged[-1]

    monkeypatch.setattr(Labelled, "judge", never_better)
    learn(folder, "rnn", epochs=1000, patience=3)
    assert len(judged) == 4 + 1  # the first, three that were no better, and the choice among the seeds


def test_what_never_becomes_finite_is_not_a_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Labelled, "judge", lambda self, network: math.nan)
    with pytest.raises(
        RefusedError, match=r"^no network learned anything finite: try a lower --learning-rate$"
    ) as caught:
        learn(folder, "rnn", epochs=1)
    assert not isinstance(caught.value, BadArgumentError)
    assert not (folder / "model").exists()


@pytest.mark.parametrize(
    ("options", "title", "sentence", "start"),
    [
        ({}, "LSTM", "the forget\ngate's biases adding up to 1", Start()),
        ({"forget_bias": 0.0}, "LSTM, forget bias 0", "the forget\ngate's biases adding up to 0", Start(forget_bias=0)),
        (
            {"chrono": 50},
            "LSTM, chrono 50",
            "set by chrono initialisation for dependencies of up to 50 steps",
            Start(chrono=50),
        ),
    ],
)
def test_an_lstm_s_start_can_be_chosen(
    folder: Path, options: dict[str, Any], title: str, sentence: str, start: Start
) -> None:
    model = learn(folder, "lstm", epochs=1, **options)
    assert (model.config.title, model.config.start) == (title, start)
    assert sentence in (model.folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("option", ["chrono", "forget_bias"])
def test_what_only_an_lstm_has_is_refused_for_other_cells(folder: Path, option: str) -> None:
    message = f"--{option.replace('_', '-')} needs a forget gate, and the gru has none"
    with pytest.raises(RefusedError, match=f"^{message}$"):
        learn(folder, "gru", **{option: 5})


def test_a_model_of_another_task_is_not_replaced(folder: Path, models: Path) -> None:
    shutil.copytree(models / "gru", folder / "model")
    before = contents(folder / "model")
    message = f"{folder / 'model'} holds a model of another task, 'test': name another --out"
    with pytest.raises(RefusedError, match=f"^{message}$"):
        learn(folder, "gru")
    assert contents(folder / "model") == before


def touched(folder: Path) -> Path:
    (folder / "notes").mkdir()
    (folder / "notes" / "todo.txt").touch()
    return folder / "notes"


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (lambda folder: folder / "mine.csv", "/mine.csv is not a model, and would be replaced: name another --out"),
        (touched, "/notes is not a model, and would be replaced: name another --out"),
        (lambda _: Path("/dev/null/model"), "/dev/null cannot be written to: File exists; name another --out"),
    ],
    ids=["a file", "another folder", "below a file"],
)
def test_a_folder_that_cannot_become_a_model_is_refused_before_the_data_are_read(
    folder: Path, out: Callable[[Path], Path], message: str
) -> None:
    with pytest.raises(BadArgumentError, match=f"{re.escape(message)}$"):
        run("text", "gru", out(folder), data={"file": "nothing.txt"}, cache=folder)


@pytest.mark.parametrize("seeds", [[], [1, 1], [-1], [2**63]])
def test_seeds_that_are_none_are_refused_before_the_data_are_read(folder: Path, seeds: list[int]) -> None:
    with pytest.raises(BadArgumentError, match=r": each seed once, from 0 to 2\^63 - 1$"):
        run("text", "gru", folder / "model", seeds=seeds, data={"file": "nothing.txt"}, cache=folder)


def test_data_that_cannot_be_read_are_refused(folder: Path) -> None:
    with pytest.raises(DataError, match=r"^nothing\.txt does not exist$"):
        run("text", "gru", folder / "model", data={"file": "nothing.txt"}, cache=folder)
    with pytest.raises(DataError, match=r"^the task 'text' needs --file"):
        run("text", "gru", folder / "model", data={"file": None}, cache=folder)


def test_notes_on_the_data_are_warnings_unless_somebody_takes_them(folder: Path) -> None:
    with (folder / "mine.csv").open("a") as file:
        file.write("120,,p\n")
    with pytest.warns(UserWarning, match="1 rows without a word in 'review' or without a 'class' are left out"):
        learn(folder, "rnn", epochs=1)


def test_a_full_disk_is_refused_before_anything_is_learned(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10_000))
    monkeypatch.setattr(module, "train", None)
    message = r"^the disk of \S+ has 0\.0 MB free: the model and its checkpoint take up to 0\.\d$"
    with pytest.raises(RefusedError, match=message):
        learn(folder, "gru")


def test_too_large_a_network_is_refused_before_anything_is_learned(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sysconf", lambda name: 1000)
    monkeypatch.setattr(module, "train", None)
    message = (
        r"^a network of 512 units has [\d,]+ parameters: to train it takes about 0\.0 GB of memory, "
        r"and this machine has 0\.0$"
    )
    with pytest.raises(RefusedError, match=message):
        learn(folder, "gru", hidden=512)


@pytest.mark.parametrize("every", [0, 3600], ids=["checkpoint", "model"])
@pytest.mark.slow("trains in processes of their own", seconds=16)
def test_a_disk_that_fills_up_leaves_nothing_half_written(folder: Path, every: int) -> None:
    limits = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))\n"
    script = limits + EAGER.replace("run.EVERY = 0", f"run.EVERY = {every}")
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        # Coverage's own file would be cut short too.
        env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")},
    )
    assert done.stderr.splitlines()[-1].startswith("OSError: [Errno 27] File too large")
    assert sorted(each.name for each in folder.iterdir()) == ["cache", "mine.csv"]
    learn(folder, "lstm", epochs=1)
