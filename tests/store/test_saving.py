"""The models on disk: what is saved comes back whole, or what was there before stays."""

import ctypes
import errno
import json
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from disks import full_disk, mounted, read_only
from gatescope.recurrent.tokenizer import CharacterTokenizer, Tokenizer, WordTokenizer
from gatescope.store import saving
from gatescope.store.files import BrokenModelError
from gatescope.store.loading import load_model
from gatescope.store.saving import replace_file, save_model, write_config, write_statistics
from gatescope.store.store import Store
from model_folders import ABOUT, STATISTICS, UNIT, VOCABULARY, contents, network, saved
from quick import Length
from serving import killed_at_last

KILLS = 50  # in `make soak`


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("tokenizer", [WordTokenizer, CharacterTokenizer])
def test_a_saved_model_comes_back_whole(tmp_path: Path, tokenizer: type[Tokenizer], dtype: torch.dtype) -> None:
    original = network(layers=2, bidirectional=True, dtype=dtype)
    saved(tmp_path / "small", original, tokenizer)
    model = load_model(tmp_path / "small")

    assert (model.id, model.folder) == ("small", tmp_path / "small")
    assert (model.config.network, model.config.title) == (original.config, "A small LSTM")
    assert (type(model.tokenizer), model.tokenizer.vocabulary) == (tokenizer, tuple(VOCABULARY))
    assert model.statistics == STATISTICS
    assert (tmp_path / "small" / "README.md").read_text() == "# A small LSTM\n"
    assert not model.network.training
    assert not any(parameter.requires_grad for parameter in model.network.parameters())
    for name, tensor in original.state_dict().items():
        assert torch.equal(model.network.state_dict()[name], tensor), name


def test_a_model_that_cannot_predict_the_next_token_is_not_saved_as_one_that_does(tmp_path: Path) -> None:
    with pytest.raises(BrokenModelError, match="predicts_next: no output has the name 'the'"):
        saved(tmp_path / "small", predicts_next=True)
    assert list(tmp_path.iterdir()) == []


