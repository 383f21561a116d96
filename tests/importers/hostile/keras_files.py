"""Hostile files of Keras: archives, and HDF5 that leads out of the file, claims more than it holds, or is no weight."""

import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from importers.keras_file.files import FOLDER, changed, layers_of, setting, zipped

from . import Make, Table, holding
from .any_files import noise, picture

FILE, PLACE = "keras3_reset_before.keras", "layers/gru/cell/vars/0"
Change = Callable[[Any], None]
"""Changes the HDF5 data of a file."""


def instead(make: Change) -> Change:
    """Put something else in the place of the kernel."""

    def change(file: Any) -> None:
        del file[PLACE]
        make(file)

    return change


def virtual(file: Any) -> None:
    layout = h5py.VirtualLayout((2, 12), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "x", (2, 12))
    file.create_virtual_dataset(PLACE, layout)


def deep(file: Any) -> None:
    file.create_group("/".join("x" * 40))


def chunked(file: Any) -> None:
    file.create_dataset(PLACE, (2, 10**12), "f4", chunks=(1, 1000))


def compressed(file: Any) -> None:
    file.create_dataset(PLACE, (2, 10**9), "f4", chunks=(1, 1000), compression="gzip")


def not_a_number(file: Any) -> None:
    file[PLACE][1, 3] = np.nan


def itself(file: Any) -> None:
    file["layers/again"] = file["layers"]


def long(file: Any, **options: Any) -> None:
    """Claim 1.2 · 10¹² numbers."""
    file.create_dataset(PLACE, (10**11, 12), "f4", chunks=(1000, 12), **options)


def half(file: Any) -> None:
    """Claim that integers of 32 bits are bfloat16."""
    del file[PLACE]
    file[PLACE] = np.ones((2, 12), "i4")
    file[PLACE].attrs["dtype"] = "bfloat16"


CHANGES: dict[str, tuple[Change, str]] = {
    "soft link": (
        instead(lambda file: file.__setitem__(PLACE, h5py.SoftLink("/layers/gru/cell/vars/1"))),
        f"{PLACE} is a link to another place or file: save the arrays themselves",
    ),
    "external link": (
        instead(lambda file: file.__setitem__(PLACE, h5py.ExternalLink("/etc/passwd", "/x"))),
        f"{PLACE} is a link to another place or file: save the arrays themselves",
    ),
    "external storage": (
        instead(lambda file: file.create_dataset(PLACE, (2, 12), "f4", external=[("/etc/passwd", 0, 96)])),
        f"the numbers of {PLACE} lie in other files: save them in this one",
    ),
    "virtual": (instead(virtual), f"the numbers of {PLACE} lie in other files: save them in this one"),
    "integers": (
        instead(lambda file: file.create_dataset(PLACE, data=np.ones((2, 12), "i1"))),
        f"{PLACE} holds int8, and weights are floating-point numbers",
    ),
    "texts": (
        instead(lambda file: file.create_dataset(PLACE, (2, 12), h5py.string_dtype())),
        f"{PLACE} holds object, and weights are floating-point numbers",
    ),
    "not a number": (
        not_a_number,
        f"{PLACE} holds NaN or infinity: the training diverged, or the file is damaged",
    ),
    "deep": (deep, f"{'/'.join('x' * 33)} lies more than 32 groups deep: this is not a file of Keras"),
    "a group that holds itself": (
        itself,
        f"layers{'/again' * 32} lies more than 32 groups deep: this is not a file of Keras",
    ),
    "a shape of 10¹² columns": (
        instead(chunked),
        "layer gru: GRU of H = 4 has kernel (E, 3·H), recurrent_kernel (H, 3·H) and bias, but the file "
        "layers/gru/cell/vars/0 (2, 1000000000000), layers/gru/cell/vars/1 (4, 12), layers/gru/cell/vars/2 (12,)",
    ),
    "one of 10⁹, compressed": (
        instead(compressed),
        "layer gru: GRU of H = 4 has kernel (E, 3·H), recurrent_kernel (H, 3·H) and bias, but the file "
        "layers/gru/cell/vars/0 (2, 1000000000), layers/gru/cell/vars/1 (4, 12), layers/gru/cell/vars/2 (12,)",
    ),
    "a claim of 10¹² numbers": (
        instead(partial(long)),
        "layers/gru/cell/vars/0 claims 4,800,000,000,000 bytes, of which the file holds 0: copy or save it again",
    ),
    "a bomb in HDF5": (
        instead(partial(long, compression="gzip")),
        "the weights are larger than 536,870,912 bytes, up to layers/gru/cell/vars/0",
    ),
    "32 bits that claim to be bfloat16": (
        half,
        "layers/gru/cell/vars/0 holds int32, and weights are floating-point numbers",
    ),
    "a wrong shape": (
        instead(lambda file: file.create_dataset(PLACE, data=np.ones((2, 11), "f4"))),
        "layer gru: GRU of H = 4 has kernel (E, 3·H), recurrent_kernel (H, 3·H) and bias, but the file "
        "layers/gru/cell/vars/0 (2, 11), layers/gru/cell/vars/1 (4, 12), layers/gru/cell/vars/2 (12,)",
    ),
    "a missing array": (
        instead(lambda file: None),
        "layer gru has 3 arrays, and the file 2: layers/gru/cell/vars/1, layers/gru/cell/vars/2",
    ),
}

