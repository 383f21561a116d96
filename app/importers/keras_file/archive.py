"""Open the two forms in which Keras saves: an archive ``.keras``, and HDF5."""

import json
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from zlib import error as ZlibError  # noqa: N812 - named like the other exceptions

from ..found import ImportRefusedError
from . import hdf5
from .hdf5 import Tree

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
ZIP = b"PK\x03\x04"
MOST_TEXT = 2**26  # bytes of JSON or of a vocabulary
MOST_ENTRIES = 10_000
BROKEN = (OSError, zipfile.BadZipFile, ZlibError, EOFError, RuntimeError, NotImplementedError, ValueError)


@dataclass(frozen=True)
class Contents:
    """What a file holds."""

    tree: Tree
    version: str
    """Of Keras; "" if the file does not say."""
    config: Mapping[str, Any] | None
    """Of the model; None if there are only weights."""
    assets: Mapping[str, str] = field(default_factory=dict)
    """Text files in the archive, by their path under ``assets``."""


@contextmanager
def contents_of(path: Path) -> Iterator[Contents]:
    """Open a file while the ``with`` block lasts. Raises ImportRefusedError if it is not one of Keras."""
    if path.is_dir():
        raise ImportRefusedError(
            f"{path.name} is a SavedModel of TensorFlow, which holds a program: load it in Keras, and save it as .keras"
        )
    with path.open("rb") as file:
        start = file.read(len(hdf5.SIGNATURE))
        file.seek(0)
        if start == hdf5.SIGNATURE:
            with hdf5.opened(file) as tree:
                text = tree.text("model_config")
                version = tree.text("keras_version") or tree.text("keras_version", _weights_group(tree))
                yield Contents(tree, version, _json(text, "model_config") if text else None)
        elif start.startswith(ZIP):
            with _unzipped(path) as contents:
                yield contents
        else:
            what = "the file is empty" if not start else "the file is neither HDF5 nor a ZIP archive"
            raise ImportRefusedError(f"{what}: Keras writes these by model.save")


def _weights_group(tree: Tree) -> str:
    return "model_weights" if "model_weights" in tree.groups else ""


@contextmanager
def _unzipped(path: Path) -> Iterator[Contents]:
    with tempfile.TemporaryFile() as weights:
        try:
            with zipfile.ZipFile(path) as archive:
                names = _checked(archive)
                config = _json(_text(archive, CONFIG), CONFIG)
                metadata = _json(_text(archive, METADATA), METADATA) if METADATA in names else {}
                _copy(archive, weights)
                assets = {
                    name.removeprefix("assets/"): _text(archive, name)
                    for name in names
                    if name.startswith("assets/") and name.endswith(".txt")
                }
        except BROKEN as error:
            if isinstance(error, ImportRefusedError):
                raise
            why = str(error) or type(error).__name__
            raise ImportRefusedError(f"the archive is damaged or cut off, copy or save it again: {why}") from error
        weights.seek(0)
        with hdf5.opened(weights) as tree:
            version = metadata.get("keras_version")
            yield Contents(tree, version if isinstance(version, str) else "", config, assets)


def _checked(archive: zipfile.ZipFile) -> list[str]:
    """Return the names in an archive. Raises ImportRefusedError if it is not one that Keras wrote."""
    names = archive.namelist()
    if len(names) > MOST_ENTRIES:
        raise ImportRefusedError(f"the archive holds {len(names):,} files: at most {MOST_ENTRIES:,} are read")
    for name in names:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name.replace("\\", "/")).parts:
            raise ImportRefusedError(
                f"the archive holds {name!r}, which leads out of it: Keras writes no such name, save the model by "
                "model.save"
            )
    if twice := {name for name in names if names.count(name) > 1} if len(set(names)) < len(names) else set():
        raise ImportRefusedError(f"the archive holds {min(twice)!r} twice: save the model by model.save")
    for needed in (CONFIG, WEIGHTS):
        if needed not in names:
            raise ImportRefusedError(
                f"the archive holds no {needed}: save the model by model.save as .keras, with HDF5"
            )
    return names


def _text(archive: zipfile.ZipFile, name: str) -> str:
    with archive.open(name) as entry:
        data = entry.read(MOST_TEXT + 1)
    if len(data) > MOST_TEXT:
        raise ImportRefusedError(f"{name} unpacks to more than {MOST_TEXT:,} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise ImportRefusedError(f"{name} is not UTF-8 text: the file is damaged, copy or save it again") from None


def _copy(archive: zipfile.ZipFile, to: Any) -> None:
    written = 0
    with archive.open(WEIGHTS) as entry:
        while chunk := entry.read(2**20):
            written += len(chunk)
            if written > hdf5.MOST_BYTES:
                raise ImportRefusedError(f"{WEIGHTS} unpacks to more than {hdf5.MOST_BYTES:,} bytes")
            to.write(chunk)


def _json(text: str, name: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ImportRefusedError(f"{name} is not JSON: the file is damaged, copy or save it again") from None
    if not isinstance(value, dict):
        raise ImportRefusedError(f"{name} is not a JSON object, and that of Keras is: save the model by model.save")
    return value
