"""PyTorch: state dicts, checkpoints that hold one, and TorchScript archives. Nothing in a file is ever run."""

import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from . import Importer, Request
from .found import Convention, Found, ImportRefusedError
from .state_dict import found_in
from .torch_names import modules_in
from .torchscript import tensors_of_script
from .vocabulary import tokens_in

FORMAT = "PyTorch"
FILE = "pytorch_model.bin"
"""The weights in a folder as Hugging Face lays it out."""
LARGEST_PICKLE = 50_000_000  # bytes: it holds names and shapes; the numbers are apart
MOST_DEPTH = 8  # dictionaries in dictionaries
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # what torch.save wrote before version 1.6
_PICKLES = tuple(bytes((0x80, protocol)) for protocol in range(2, 6))
_CODE = re.compile(r"(?:GLOBAL|function|class|import|instruction)s? [`'\"]?([\w.]+)", re.IGNORECASE)
_PACKED = ("torch.ScriptObject", "torch._C.ScriptObject")  # what quantised modules keep their weights in
_FIRST_ENTRY = 256  # bytes of a zip archive in which the name of its first file lies
_DAMAGED = (zipfile.BadZipFile, NotImplementedError, ValueError, KeyError, struct.error, RuntimeError, EOFError)
_SENTENCE = re.compile(r"\.(?:\s|$)|\n")  # the end of the first one
_OPTIMISER = re.compile(r"optim|sched|scaler|callback|loops", re.IGNORECASE)  # what holds tensors that are no weights


def matches(path: Path) -> bool:
    """Whether a file was written by torch.save or torch.jit.save, or is another pickle; or a folder that holds one."""
    if path.is_dir():
        return (path / FILE).is_file()
    with path.open("rb") as file:
        start = file.read(_FIRST_ENTRY)
    if not start.startswith(b"PK"):
        return start.startswith(_PICKLES)
    try:
        with zipfile.ZipFile(path) as archive:
            return _root(archive) is not None
    except _DAMAGED:
        return b"/data" in start  # as the name of the first file in it


def open_file(request: Request) -> Found:
    """Return the recurrent network in a file, or in the file of a folder."""
    path = request.path / FILE if request.path.is_dir() else request.path
    contents = _read(path)
    fitting = [tokens for tokens in contents.vocabularies if tokens is not None]
    return found_in(
        contents.tensors,
        request,
        FORMAT,
        vocabularies=fitting,
        conventions=contents.conventions,
    )


IMPORTER = Importer(FORMAT, matches, open_file)


class _Contents(NamedTuple):
    """What a file holds."""

    tensors: Mapping[str, Tensor]
    vocabularies: list[list[str]]
    conventions: list[Convention]


def _read(path: Path) -> _Contents:
    """Return the tensors of a file by their names, without running anything that it holds."""
    with path.open("rb") as file:
        start = file.read(len(_LEGACY))
    if start.startswith(b"PK"):
        try:
            with zipfile.ZipFile(path) as archive:
                root = _require_plain(archive, path.stat().st_size)
                if f"{root}constants.pkl" in archive.namelist():
                    told = Convention("file", "TorchScript", f"it holds {root}constants.pkl; its code was not run")
                    return _Contents(_held(tensors_of_script(archive, root)), [], [told])
        except ImportRefusedError:
            raise
        except _DAMAGED as error:
            raise _damaged(str(error)) from None
    elif start != _LEGACY:
        raise ImportRefusedError(
            "this is a pickle that torch.save did not write, which would run code to be read: load it where you trust "
            "it, and save the network's state dict by torch.save(model.state_dict(), …)"
        )
    return _of_checkpoint(_load(path))


def _root(archive: zipfile.ZipFile) -> str | None:
    """Return the folder within an archive that torch.save wrote, with its slash; None if it wrote none."""
    names = [name for name in archive.namelist() if name.endswith("data.pkl") and name.count("/") <= 1]
    return names[0].removesuffix("data.pkl") if names else None


