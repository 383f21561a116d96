"""Files of PyTorch and safetensors that are changed at random: each is refused with a sentence, or read."""

import random
from pathlib import Path

import pytest
import torch
from gatescope.importers import TABLE, Request
from gatescope.importers.found import ImportRefusedError
from gatescope.store.files import printable
from quick import Length
from safetensors.torch import save_file
from torch_files import saved, tagger

MUTATED = 20_000  # files in `make soak`
HEADS = 3_000  # bytes in which names, shapes and places of the numbers stand


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    folder: Path = tmp_path_factory.mktemp("files")
    state = tagger().state_dict()
    saved({"state_dict": state, "vocab": list("abcdefghi")}, folder, "new.pt")
    saved(state, folder, "old.pt", _use_new_zipfile_serialization=False)
    save_file(state, folder / "state.safetensors")
    torch.jit.save(torch.jit.script(tagger()), folder / "script.pt")
    return [path.read_bytes() for path in sorted(folder.iterdir())]


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
@pytest.mark.attack("reads 1,000 files", seconds=5)
def test_a_mutated_file_is_refused_or_read(tmp_path: Path, whole: list[bytes], length: Length) -> None:
    chance, path, refused = random.Random(length.seed), tmp_path / "file", set()
    for _ in range(length.of(MUTATED)):
        path.write_bytes(mutated(chance.choice(whole), chance))
        for importer in TABLE:
            if importer.matches(path):
                try:
                    importer.open(Request(path))
                except ImportRefusedError as error:
                    refused.add(str(error))
                break
    assert len(refused) > 100
    assert [reason for reason in refused if not reason or printable(reason) != reason or len(reason) > 1_000] == []
