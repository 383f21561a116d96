"""A run that was ended goes on as if it had not been; what it cannot go on from is refused."""

import os
import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from disks import full_disk
from gatescope.recurrent.network import Network
from gatescope.training.checkpoint import Checkpoint, CheckpointError
from gatescope.training.trainer import Batch, Recipe, train

from .test_trainer import RECIPE, SMALL, FirstToken, bits


class Killed(BaseException):
    """As a kill: nothing catches it."""


class Windows(FirstToken):
    """One long text in windows: each batch but the first goes on from the one before."""

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
        batches = super().epoch(batch_size, generator)
        return [batch._replace(lengths=None, follows=at > 0) for at, batch in enumerate(batches)]


def distance(network: Network) -> float:
    return float(network.head.weight.detach().abs().mean()) - 0.2


def killed_after(batches: int, path: Path, objective: FirstToken, recipe: Recipe, **options: Any) -> None:
    """A run that writes after every batch, and is killed after so many."""
    seen: list[float] = []

    def report(done: float, loss: float) -> None:
        if len(seen) == batches:
            raise Killed
        seen.append(done)

    with pytest.raises(Killed):
        train(SMALL, objective, recipe, 3, report, checkpoint=Checkpoint(path, every=0), **options)


@pytest.mark.parametrize("objective", [FirstToken(), Windows()], ids=["texts", "windows of one text"])
@pytest.mark.parametrize("judge", [None, distance], ids=["last", "best"])
@pytest.mark.parametrize(
    ("batches", "averaged"), [*((batches, 0.0) for batches in (0, 1, 11, 12, 13, 30)), (13, 0.6), (30, 0.6)]
)
def test_a_run_goes_on_to_the_same_bits(
    tmp_path: Path, objective: FirstToken, judge: Any, batches: int, averaged: float
) -> None:
    recipe = replace(RECIPE, epochs=4, averaged=averaged)
    whole = bits(train(SMALL, objective, recipe, 3, judge=judge))
    path = tmp_path / "run"
    killed_after(batches, path, objective, recipe, judge=judge)
    seen: list[float] = []
    again = train(
        SMALL, objective, recipe, 3, lambda done, _: seen.append(done), judge, checkpoint=Checkpoint(path, every=0)
    )
    assert bits(again) == whole
    assert len(seen) == 48 - batches


def test_a_run_can_be_killed_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "run"
    recipe = replace(RECIPE, epochs=2)
    for _ in range(4):
        killed_after(5, path, Windows(), recipe)
    assert bits(train(SMALL, Windows(), recipe, 3, checkpoint=Checkpoint(path))) == bits(
        train(SMALL, Windows(), recipe, 3)
    )


def test_the_time_of_a_run_is_that_of_all_its_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def at(second: float) -> None:
        monkeypatch.setattr("time.process_time", lambda: second)

    at(100.0)
    first = Checkpoint(tmp_path / "run", every=0)
    at(107.0)
    first.keep({}, dict)
    at(3.0)
    second = Checkpoint(tmp_path / "run")
    assert second.seconds == 0
    second.read({"data": ""})
    at(5.0)
    assert second.seconds == 9


def test_nothing_half_written_takes_the_place_of_a_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run"
    killed_after(5, path, FirstToken(), RECIPE)
    good = path.read_bytes()
    monkeypatch.setattr(Path, "open", full_disk)
    with pytest.raises(OSError, match="No space left") as caught:
        train(SMALL, FirstToken(), RECIPE, 3, checkpoint=Checkpoint(path, every=0))
    assert caught.value.filename == str(path)
    monkeypatch.undo()
    assert path.read_bytes() == good
    assert list(tmp_path.iterdir()) == [path]


def test_two_runs_of_one_kind_do_not_disturb_each_other(tmp_path: Path) -> None:
    """They share a checkpoint, since they compute the same; each writes it as a whole, and one deletes it first."""
    path = tmp_path / "run"
    barrier, failures = threading.Barrier(4), []

    def write(at: int) -> None:
        checkpoint = Checkpoint(path, every=0)
        barrier.wait()
        for _ in range(40):
            try:
                checkpoint.keep({}, lambda: {"at": torch.full((1000,), at)})
                snapshot = Checkpoint(path).read({})
                if snapshot is not None and len(set(snapshot["at"].tolist())) != 1:
                    failures.append("mixed")
                checkpoint.remove()
            except (OSError, CheckpointError) as error:
                failures.append(str(error))

    threads = [threading.Thread(target=write, args=(at,)) for at in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_before_it_is_due(tmp_path: Path) -> None:
    train(SMALL, FirstToken(), Recipe(epochs=1), 3, checkpoint=Checkpoint(tmp_path / "run", every=3600))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipe": replace(RECIPE, learning_rate=0.5)}, "learning_rate is 0.03 and not 0.5"),
        ({"config": replace(SMALL, hidden_size=9)}, "hidden_size is 8 and not 9"),
        ({"seed": 4}, "seed is 3 and not 4"),
        ({"data": "other"}, "data is text and not other"),
    ],
)
def test_another_run_does_not_go_on_from_it(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = tmp_path / "run"
    killed_after(5, path, FirstToken(), RECIPE)
    snapshot = Checkpoint(path).read({})
    Checkpoint(path, data="text", every=0).keep(
        torch.load(path, weights_only=True)["run"] | {"data": "text"}, lambda: snapshot or {}
    )
    run = {"config": SMALL, "recipe": RECIPE, "seed": 3, "data": "text"} | change
    with pytest.raises(CheckpointError, match=re.escape(said)) as caught:
        train(run["config"], FirstToken(), run["recipe"], run["seed"], checkpoint=Checkpoint(path, run["data"]))
    assert str(caught.value).endswith(f"delete {path} to begin anew")


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"PK\x03\x04"])
def test_a_damaged_file_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run").write_bytes(content)
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        train(SMALL, FirstToken(), RECIPE, 3, checkpoint=Checkpoint(tmp_path / "run"))


def test_a_pickle_that_runs_code_is_refused(tmp_path: Path) -> None:
    class Attack:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(tmp_path / "attacked"),)

    torch.save({"run": {}, "snapshot": Attack()}, tmp_path / "run")
    with pytest.raises(CheckpointError, match="is not a checkpoint"):
        Checkpoint(tmp_path / "run").read({})
    assert not (tmp_path / "attacked").exists()


def test_it_can_be_removed_whether_it_is_there_or_not(tmp_path: Path) -> None:
    (tmp_path / "run").write_bytes(b"")
    for _ in range(2):
        Checkpoint(tmp_path / "run").remove()
    assert not (tmp_path / "run").exists()


def test_ten_seconds_pass_between_two_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    checkpoint = Checkpoint(tmp_path / "run")
    written = []
    for now in (109.9, 110.0, 119.9, 120.0):
        monkeypatch.setattr("time.monotonic", lambda now=now: now)
        checkpoint.keep({}, dict)
        written.append((tmp_path / "run").exists())
        (tmp_path / "run").unlink(missing_ok=True)
    assert written == [False, True, False, True]