def _require_plain(archive: zipfile.ZipFile, size: int) -> str:
    """Return the root of an archive. Raises ImportRefusedError if its contents are compressed or larger than itself."""
    root = _root(archive) or ""
    if outside := [name for name in archive.namelist() if name.startswith("/") or ".." in name.split("/")]:
        raise ImportRefusedError(
            f"the archive holds {outside[0]!r}, which leads out of it: torch.save writes no such name, save the file "
            "by it"
        )
    stored = [entry for entry in archive.infolist() if not entry.filename.startswith(f"{root}code/")]
    if packed := [entry.filename for entry in stored if entry.compress_type != zipfile.ZIP_STORED]:
        raise ImportRefusedError(f"{packed[0]} is compressed, which torch.save never does: save the file by torch.save")
    if sum(entry.file_size for entry in stored) > size:
        raise ImportRefusedError(
            f"its entries claim to be larger than the file of {size:,} bytes: copy or save it again"
        )
    if (large := archive.getinfo(f"{root}data.pkl").file_size) > LARGEST_PICKLE:
        raise ImportRefusedError(f"{root}data.pkl has {large:,} bytes: at most {LARGEST_PICKLE:,} are read")
    return root


def _load(path: Path) -> Any:
    """Return what torch.save wrote, read by torch.load with weights_only."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of PyTorch about its own old formats
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ImportRefusedError(_why_not_loaded(str(error))) from None
    except OSError:
        raise
    except Exception as error:  # of a file that may hold anything
        raise _damaged(str(error) or type(error).__name__) from None


def _damaged(why: str) -> ImportRefusedError:
    """Return the refusal of a file that is not whole, with the first sentence of what a library says about it."""
    return ImportRefusedError(f"the file is damaged, copy or save it again: {_SENTENCE.split(why, maxsplit=1)[0]}")


def _why_not_loaded(message: str) -> str:
    """Say in one sentence what PyTorch says in a paragraph."""
    what = _CODE.search(message.rpartition("error message")[2])
    if what and what[1] in _PACKED:
        return (
            f"it holds packed weights of quantised modules ({what[1]}), which are not read: save the state dict of the "
            "model as it was before it was quantised"
        )
    named = f" ({what[1]})" if what else ""
    held = f"holds more than tensors and plain values{named}" if named else "is damaged or holds more than tensors"
    return (
        f"it {held}, and reading that would run code, which is never done "
        "here: load it where you trust it, and save the network's state dict by torch.save(model.state_dict(), …)"
    )


def _of_checkpoint(value: Any) -> _Contents:
    """Return the tensors of what torch.load gave, and the lists that may be vocabularies."""
    if not isinstance(value, Mapping):
        raise ImportRefusedError(
            f"it holds a {type(value).__name__}: save the network's state dict, by torch.save(model.state_dict(), …)"
        )
    by_path: dict[tuple[str, ...], dict[str, Tensor]] = {}
    vocabularies: list[list[str]] = []
    for path, name, each in _walk((), value):
        if isinstance(each, Tensor):
            by_path.setdefault(path, {})[name] = each
        elif (tokens := tokens_in(each)) is not None:
            vocabularies.append(tokens)
    holding = [path for path, tensors in by_path.items() if modules_in(tensors)]
    if len(holding) == 1 and len(by_path) == 1 and holding[0]:
        (path,) = holding
        told = [Convention("state dict", " → ".join(path), "the only one in the checkpoint with a recurrent network")]
        return _Contents(_held(by_path[path]), vocabularies, told)
    joined = {".".join((*path, name)): each for path, tensors in by_path.items() for name, each in tensors.items()}
    return _Contents(_held(joined), vocabularies, [])


def _walk(path: tuple[str, ...], value: Mapping[Any, Any]) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """Yield every value of dictionaries in dictionaries by name, with the path to it; not those of an optimiser."""
    for name, each in value.items():
        if not isinstance(name, str):
            continue
        if isinstance(each, Mapping) and tokens_in(each) is None:
            if len(path) < MOST_DEPTH and not _OPTIMISER.search(name):
                yield from _walk((*path, name), each)
        else:
            yield path, name, each


def _held(tensors: Mapping[str, Tensor]) -> Mapping[str, Tensor]:
    """Return ``tensors``. Raises ImportRefusedError if one claims more numbers than the file holds for it."""
    for name, tensor in tensors.items():
        if tensor.layout is torch.strided and not tensor.is_meta and not tensor.is_quantized:
            held = tensor.untyped_storage().nbytes()
            if tensor.numel() * tensor.element_size() > held:
                raise ImportRefusedError(
                    f"{name} claims to have {tensor.numel():,} numbers, but the file holds {held:,} bytes for it: copy "
                    "or save it again"
                )
    return tensors
