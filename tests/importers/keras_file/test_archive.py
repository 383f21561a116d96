"""Files that are damaged, or made to do harm: each is refused with one sentence, and leaves nothing behind."""

import io
import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import h5py
import pytest
from gatescope.importers import Request
from gatescope.importers.found import ImportRefusedError
from gatescope.importers.keras_file import IMPORTER, archive, hdf5
from quick import Length

from .files import FOLDER, refusal, zipped

SOURCE = "keras3_reset_before.keras"
with zipfile.ZipFile(FOLDER / SOURCE) as _archive:
    ENTRIES = {name: _archive.read(name) for name in _archive.namelist()}


def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    zipped(tmp_path / "model.keras", ENTRIES)
    with zipfile.ZipFile(tmp_path / "model.keras", "a") as file, pytest.warns(UserWarning, match="Duplicate name"):
        file.writestr("config.json", b"{}")
    assert refusal(tmp_path / "model.keras") == ("the archive holds 'config.json' twice: save the model by model.save")


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits are made small; what counts are the bytes that come out, not those that the archive claims."""
    zeros = bytes(2**20)
    for limit, name, sentence in (
        (archive, "config.json", "config.json unpacks to more than 100,000 bytes"),
        (hdf5, "model.weights.h5", "model.weights.h5 unpacks to more than 100,000 bytes"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(limit, "MOST_TEXT" if limit is archive else "MOST_BYTES", 100_000)
            zipped(tmp_path / "model.keras", {**ENTRIES, name: zeros})
            assert refusal(tmp_path / "model.keras") == sentence
    monkeypatch.setattr(archive, "MOST_ENTRIES", 2)
    assert refusal(SOURCE) == "the archive holds 3 files: at most 2 are read"


def test_a_locked_archive_is_refused(tmp_path: Path) -> None:
    data = bytearray((FOLDER / SOURCE).read_bytes())
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        start = file.start_dir
    at = data.index(b"PK\x01\x02", start)
    data[at + 8] |= 1  # the flag that says so, of the first entry; and of all others
    while (at := data.find(b"PK\x01\x02", at + 1)) > 0:
        data[at + 8] |= 1
    (tmp_path / "model.keras").write_bytes(data)
    assert "is encrypted, password required" in refusal(tmp_path / "model.keras")


def outcome(data: bytes, path: Path, module: str = "lstm") -> str:
    """The sentence with which a file is refused; "" if it is read."""
    path.write_bytes(data)
    try:
        IMPORTER.open(Request(path, module))
    except ImportRefusedError as error:
        said = str(error)
    else:
        return ""
    assert said
    assert "\n" not in said
    return said


@pytest.mark.attack("reads thousands of damaged files", seconds=15)
@pytest.mark.parametrize("source", ["keras3_lstm.keras", "keras2_lstm.h5", "keras2_lstm.weights.h5"])
def test_damaged_files_are_read_or_refused(source: str, tmp_path: Path, length: Length) -> None:
    """In another process, as uploads are: no exception but ours is raised.

    libhdf5 itself crashes on a few, or never returns, which ends that process only.
    """
    count, crashes, first = length.of(4000), 0, 0
    while first < count:
        arguments = [FOLDER / source, tmp_path, length.seed, first, count]
        command = [sys.executable, "-m", "tests.importers.keras_file.damaged", *map(str, arguments)]
        done = subprocess.run(command, cwd=FOLDER.parents[2], capture_output=True, text=True, check=False)
        assert done.returncode <= 0, done.stderr  # below 0: ended by a signal
        last = int(done.stdout.split()[-1])
        crashes += last + 1 < count
        first = last + 1
    assert crashes <= 1 + count / 100


@pytest.mark.attack("reads thousands of damaged configs", seconds=5)
@pytest.mark.parametrize(
    ("source", "module"),
    [("keras3_nested.keras", "encoder"), ("keras2_text.keras", ""), ("keras3_bidirectional.keras", "")],
)
def test_damaged_configs_are_read_or_refused(source: str, module: str, tmp_path: Path, length: Length) -> None:
    """Anything may stand in the place of anything."""
    with zipfile.ZipFile(FOLDER / source) as file:
        entries = {name: file.read(name) for name in file.namelist()}
    some, path = random.Random(length.seed), tmp_path / source
    for _ in range(length.of(4000)):
        config = json.loads(entries["config.json"])
        for _ in range(some.randint(1, 4)):
            disturb(config, some)
        zipped(path, {**entries, "config.json": json.dumps(config).encode()})
        outcome(path.read_bytes(), path, module)


def disturb(value: Any, some: random.Random) -> None:
    """Put something else into a random place of a JSON value."""
    while value:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = some.choice(list(keys))
        if not isinstance(value[key], dict | list) or some.random() < 0.1:
            value[key] = some.choice(
                [None, True, -1, 1e9, "x", [], {}, [[["x", 0, 0]]], {"class_name": 3}, ["a", 0, 0, {}]]
            )
            return
        value = value[key]


def test_random_bytes_after_the_signature_are_refused(tmp_path: Path) -> None:
    some = random.Random(5)
    for start in (hdf5.SIGNATURE, archive.ZIP, b""):
        for _ in range(30):
            assert outcome(start + some.randbytes(some.randint(0, 3000)), tmp_path / "model.h5")


def test_an_hdf5_file_without_a_model_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["images"] = [1.0]
    assert refusal(tmp_path / "other.h5") == "the model has no LSTM, GRU or SimpleRNN layer: it has no layers"
