"""Read HDF5 files of strangers: no link leads out of them, and they claim no more than they hold."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from math import prod
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ..found import ImportRefusedError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
MOST_OBJECTS = 100_000  # groups and arrays of a file
MOST_DEPTH = 32  # of groups in groups; a group that holds itself is infinitely deep
MOST_BYTES = 2**29  # of all arrays that are read
MOST_TEXT = 2**26  # bytes of one attribute

# What h5py raises for broken files depends on which of the library's functions meets the fault.
FAULTS = (
    OSError,
    KeyError,
    ValueError,
    TypeError,
    RuntimeError,
    OverflowError,
    MemoryError,
    AttributeError,
    IndexError,
)


@dataclass(frozen=True)
class Array:
    """An array of the file, which is not read yet."""

    name: str
    shape: tuple[int, ...]
    dataset: Any
    tree: "Tree"

    def read(self) -> NDArray[Any]:
        """Return it in float32, or in float64 if the file does. Raises ImportRefusedError if it holds anything else."""
        with faults():
            return self._read()

    def _read(self) -> NDArray[Any]:
        is_bfloat16 = self.dataset.dtype.str == "|V2" and self.dataset.attrs.get("dtype") == "bfloat16"
        if self.dataset.dtype.kind != "f" and not is_bfloat16:
            raise ImportRefusedError(f"{self.name} holds {self.dataset.dtype}, and weights are floating-point numbers")
        self._check_size()
        if is_bfloat16:
            halves = self.dataset[()].view(np.uint16).astype(np.uint32)
            values = (halves << 16).view(np.float32)  # bfloat16 is the upper half of a float32
        else:
            values = self.dataset[()]
            values = values.astype(np.float64 if values.dtype.itemsize >= 8 else np.float32, copy=False)
        if not np.isfinite(values).all():
            raise ImportRefusedError(
                f"{self.name} holds NaN or infinity: the training diverged, or the file is damaged"
            )
        result: NDArray[Any] = values
        return result

    def _check_size(self) -> None:
        claimed, stored = prod(self.shape) * self.dataset.dtype.itemsize, self.dataset.id.get_storage_size()
        is_compressed = self.dataset.id.get_create_plist().get_nfilters() > 0
        if stored < claimed and not is_compressed:
            raise ImportRefusedError(
                f"{self.name} claims {claimed:,} bytes, of which the file holds {stored:,}: copy or save it again"
            )
        self.tree.read += claimed
        if self.tree.read > MOST_BYTES:
            raise ImportRefusedError(f"the weights are larger than {MOST_BYTES:,} bytes, up to {self.name}")


class Tree:
    """The groups and arrays of a file, by path."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.arrays: dict[str, Array] = {}
        self.groups: set[str] = {""}
        with faults():
            self._walk(file, "", 0)
        self.read = 0  # bytes of arrays, so far

    def _walk(self, group: Any, path: str, depth: int) -> None:
        if depth > MOST_DEPTH:
            raise ImportRefusedError(f"{path} lies more than {MOST_DEPTH} groups deep: this is not a file of Keras")
        for name in group:
            place = f"{path}/{name}".lstrip("/")
            if len(self.arrays) + len(self.groups) > MOST_OBJECTS:
                raise ImportRefusedError(f"the file holds more than {MOST_OBJECTS:,} groups and arrays")
            if type(group.get(name, getlink=True)).__name__ != "HardLink":
                raise ImportRefusedError(f"{place} is a link to another place or file: save the arrays themselves")
            item = group[name]
            if hasattr(item, "keys"):
                self.groups.add(place)
                self._walk(item, place, depth + 1)
            elif hasattr(item, "is_virtual"):  # an array, and not a named type
                if item.external or item.is_virtual:
                    raise ImportRefusedError(f"the numbers of {place} lie in other files: save them in this one")
                if item.shape is not None:  # an empty dataset has none
                    self.arrays[place] = Array(place, item.shape, item, self)

    def text(self, name: str, group: str = "") -> str:
        """Return an attribute of a group that is one text; "" if there is none."""
        with faults():
            value = self._attribute(group, name) if name in self._attributes(group) else ""
        value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        return value if isinstance(value, str) else ""

    def texts(self, name: str, group: str = "") -> Sequence[str] | None:
        """Return an attribute of a group that is a list of texts; None if there is none.

        Keras writes a long one in parts.
        """
        with faults():
            attributes = self._attributes(group)
            parts = [name] if name in attributes else [f"{name}{n}" for n in range(len(attributes))]
            values = [
                value for part in parts if part in attributes for value in np.atleast_1d(self._attribute(group, part))
            ]
            is_there = any(part in attributes for part in parts)
        texts = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values]
        return texts if is_there else None

    def _attributes(self, group: str) -> Any:
        return (self._file[group] if group else self._file).attrs

    def _attribute(self, group: str, name: str) -> Any:
        attributes = self._attributes(group)
        identity = attributes.get_id(name)
        if prod(identity.shape or ()) * identity.dtype.itemsize > MOST_TEXT:
            raise ImportRefusedError(
                f"the attribute {name} of {group or 'the file'} claims more than {MOST_TEXT:,} bytes"
            )
        return attributes[name]


@contextmanager
def opened(file: IO[bytes]) -> Iterator[Tree]:
    """Open an HDF5 file for a ``with`` block. Raises ImportRefusedError if it is broken, or h5py is missing."""
    try:
        h5py = import_module("h5py")
    except ImportError:
        raise ImportRefusedError(
            "Keras files need the package h5py: install it by pip install 'gatescope[import]'"
        ) from None
    with faults():
        opened_file = h5py.File(file, "r")
    with opened_file:
        yield Tree(opened_file)


@contextmanager
def faults() -> Iterator[None]:
    """Turn what h5py raises for a broken file into ImportRefusedError."""
    try:
        yield
    except ImportRefusedError:
        raise
    except FAULTS as error:
        what = " ".join(str(error).split()) or type(error).__name__
        raise ImportRefusedError(
            f"the HDF5 data are damaged or cut off, copy or save the file again: {what[:200]}"
        ) from error