with zipfile.ZipFile(FOLDER / FILE) as _archive:
    ENTRIES = {name: _archive.read(name) for name in _archive.namelist()}
ARCHIVES: dict[str, tuple[dict[str, bytes], str]] = {
    "no text for the config": (
        {"config.json": b""},
        "config.json is not JSON: the file is damaged, copy or save it again",
    ),
    "a list for the config": (
        {"config.json": b"[]"},
        "config.json is not a JSON object, and that of Keras is: save the model by model.save",
    ),
    "deep JSON": ({"config.json": b"[" * 10**6}, "config.json is not JSON: the file is damaged, copy or save it again"),
    "a config that is not UTF-8": (
        {"config.json": b"\xff"},
        "config.json is not UTF-8 text: the file is damaged, copy or save it again",
    ),
    "a bomb": ({"config.json": b" " * (2**26 + 1)}, "config.json unpacks to more than 67,108,864 bytes"),
    "no bytes for the weights": (
        {"model.weights.h5": b""},
        "the HDF5 data are damaged or cut off, copy or save the file again: Unable to synchronously open file "
        "(file signature not found)",
    ),
    "random bytes for the weights": (
        {"model.weights.h5": noise()},
        "the HDF5 data are damaged or cut off, copy or save the file again: Unable to synchronously open file "
        "(file signature not found)",
    ),
    "path traversal": (
        {"../../evil": b""},
        "the archive holds '../../evil', which leads out of it: Keras writes no such name, save the model by "
        "model.save",
    ),
    "path traversal of Windows": (
        {"..\\evil": b""},
        "the archive holds '..\\\\evil', which leads out of it: Keras writes no such name, save the model by "
        "model.save",
    ),
    "an absolute path": (
        {"/evil": b""},
        "the archive holds '/evil', which leads out of it: Keras writes no such name, save the model by model.save",
    ),
}


def archive(entries: dict[str, bytes], missing: str = "") -> Make:
    """An archive with these files in it besides its own, without one of them."""

    def make(folder: Path) -> Path:
        whole = {**ENTRIES, **entries}
        zipped(folder / "model.keras", {name: data for name, data in whole.items() if name != missing})
        return folder / "model.keras"

    return make


def attention(model: dict[str, Any]) -> None:
    """Name every layer one of a Transformer."""
    for layer in layers_of(model):
        layer["class_name"] = "MultiHeadAttention"


def lambdas(model: dict[str, Any]) -> None:
    """Put code in the place of a recurrent layer."""
    for layer in layers_of(model):
        if layer["class_name"] == "GRU":
            layer["class_name"], layer["config"] = "Lambda", {"name": "gru", "function": ["4wEAAAA=", None, None]}


def saved_model(folder: Path) -> Path:
    """A folder of TensorFlow."""
    (folder / "saved_model.pb").write_bytes(noise())
    return folder


FILES: Table = {
    **{what: (partial(changed, FILE, weights=change), said) for what, (change, said) in CHANGES.items()},
    **{what: (archive(entries), said) for what, (entries, said) in ARCHIVES.items()},
    "no config": (
        archive({}, "config.json"),
        "the archive holds no config.json: save the model by model.save as .keras, with HDF5",
    ),
    "no weights": (
        archive({}, "model.weights.h5"),
        "the archive holds no model.weights.h5: save the model by model.save as .keras, with HDF5",
    ),
    "an empty archive": (
        holding("model.keras", b"PK\x05\x06" + bytes(18)),
        "the file is neither HDF5 nor a ZIP archive: Keras writes these by model.save",
    ),
    "an empty file": (holding("model.keras", b""), "the file is empty: Keras writes these by model.save"),
    "an image": (
        holding("model.h5", picture),
        "the file is neither HDF5 nor a ZIP archive: Keras writes these by model.save",
    ),
    "a text": (
        holding("model.keras", b"a model"),
        "the file is neither HDF5 nor a ZIP archive: Keras writes these by model.save",
    ),
    "random bytes": (
        holding("model.h5", noise),
        "the file is neither HDF5 nor a ZIP archive: Keras writes these by model.save",
    ),
    "random bytes after the mark of HDF5": (
        holding("model.h5", lambda: b"\x89HDF\r\n\x1a\n" + noise()),
        "the HDF5 data are damaged or cut off, copy or save the file again: Unable to synchronously open file (bad "
        "superblock version number)",
    ),
    "random bytes after the mark of an archive": (
        holding("model.keras", lambda: b"PK\x03\x04" + noise()),
        "the archive is damaged or cut off, copy or save it again: File is not a zip file",
    ),
    "a Transformer": (
        partial(changed, FILE, config=attention),
        "the model has no LSTM, GRU or SimpleRNN layer: it has MultiHeadAttention",
    ),
    "code in a layer": (
        partial(changed, FILE, config=lambdas),
        "the model has no LSTM, GRU or SimpleRNN layer: it has Lambda, Softmax, TimeDistributed",
    ),
    "other units": (
        partial(changed, FILE, config=setting("GRU", units=10**12)),
        "layer gru: GRU of H = 1000000000000 has kernel (E, 3·H), recurrent_kernel (H, 3·H) and bias, but the file "
        "layers/gru/cell/vars/0 (2, 12), layers/gru/cell/vars/1 (4, 12), layers/gru/cell/vars/2 (12,)",
    ),
    "a SavedModel": (
        saved_model,
        "files is a SavedModel of TensorFlow, which holds a program: load it in Keras, and save it as .keras",
    ),
}