def test_saving_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    saved(tmp_path / "one")
    saved(tmp_path / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_weights_carry_one_metadata_key(tmp_path: Path) -> None:
    data = contents(saved(tmp_path / "small").folder)["model.safetensors"]
    (length,) = struct.unpack("<Q", data[:8])
    assert json.loads(data[8 : 8 + length])["__metadata__"] == {"format": "pt"}


def test_others_may_read_what_was_saved_as_any_file(tmp_path: Path) -> None:
    folder = saved(tmp_path / "small").folder
    (tmp_path / "any folder").mkdir()
    (tmp_path / "any file").touch()
    assert folder.stat().st_mode == (tmp_path / "any folder").stat().st_mode
    assert {path.stat().st_mode for path in folder.iterdir()} == {(tmp_path / "any file").stat().st_mode}


def test_a_model_is_replaced_as_a_whole(tmp_path: Path) -> None:
    saved(tmp_path / "small")
    model = save_model(tmp_path / "small", network(hidden_size=3), WordTokenizer(VOCABULARY), ABOUT)
    assert model.config.network.hidden_size == 3
    assert model.statistics is None
    assert [path.name for path in tmp_path.iterdir()] == ["small"]
    assert "statistics.json" not in contents(tmp_path / "small")


def nan_weights(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net = network()
    net.head.weight.data[0, 0] = float("nan")
    saved(folder, net)


def wrong_description(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(folder, licence=3)


def no_exchange(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system refuses to put the new folder in its place, or to exchange the two."""

    def refuse(*_: Path) -> bool:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(saving, "_exchange", refuse)
    monkeypatch.setattr(Path, "rename", refuse)
    saved(folder)


def no_rename(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file system knows no exchange, and refuses to put the new folder in its place."""
    monkeypatch.setattr(saving, "_exchange", lambda one, other: False)
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.name == "new" and not target.exists():
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    saved(folder)


def disk_is(state: Callable[..., Any]) -> Callable[..., None]:
    """The disk is full, or read only."""

    def fail(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", state)
            saved(folder)

    return fail


@pytest.mark.parametrize(
    ("fail", "error"),
    [
        (nan_weights, BrokenModelError),
        (wrong_description, ValueError),
        (no_exchange, OSError),
        (no_rename, OSError),
        (disk_is(full_disk), OSError),
        (disk_is(read_only), OSError),
    ],
)
@pytest.mark.parametrize("replaces", [True, False], ids=["replacing", "new"])
def test_a_failure_leaves_what_was_there_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fail: Callable[..., None], error: type[Exception], replaces: bool
) -> None:
    if replaces:
        saved(tmp_path / "small", title="The old one")
    before = contents(tmp_path)
    with pytest.raises(error) as caught:
        fail(tmp_path / "small", monkeypatch)
    if error is OSError:
        assert caught.value.filename == str(tmp_path / "small")
    assert contents(tmp_path) == before
    assert [path.name for path in tmp_path.iterdir()] == ["small"] * replaces


def test_named_units_come_back_and_can_be_replaced(tmp_path: Path) -> None:
    saved(tmp_path / "small", units=[UNIT])
    assert load_model(tmp_path / "small").config.units == [UNIT]
    before = contents(tmp_path / "small")
    other = UNIT.model_copy(update={"unit": 0})
    write_config(tmp_path / "small", {"units": [other, UNIT]})
    model = load_model(tmp_path / "small")
    assert model.config.units == [other, UNIT]
    after = contents(tmp_path / "small")
    assert {name for name in after if after[name] != before.get(name)} == {"config.json"}
    write_config(tmp_path / "small", {"units": [UNIT]})
    assert contents(tmp_path / "small") == before


def test_a_scale_of_pushes_can_be_written_into_statistics(tmp_path: Path) -> None:
    saved(tmp_path / "small")
    before = contents(tmp_path / "small")
    assert b"push_scale" in before["statistics.json"]
    write_statistics(tmp_path / "small", {"push_scale": 2.5})
    assert load_model(tmp_path / "small").statistics == STATISTICS.model_copy(update={"push_scale": 2.5})
    after = contents(tmp_path / "small")
    assert {name for name in after if after[name] != before.get(name)} == {"statistics.json"}
    write_statistics(tmp_path / "small", {"push_scale": None})
    assert contents(tmp_path / "small") == before


def test_fields_are_not_written_where_there_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(BrokenModelError, match=r"^config.json: the file is missing$"):
        write_config(tmp_path, {"units": [UNIT]})
    assert list(tmp_path.iterdir()) == []


def test_a_picture_is_written_beside_the_card_where_there_is_one(tmp_path: Path) -> None:
    save_model(tmp_path / "one", network(), WordTokenizer(VOCABULARY), ABOUT, saturation="<svg/>")
    assert contents(tmp_path / "one")["saturation.svg"] == b"<svg/>"
    assert "saturation.svg" not in contents(saved(tmp_path / "other").folder)


WRITES = {
    "save_model": lambda folder: saved(folder, title="The new one"),
    "write_config": lambda folder: write_config(folder, {"title": "The new one"}),
    "write_statistics": lambda folder: write_statistics(folder, {"push_scale": 2.0}),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("options", ["size=60k", "nr_inodes=16"])
def test_a_disk_that_is_really_full_keeps_the_model(tmp_path: Path, write: str, options: str) -> None:
    with mounted(tmp_path, options):
        folder = saved(tmp_path / "small").folder
        before = contents(tmp_path)
        full = folder / "filler"
        try:
            if options.startswith("size"):
                full.write_bytes(bytes(1_000_000))
            else:
                for at in range(100):
                    (folder / f"filler{at}").touch()
        except OSError:
            pass
        fillers = {name: data for name, data in contents(tmp_path).items() if name not in before}
        with pytest.raises(OSError, match="No space left on device") as caught:
            WRITES[write](folder)
        file = {"write_config": "config.json", "write_statistics": "statistics.json"}.get(write, "")
        assert Path(caught.value.filename) == folder / file
        assert contents(tmp_path) == before | fillers
        for filler in fillers:
            (tmp_path / filler).unlink()
        WRITES[write](folder)
        assert contents(tmp_path) != before


@pytest.mark.parametrize("write", WRITES)
def test_a_disk_that_is_read_only_keeps_the_model(tmp_path: Path, write: str) -> None:
    with mounted(tmp_path, "size=1m"):
        folder = saved(tmp_path / "small").folder
        before = contents(tmp_path)
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path)], check=True)
        with pytest.raises(OSError, match="Read-only file system") as caught:
            WRITES[write](folder)
        assert str(caught.value.filename).startswith(str(folder))
        assert contents(tmp_path) == before
        assert load_model(folder).config.title == "A small LSTM"


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "in steps"])
def test_a_linked_model_is_replaced_and_what_the_link_leads_to_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    if not at_once:
        monkeypatch.setattr(saving, "_exchange", lambda one, other: False)
    saved(tmp_path / "elsewhere" / "small")
    before = contents(tmp_path / "elsewhere")
    (tmp_path / "linked").symlink_to(tmp_path / "elsewhere" / "small")
    assert saved(tmp_path / "linked", title="The new one").config.title == "The new one"
    assert not (tmp_path / "linked").is_symlink()
    assert contents(tmp_path / "elsewhere") == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "linked"]


