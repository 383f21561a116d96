"""Every hostile file is refused by what ``gatescope import`` does, with one sentence, and leaves nothing behind."""

import os
import tempfile
from pathlib import Path

import pytest
from gatescope.importers import Request
from gatescope.importers.found import ImportRefusedError
from gatescope.importers.saving import import_model
from gatescope.store.files import BrokenModelError

from . import Table, any_files, keras_files, onnx_files, pytorch_files, safetensors_files
from .pytorch_files import RAN

TABLES = {
    "": any_files.FILES,
    "PyTorch: ": pytorch_files.FILES,
    "safetensors: ": safetensors_files.FILES,
    "ONNX: ": onnx_files.FILES,
    "Keras: ": keras_files.FILES,
}
FILES: Table = {f"{format_}{what}": row for format_, table in TABLES.items() for what, row in table.items()}


def said_of(path: Path, into: Path) -> str:
    """The sentence with which a file is refused; "" if it is imported."""
    try:
        import_model(Request(path), into, "0")
    except (ImportRefusedError, BrokenModelError) as error:
        return str(error)
    except OSError as error:
        return f"{Path(error.filename).name}: {error.strerror}"
    return ""


def everything_in(folder: Path) -> list[str]:
    """The paths in a folder and in those inside it, without following links."""
    return sorted(f"{parent}/{each}" for parent, *names in os.walk(folder) for part in names for each in part)


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_every_file_is_refused_with_its_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    said, left = {}, {}
    for at, (what, (make, _)) in enumerate(FILES.items()):
        folder = tmp_path / str(at) / "files"
        folder.mkdir(parents=True)
        path = make(folder)
        before = everything_in(tmp_path)
        said[what] = said_of(path, tmp_path / str(at) / "models")
        left[what] = sorted({*everything_in(tmp_path)} ^ {*before})
    assert said == {what: sentence for what, (_, sentence) in FILES.items()}
    assert left == {what: [] for what in FILES}
    assert not RAN.exists()
