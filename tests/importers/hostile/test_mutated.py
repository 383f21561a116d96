"""Files of each format that are changed at random: each is refused with a sentence, or read.

Those of HDF5 are read in a process of their own: see ``tests/importers/keras_file/test_archive.py``.
"""

import io
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch
from gatescope.importers import Request
from gatescope.importers.found import ImportRefusedError
from gatescope.importers.saving import importer_of
from gatescope.store.files import printable
from quick import Length
from torch_files import tagger

from importers.onnx_models import pair, single

from . import safetensors_files
from .pytorch_files import script, zipped

HEADS = 3_000  # bytes in which names, shapes and places of the numbers stand


def checkpoint(**options: bool) -> bytes:
    """What torch.save writes of a network and its vocabulary."""
    buffer = io.BytesIO()
    torch.save({"state_dict": tagger().state_dict(), "vocab": list("abcdefghi")}, buffer, **options)
    return buffer.getvalue()


FILES: dict[str, tuple[Callable[[], bytes], int]] = {  # what makes it, and how many are changed in `make soak`
    "new.pt": (checkpoint, 10_000),
    "old.pt": (partial(checkpoint, _use_new_zipfile_serialization=False), 10_000),
    "script.pt": (lambda: zipped(script()), 4_000),
    "model.safetensors": (lambda: safetensors_files.written(safetensors_files.header()), 20_000),
    "model.onnx": (lambda: single("LSTM", p=True, direction="bidirectional").SerializeToString(), 20_000),
    "pair.onnx": (lambda: pair("LSTM").SerializeToString(), 20_000),
}


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Change, take out, put in or cut off bytes, most often in the head."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 1, 2, 5, 20])):
        at = chance.randrange(min(len(changed), HEADS) if chance.random() < 0.6 else len(changed))
        kind = chance.random()
        if kind < 0.7:
            changed[at] = chance.randrange(256)
        elif kind < 0.8:
            del changed[at : min(at + chance.randrange(1, 50), len(changed) - 100)]
        elif kind < 0.9:
            changed[at:at] = chance.randbytes(chance.randrange(1, 20))
        else:
            del changed[max(100, at) :]
    return bytes(changed)


@pytest.mark.filterwarnings("ignore")  # of PyTorch, about what it reads
@pytest.mark.attack("reads up to 1,000 files of each format", seconds=9)
@pytest.mark.parametrize("name", FILES)
def test_a_mutated_file_is_refused_or_read(name: str, tmp_path: Path, length: Length) -> None:
    made, count = FILES[name]
    whole, chance, path, refused = made(), random.Random(length.seed), tmp_path / name, set()
    for _ in range(length.of(count)):
        path.write_bytes(mutated(whole, chance))
        try:
            importer_of(path).open(Request(path))
        except ImportRefusedError as error:
            refused.add(str(error))
    assert len(refused) > 10
    assert [reason for reason in refused if not reason or printable(reason) != reason or len(reason) > 1_000] == []