def test_what_killed_processes_left_of_a_file_is_deleted_after_an_hour(tmp_path: Path) -> None:
    path = tmp_path / "[a]"
    left = {seconds: tmp_path / f".[a].{seconds:032x}.partial" for seconds in (3000, 4000)}
    others = [tmp_path / f".a.{0:032x}.partial", tmp_path / ".[a].mine.partial"]
    for each in (*left.values(), *others):
        each.touch()
        os.utime(each, (time.time() - 4000,) * 2)
    os.utime(left[3000], (time.time() - 3000,) * 2)
    replace_file(path, b"x")
    assert sorted(tmp_path.iterdir()) == sorted([path, left[3000], *others])


@pytest.mark.parametrize("number", [None, errno.ENOSYS, errno.EINVAL], ids=str)
def test_a_model_is_replaced_where_the_system_or_its_disk_cannot_exchange(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int | None
) -> None:
    saved(tmp_path / "small")
    calls = SimpleNamespace() if number is None else SimpleNamespace(renameat2=lambda *_: -1)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: calls)
    monkeypatch.setattr(ctypes, "get_errno", lambda: number)
    assert saved(tmp_path / "small", title="The new one").config.title == "The new one"
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_an_exchange_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved(tmp_path / "small")
    before = contents(tmp_path)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: SimpleNamespace(renameat2=lambda *_: -1))
    monkeypatch.setattr(ctypes, "get_errno", lambda: errno.EPERM)
    with pytest.raises(PermissionError, match="Operation not permitted") as caught:
        saved(tmp_path / "small", title="The new one")
    assert caught.value.filename == str(tmp_path / "small")
    assert contents(tmp_path) == before


def test_two_that_write_to_one_folder_at_once_leave_the_model_of_one(tmp_path: Path) -> None:
    barrier, failures, seeds = threading.Barrier(4), [], range(4)
    networks = [network(seed=seed) for seed in seeds]  # by the seed of torch, which threads would share
    titles = {f"Number {seed}" for seed in seeds}

    def write(seed: int) -> None:
        barrier.wait()
        for _ in range(5):
            try:
                saved(tmp_path / "small", networks[seed], title=f"Number {seed}")
                if load_model(tmp_path / "small").config.title not in titles:
                    failures.append("a mixed model")
            except (BrokenModelError, OSError) as error:
                failures.append(repr(error))

    threads = [threading.Thread(target=write, args=(seed,)) for seed in seeds]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    model = load_model(tmp_path / "small")
    expected = networks[int(model.config.title[-1])].state_dict()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in model.network.state_dict().items())
    assert [path.name for path in tmp_path.iterdir()] == ["small"]


def test_two_that_write_one_file_at_once_leave_one_of_them_whole(tmp_path: Path) -> None:
    barrier, path = threading.Barrier(4), tmp_path / "file"
    failures: list[OSError] = []

    def write(at: int) -> None:
        barrier.wait()
        try:
            for _ in range(50):
                replace_file(path, bytes([at]) * 100_000)
        except OSError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(at,)) for at in range(4)]
    for each in threads:
        each.start()
    while any(each.is_alive() for each in threads):
        data = path.read_bytes() if path.exists() else bytes(100_000)
        assert (len(data), len(set(data))) == (100_000, 1)
    assert failures == []
    assert list(tmp_path.iterdir()) == [path]


# Replaces one model again and again, in a process that is killed meanwhile.
REPLACING = """
import itertools, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from model_folders import UNIT, network, saved
from gatescope.store.saving import write_config, write_statistics
folder = Path(sys.argv[1])
print("ready", flush=True)
for seed in itertools.count():
    saved(folder, network(seed=seed % 3), title=f"Number {seed % 3}")
    write_config(folder, {"units": [UNIT]})
    write_statistics(folder, {"push_scale": 2.5})
    print("saved", flush=True)
"""


@pytest.mark.attack("starts two processes, which load PyTorch", seconds=8)
def test_a_kill_while_a_model_is_replaced_leaves_the_old_or_the_new(tmp_path: Path, length: Length) -> None:
    """Kill a process that replaces a model, at random moments; after each, the model is one of those, whole."""
    chance = random.Random(length.seed)
    saved(tmp_path / "small", network(seed=0), title="Number 0")
    for _ in range(length.of(KILLS)):
        command = [sys.executable, "-c", REPLACING, str(tmp_path / "small"), *sys.path]
        with killed_at_last(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            if chance.random() < 0.5:
                process.stdout.readline()
            time.sleep(chance.uniform(0, 0.05))
            process.kill()
            assert process.wait() == -signal.SIGKILL
        store = Store(tmp_path)
        assert (list(store.models), store.broken) == (["small"], {})
        model = store.models["small"]
        expected = network(seed=int(model.config.title[-1])).state_dict()
        assert all(torch.equal(tensor, expected[name]) for name, tensor in model.network.state_dict().items())
    saved(tmp_path / "small", title="The new one")
    assert Store(tmp_path).models["small"].config.title == "The new one"
