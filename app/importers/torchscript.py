"""Read the tensors of a TorchScript archive without running its code: they are pickled apart from it."""

import pickle
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zipfile import ZipFile

import torch
from torch import Tensor

from .found import ImportRefusedError

MOST_DEPTH = 64  # modules in modules


class _Object:
    """What stands in the place of an object of the archive's own classes: only its attributes."""

    def __init__(self, *_: Any) -> None:
        self.attributes: Mapping[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.attributes = state if isinstance(state, Mapping) else {}


def _as_it_is(value: Any, *_: Any) -> Any:
    return value


class _Unpickler(pickle.Unpickler):
    """Reads a module's attributes: it knows the few functions below, and calls nothing else."""

    def __init__(self, archive: ZipFile, root: str) -> None:
        super().__init__(archive.open(f"{root}data.pkl"))
        self._archive, self._root = archive, root
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "__torch__" or module.startswith("__torch__."):
            return _Object
        if module == "torch" and name.endswith("Storage"):
            return _STORAGES.get(name) or _unknown(f"torch.{name}")
        known: Callable[..., Any] | None = _KNOWN.get(f"{module}.{name}")
        return known or _unknown(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Tensor:
        """Return the numbers of a storage (n,)."""
        match pid:
            case ("storage", torch.dtype() as dtype, str(key), str(), int()):
                if key not in self._storages:
                    data = bytearray(self._archive.read(f"{self._root}data/{key}"))
                    whole = len(data) - len(data) % dtype.itemsize
                    empty = torch.empty(0, dtype=dtype)
                    self._storages[key] = torch.frombuffer(data[:whole], dtype=dtype) if whole else empty
                return self._storages[key]
        raise pickle.UnpicklingError("a storage is described in another way")


def _unknown(name: str) -> Any:
    raise pickle.UnpicklingError(f"{name} would have to be called")


def _rebuilt(storage: Any, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: Any) -> Tensor:
    """Return a tensor over a storage. Raises if it reaches beyond."""
    if not isinstance(storage, Tensor):
        raise pickle.UnpicklingError("a tensor has no storage")
    last = offset + sum((extent - 1) * step for extent, step in zip(size, stride, strict=True))
    if min((offset, *size, *stride)) < 0 or (0 not in size and last >= len(storage)):
        raise pickle.UnpicklingError("a tensor reaches beyond its storage")
    return storage.as_strided(size, stride, offset)


_STORAGES: Mapping[str, torch.dtype] = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
_KNOWN: Mapping[str, Callable[..., Any]] = {
    "collections.OrderedDict": OrderedDict,
    "torch._utils._rebuild_tensor_v2": _rebuilt,
    **{
        f"torch.jit._pickle.{name}": _as_it_is
        for name in ("build_intlist", "build_tensorlist", "build_doublelist", "build_boollist", "restore_type_tag")
    },
}


def tensors_of_script(archive: ZipFile, root: str) -> dict[str, Tensor]:
    """Return the tensors of the module in an archive, whose files begin with ``root``, as its state dict names them.

    Raises ImportRefusedError if they cannot be read without running code.
    """
    try:
        module = _Unpickler(archive, root).load()
    except Exception as error:  # of a pickle that may hold anything
        raise ImportRefusedError(
            f"this TorchScript archive cannot be read without running its code ({error}): load it where you trust "
            "it, by torch.jit.load, and save its state_dict()"
        ) from None
    tensors = dict(_tensors("", module, 0))
    if not tensors:
        raise ImportRefusedError(
            "this TorchScript archive has no weights with names: it was frozen or traced with its weights as "
            "constants; save the state_dict() of the module that it was made from"
        )
    return tensors


def _tensors(path: str, module: Any, depth: int) -> Iterator[tuple[str, Tensor]]:
    """Yield every tensor of a module and of those in it."""
    if not isinstance(module, _Object) or depth > MOST_DEPTH:
        return
    for name, value in module.attributes.items():
        if isinstance(value, Tensor):
            yield f"{path}{name}", value
        yield from _tensors(f"{path}{name}.", value, depth + 1)
