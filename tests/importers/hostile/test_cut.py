"""Files that are cut off: small ones at every byte, larger ones where their parts begin and at random places."""

import io
import os
import random
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

import pytest
import torch
from gatescope.importers import Request
from gatescope.importers.saving import importer_of
from torch import nn

from importers.keras_file.files import FOLDER

from . import onnx_files, safetensors_files
from .pytorch_files import script, zipped
from .test_refused import everything_in, said_of

SMALL = 4_096  # bytes: cut at every one
PLACES = 100  # at which others are cut at random
PARTS = re.compile(b"PK\x01\x02|PK\x03\x04|PK\x05\x06|TREE|HEAP|SNOD|OHDR|GCOL|FRHP|BTHD")
"""What the parts of a ZIP archive and of HDF5 begin with."""
UNREAD = {"keras2_lstm.h5": 64, "keras3_lstm.keras": 0}
"""Of files of Keras, the bytes after the last array, which nobody reads."""


def state(**options: bool) -> bytes:
    """What torch.save writes of an LSTM of one unit."""
    buffer = io.BytesIO()
    torch.save(nn.LSTM(1, 1, bias=False).state_dict(), buffer, **options)
    return buffer.getvalue()


FILES: dict[str, Callable[[], bytes]] = {
    "new.pt": state,
    "old.pt": lambda: state(_use_new_zipfile_serialization=False),
    "script.pt": lambda: zipped(script()),
    "model.safetensors": lambda: safetensors_files.written(safetensors_files.header()),
    "model.onnx": lambda: onnx_files.WHOLE,
    **{name: (FOLDER / name).read_bytes for name in UNREAD},
}


def places(name: str, data: bytes) -> Iterable[int]:
    """Where a file is cut."""
    if len(data) <= SMALL:
        return range(len(data))
    size = len(data) - UNREAD.get(name, 0)
    parts: Iterator[int] = chain.from_iterable(found.span() for found in PARTS.finditer(data))
    return sorted({at for at in (*parts, *random.Random(3).sample(range(size), PLACES)) if at < size})


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_file_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    imported, unclear = [], set()
    for name, made in FILES.items():
        data, path = made(), tmp_path / name
        path.write_bytes(data)
        for end in sorted(places(name, data), reverse=True):
            os.truncate(path, end)
            said = said_of(path, tmp_path / "models")
            if not said:
                imported.append((name, end, len(data)))
            elif not re.fullmatch(r"[^\n]+(?:copy|save|export|formats are|Keras writes|empty)[^\n]*", said):
                unclear.add(said)
        path.unlink()
    assert (imported, unclear) == ([], set())
    assert everything_in(tmp_path) == []


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
@pytest.mark.parametrize("name", FILES)
def test_the_whole_file_is_read(name: str, tmp_path: Path) -> None:
    """What is cut above is refused for that reason only."""
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    module = "lstm" if name in UNREAD else ""
    assert importer_of(path).open(Request(path, module)).cell.name == "lstm"
