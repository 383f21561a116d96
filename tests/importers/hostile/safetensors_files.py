"""Hostile files of safetensors."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from . import Make, Table, holding

SHAPES = {"weight_ih_l0": (4, 1), "weight_hh_l0": (4, 1)}


def header(**changes: Mapping[str, Any] | None) -> dict[str, Any]:
    """The header of an LSTM of one unit, with other fields in the places of its own; None: it is missing."""
    start, found = 0, {}
    for name, shape in SHAPES.items():
        end = start + 4 * int(np.prod(shape))
        found[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [start, end]}
        start = end
    return {name: each | (changes.get(name) or {}) for name, each in found.items() if changes.get(name, {}) is not None}


def written(head: Any, numbers: bytes = b"\0\0\x80?" * 8, length: int | None = None) -> bytes:
    """A file with this header, whose length it may claim to be another."""
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + numbers


def of(*arguments: Any, **changes: Any) -> Make:
    """A file whose header has these changes."""
    return holding("model.safetensors", written(header(**changes), *arguments))


def with_config(folder: Path) -> Path:
    """A folder whose config.json is cut off."""
    (folder / "model.safetensors").write_bytes(written(header()))
    (folder / "config.json").write_text("{")
    return folder


def index(folder: Path, places: Any) -> Path:
    """A folder whose index gives the file of each tensor."""
    (folder / "1.safetensors").write_bytes(written(header()))
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    return folder


W = "weight_hh_l0"
FILES: Table = {
    "overlapping offsets": (
        of(weight_hh_l0={"data_offsets": [8, 24]}),
        "model.safetensors is not a whole safetensors file, copy or save it again: invalid offset for tensor "
        "`weight_hh_l0`",
    ),
    "a gap between offsets": (
        of(b"\0" * 36, weight_hh_l0={"data_offsets": [20, 36]}),
        "model.safetensors is not a whole safetensors file, copy or save it again: invalid offset for tensor "
        "`weight_hh_l0`",
    ),
    "offsets that run backwards": (
        of(weight_hh_l0={"data_offsets": [32, 16]}),
        "model.safetensors is not a whole safetensors file, copy or save it again: invalid offset for tensor "
        "`weight_hh_l0`",
    ),
    "offsets beyond the file": (
        of(weight_hh_l0={"data_offsets": [16, 10**12], "shape": [4, 10**12]}),
        "model.safetensors is not a whole safetensors file, copy or save it again: invalid shape, data type, or "
        "offset for tensor",
    ),
    "a claim of 10¹² numbers": (
        of(weight_hh_l0={"shape": [10**12, 1]}),
        "model.safetensors is not a whole safetensors file, copy or save it again: invalid shape, data type, or "
        "offset for tensor",
    ),
    "a claim beyond 64 bits": (
        of(weight_hh_l0={"shape": [2**63, 2**63]}),
        "model.safetensors is not a whole safetensors file, copy or save it again: overflow computing buffer size "
        "from shape and/or element type",
    ),
    "a negative shape": (
        of(weight_hh_l0={"shape": [-4, 1]}),
        "model.safetensors is not a whole safetensors file, copy or save it again: invalid JSON in header: invalid "
        "value: integer `-4`, expected usize at line 1 column 154",
    ),
    "5 GB claimed over 1 kB": (
        of(bytes(1_000), weight_hh_l0={"shape": [4, 312_500_000], "data_offsets": [16, 5_000_000_016]}),
        "model.safetensors is not a whole safetensors file, copy or save it again: incomplete metadata, file not "
        "fully covered",
    ),
    "another dtype": (
        of(weight_hh_l0={"dtype": "F99"}),
        "model.safetensors is not a whole safetensors file, copy or save it again: invalid JSON in header: unknown "
        "variant `F99`, expected one of `BOOL`, `F4`, `F6_E2M3`, `F6_E3M2`, `U8`, `I8`, `F8_E5M2`, `F8_E4M3`, "
        "`F8_E8M0`, `F8_E4M3FNUZ`, `F8_E5M2FNUZ`, `I16`, `U16`, `F16`, `BF16`, `I32`, `U32`, `F32`, `C64`, `F64`, "
        "`I64`, `U64` at line 1 column 153",
    ),
    "integers": (of(weight_hh_l0={"dtype": "I32"}), "weight_hh_l0 is torch.int32: save the network in torch.float32"),
    "NaN": (
        of(b"\0\0\x80?" * 7 + b"\0\0\xc0\x7f"),
        "weight_hh_l0[3, 0] is nan: a network with numbers that are not finite computes nothing",
    ),
    "infinity": (
        of(b"\0\0\x80?" * 7 + b"\0\0\x80\x7f"),
        "weight_hh_l0[3, 0] is inf: a network with numbers that are not finite computes nothing",
    ),
    "a wrong shape": (
        of(weight_hh_l0={"shape": [2, 2]}),
        "weight_ih_l0 has the shape (4, 1): by the shapes of the others it must be (2, 1)",
    ),
    "a missing tensor": (
        of(b"\0" * 16, weight_hh_l0=None),
        "weight_hh_l0 is missing: the file must hold every weight of the network",
    ),
    "no tensors": (
        holding("model.safetensors", written({}, b"")),
        "there are no tensors in it: save the state dict of the network, by torch.save(model.state_dict(), …)",
    ),
    "a Transformer": (
        holding(
            "model.safetensors",
            written(
                {"layers.0.attn.q.weight": {"dtype": "F32", "shape": [2, 4], "data_offsets": [0, 32]}},
            ),
        ),
        "there is no recurrent network in it: none of its 1 tensors (layers.0.attn.q.weight) is called "
        "weight_ih_l0 or weight_ih, as those of torch.nn.LSTM, GRU, RNN and their cells are",
    ),
    "numbers after the last": (
        of(b"\0" * 40),
        "model.safetensors is not a whole safetensors file, copy or save it again: incomplete metadata, file not "
        "fully covered",
    ),
    "a header of 2⁶³ bytes": (
        holding("model.safetensors", written(header(), length=2**63)),
        "this is not a file that can be imported: the formats are PyTorch, safetensors, ONNX, Keras; or it is damaged",
    ),
    "a header of 80 MB in 400 bytes": (
        holding("model.safetensors", written(header(), length=80_000_000)),
        "model.safetensors is not a whole safetensors file, copy or save it again: invalid header length",
    ),
    "a header that is not JSON": (
        holding("model.safetensors", written(b"{" * 99)),
        "model.safetensors is not a whole safetensors file, copy or save it again: invalid JSON in header: key "
        "must be a string at line 1 column 2",
    ),
    "a header that is not UTF-8": (
        holding("model.safetensors", written(b'{"\xff":1}')),
        "model.safetensors is not a whole safetensors file, copy or save it again: invalid UTF-8 in header: "
        "invalid utf-8 sequence of 1 bytes from index 2",
    ),
    "a nested header": (
        holding("model.safetensors", written(b'{"a":' * 50_000)),
        "model.safetensors is not a whole safetensors file, copy or save it again: invalid JSON in header: "
        "recursion limit exceeded at line 1 column 636",
    ),
    "an index that leads out of the folder": (
        partial(index, places={W: "../outside.safetensors"}),
        "model.safetensors.index.json names '../outside.safetensors', which is not a file of this folder",
    ),
    "an index that names an absolute path": (
        partial(index, places={W: "/etc/passwd"}),
        "model.safetensors.index.json names '/etc/passwd', which is not a file of this folder",
    ),
    "an index that names no file": (
        partial(index, places={W: "2.safetensors"}),
        "2.safetensors is missing, which model.safetensors.index.json names: put all files of the model in one folder",
    ),
    "an index that names another tensor": (
        partial(index, places={"other": "1.safetensors"}),
        "other is not in 1.safetensors, where model.safetensors.index.json says that it is",
    ),
    "an index of another kind": (
        partial(index, places=[1]),
        "model.safetensors.index.json has no weight_map, which gives the file of each tensor",
    ),
    "a config that is cut off": (
        with_config,
        "config.json is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ),
}
