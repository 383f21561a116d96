"""safetensors: one file, or a folder as Hugging Face lays it out, with its weights in one file or in several."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from . import Importer, Request
from .found import Found, ImportRefusedError
from .state_dict import found_in
from .vocabulary import LARGEST, read_vocabulary, tokens_in

FORMAT = "safetensors"
FILE, INDEX, CONFIG = "model.safetensors", "model.safetensors.index.json", "config.json"
LABELS = "id2label"  # of a config: the name of each output by its number
VOCABULARIES = ("vocab.json", "tokenizer.json", "vocab.txt")
LARGEST_HEADER = 100_000_000  # bytes: the format's own limit
_IN_GENERAL = "Error while deserializing header: "  # what the library begins all its messages with
_LENGTH = 8  # bytes that hold the header's


def matches(path: Path) -> bool:
    """Whether a file begins as the format does, or a folder holds such files by their usual names."""
    if path.is_dir():
        return (path / FILE).is_file() or (path / INDEX).is_file()
    with path.open("rb") as file:
        start = file.read(_LENGTH + 1)
    length = int.from_bytes(start[:_LENGTH], "little")
    return start[_LENGTH:] == b"{" and length <= max(LARGEST_HEADER, path.stat().st_size)


def open_file(request: Request) -> Found:
    """Return the recurrent network in a file or folder."""
    path = request.path
    if not path.is_dir():
        return found_in(_tensors(path), request, FORMAT)
    vocabularies, remarks = [], []
    for name in VOCABULARIES:
        try:
            if (path / name).is_file():
                vocabularies.append(read_vocabulary(path / name))
        except ImportRefusedError as error:
            remarks.append(f"the vocabulary is not imported: {error}")
    tensors = _tensors_of_folder(path)
    config = _object(path / CONFIG)
    said = {name: value for name, value in config.items() if isinstance(value, str)}
    outputs = tokens_in(config.get(LABELS)) or ()
    return found_in(tensors, request, FORMAT, vocabularies=vocabularies, remarks=remarks, said=said, outputs=outputs)


IMPORTER = Importer(FORMAT, matches, open_file)


def _tensors_of_folder(folder: Path) -> Mapping[str, Tensor]:
    """Return the tensors of a folder: of its one file, or of those that its index names."""
    if not (folder / INDEX).is_file():
        return _tensors(folder / FILE)
    places = _object(folder / INDEX).get("weight_map")
    if not isinstance(places, Mapping) or not all(isinstance(each, str) for each in places.values()):
        raise ImportRefusedError(f"{INDEX} has no weight_map, which gives the file of each tensor")
    tensors: dict[str, Tensor] = {}
    for name in dict.fromkeys(places.values()):
        if Path(name).name != name:
            raise ImportRefusedError(f"{INDEX} names {name!r}, which is not a file of this folder")
        if not (folder / name).is_file():
            raise ImportRefusedError(
                f"{name} is missing, which {INDEX} names: put all files of the model in one folder"
            )
        tensors |= _tensors(folder / name)
    if missing := sorted(places.keys() - tensors):
        raise ImportRefusedError(f"{missing[0]} is not in {places[missing[0]]}, where {INDEX} says that it is")
    return tensors


def _tensors(path: Path) -> Mapping[str, Tensor]:
    """Return the tensors of one file."""
    try:
        with safe_open(path, "pt") as content:
            return {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118  it is not a dictionary
    except (SafetensorError, RuntimeError, TypeError, OverflowError, KeyError, AttributeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].removeprefix(_IN_GENERAL)
        raise ImportRefusedError(
            f"{path.name} is not a whole safetensors file, copy or save it again: {reason}"
        ) from None


def _object(path: Path) -> Mapping[str, Any]:
    """Return the fields of a JSON file, or none if it is missing."""
    if not path.is_file():
        return {}
    if path.stat().st_size > LARGEST:
        raise ImportRefusedError(f"{path.name} is larger than {LARGEST:,} bytes: it is read up to there")
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ImportRefusedError(f"{path.name} is not JSON: {error}") from None
    return value if isinstance(value, Mapping) else {}
