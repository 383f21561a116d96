"""Hostile files of PyTorch."""

import io
import pickle
import zipfile
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch_files import saved, tagger

from . import Make, Table, holding
from .any_files import noise

RAN = Path("ran")
"""The canary: a folder that code in a file would make, in the folder in which the test runs."""
STATE: Mapping[str, torch.Tensor] = {f"model.{name}": weight for name, weight in tagger().state_dict().items()}
W = "model.rnn.weight_hh_l0"


class Runs:
    """Makes the canary when it is read from a pickle."""

    def __reduce__(self) -> Any:
        return RAN.mkdir, ()


class RunsByName(Runs):
    """As above, by a function of the module os."""

    def __reduce__(self) -> Any:
        import os

        return os.mkdir, (str(RAN),)


def entries(value: Any = STATE) -> dict[str, bytes]:
    """The files of an archive that torch.save writes."""
    buffer = io.BytesIO()
    torch.save(value, buffer)
    with zipfile.ZipFile(buffer) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@cache
def script() -> Mapping[str, bytes]:
    """The files of a TorchScript archive."""
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(tagger()), buffer)
    with zipfile.ZipFile(buffer) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(files: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """An archive of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def listed_often() -> bytes:
    """An archive whose list names its largest file 500 times."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in entries().items():
            archive.writestr(name, data)
        archive.filelist += [archive.infolist()[0]] * 500
    return buffer.getvalue()


def of(value: Any, **options: Any) -> Make:
    """A file that torch.save writes."""
    return partial(saved, value, **options)


def state(**changes: torch.Tensor | None) -> dict[str, torch.Tensor]:
    """The state dict with other tensors in the places of its own; None: it is missing."""
    changed = {**STATE, **{f"model.rnn.{name}": value for name, value in changes.items()}}
    return {name: tensor for name, tensor in changed.items() if tensor is not None}


def with_one(value: float) -> torch.Tensor:
    """W_hh with one such number."""
    weight = STATE[W].clone()
    weight[3, 2] = value
    return weight


CODE = (
    "{}, and reading that would run code, which is never done here: load it where you trust it, and save the network's "
    "state dict by torch.save(model.state_dict(), …)"
)
OUTSIDE = "the archive holds '../data.pkl', which leads out of it: torch.save writes no such name, save the file by it"
OLD: dict[str, Any] = {"_use_new_zipfile_serialization": False}
FILES: Table = {
    "a pickle that runs code": (
        holding("model.pkl", lambda: pickle.dumps(RunsByName())),
        "this is a pickle that torch.save did not write, which would run code to be read: load it where you trust "
        "it, and save the network's state dict by torch.save(model.state_dict(), …)",
    ),
    "a pickle in protocol 0": (
        holding("model.pkl", lambda: pickle.dumps(RunsByName(), 0)),
        "this is not a file that can be imported: the formats are PyTorch, safetensors, ONNX, Keras; or it is damaged",
    ),
    "a checkpoint that runs code": (
        of({"extra": RunsByName(), **STATE}),
        CODE.format("it holds more than tensors and plain values (posix.mkdir)"),
    ),
    "one that calls a method": (
        of({"extra": Runs(), **STATE}),
        CODE.format("it holds more than tensors and plain values (getattr)"),
    ),
    "an old checkpoint that runs code": (
        of({"extra": RunsByName(), **STATE}, **OLD),
        CODE.format("it holds more than tensors and plain values (posix.mkdir)"),
    ),
    "a TorchScript archive whose pickle runs code": (
        holding("model.pt", lambda: zipped({**script(), "archive/data.pkl": pickle.dumps({"a": RunsByName()}, 2)})),
        "this TorchScript archive cannot be read without running its code (posix.mkdir would have to be called): "
        "load it where you trust it, by torch.jit.load, and save its state_dict()",
    ),
    "a whole module": (
        of(nn.LSTM(2, 3)),
        CODE.format("it holds more than tensors and plain values (torch.nn.modules.rnn.LSTM)"),
    ),
    "a list": (of([1, 2]), "it holds a list: save the network's state dict, by torch.save(model.state_dict(), …)"),
    "nothing": (
        of({}),
        "there are no tensors in it: save the state dict of the network, by torch.save(model.state_dict(), …)",
    ),
    "no recurrent network": (
        of(nn.Linear(3, 4).state_dict()),
        "there is no recurrent network in it: none of its 2 tensors (weight, bias) is called weight_ih_l0 or "
        "weight_ih, as those of torch.nn.LSTM, GRU, RNN and their cells are",
    ),
    "a Transformer": (
        of(nn.TransformerEncoderLayer(8, 2, 8).state_dict()),
        "there is no recurrent network in it: none of its 12 tensors (self_attn.in_proj_weight, "
        "self_attn.in_proj_bias, self_attn.out_proj.weight, self_attn.out_proj.bias, linear1.weight, linear1.bias, "
        "…) is called weight_ih_l0 or weight_ih, as those of torch.nn.LSTM, GRU, RNN and their cells are",
    ),
    "a claim of 4 · 10¹² numbers": (
        of({"weight_ih_l0": torch.zeros(1).expand(4_000_000, 1_000_000), "weight_hh_l0": torch.ones(4, 1)}),
        "weight_ih_l0 claims to have 4,000,000,000,000 numbers, but the file holds 4 bytes for it: copy or save it "
        "again",
    ),
    "NaN": (
        of(state(weight_hh_l0=with_one(float("nan")))),
        "model.rnn.weight_hh_l0[3, 2] is nan: a network with numbers that are not finite computes nothing",
    ),
    "infinity": (
        of(state(weight_hh_l0=with_one(float("inf")))),
        "model.rnn.weight_hh_l0[3, 2] is inf: a network with numbers that are not finite computes nothing",
    ),
    "a wrong shape": (
        of(state(weight_hh_l0=torch.ones(24, 5))),
        "model.rnn.weight_hh_l0 has 24 rows for 5 units: in torch.nn each has 4 (LSTM) or 3 (GRU) or 1 (RNN)",
    ),
    "a vector for a matrix": (
        of(state(weight_hh_l0=torch.ones(24))),
        "model.rnn.weight_hh_l0 has the shape (24,): it must be a matrix",
    ),
    "a bias of another size": (
        of(state(bias_hh_l0=torch.ones(23))),
        "model.rnn.bias_hh_l0 has the shape (23,): by the shapes of the others it must be (24,)",
    ),
    "no units": (
        of(state(weight_hh_l0=torch.ones(0, 0), weight_ih_l0=torch.ones(0, 5))),
        "model.rnn.weight_ih_l0 has the shape (0, 5): it must be a matrix",
    ),
    "a missing weight": (
        of(state(weight_ih_l0=None)),
        "model.rnn.weight_ih_l0 is missing: the file must hold every weight of the network",
    ),
    "a missing bias": (
        of(state(bias_hh_l0=None)),
        "model.rnn.bias_hh_l0 is missing: the file must hold every weight of the network",
    ),
    "a missing layer": (
        of(state(weight_ih_l2=torch.ones(24, 6), weight_hh_l2=torch.ones(24, 6))),
        "model.rnn.weight_ih_l1 is missing: the file must hold every weight of the network",
    ),
    "ten thousand layers": (
        of(state(weight_ih_l9999=torch.ones(24, 6), weight_hh_l9999=torch.ones(24, 6))),
        "model.rnn.weight_ih_l1 is missing: the file must hold every weight of the network",
    ),
    "integers": (
        of(state(weight_hh_l0=torch.ones(24, 6, dtype=torch.int32))),
        "model.rnn.weight_hh_l0 is torch.int32: save the network in torch.float32",
    ),
    "complex numbers": (
        of(state(weight_hh_l0=torch.ones(24, 6, dtype=torch.complex64))),
        "model.rnn.weight_hh_l0 is torch.complex64: save the network in torch.float32",
    ),
    "sparse weights": (
        of(state(weight_hh_l0=torch.eye(24, 6).to_sparse())),
        "model.rnn.weight_hh_l0 is torch.sparse_coo: save the network with dense weights in float32",
    ),
    "a compressed archive": (
        holding("model.pt", lambda: zipped(entries(), zipfile.ZIP_DEFLATED)),
        "archive/data.pkl is compressed, which torch.save never does: save the file by torch.save",
    ),
    "a bomb": (
        holding("model.pt", lambda: zipped({**entries(), "archive/data/0": bytes(50_000_000)}, zipfile.ZIP_DEFLATED)),
        "archive/data.pkl is compressed, which torch.save never does: save the file by torch.save",
    ),
    "a list of files that is larger than the file": (
        holding("model.pt", listed_often),
        "its entries claim to be larger than the file of 34,671 bytes: copy or save it again",
    ),
    "path traversal": (
        holding("model.pt", lambda: zipped({"../data.pkl": b"", **entries()})),
        OUTSIDE,
    ),
    "a pickle outside of the archive": (
        holding("model.pt", lambda: zipped({"../data.pkl": entries()["archive/data.pkl"]})),
        OUTSIDE,
    ),
    "random bytes for the pickle": (
        holding("model.pt", lambda: zipped({**entries(), "archive/data.pkl": noise()})),
        CODE.format("it is damaged or holds more than tensors"),
    ),
    "an archive without its numbers": (
        holding("model.pt", lambda: zipped({k: v for k, v in entries().items() if "/data/" not in k})),
        "the file is damaged, copy or save it again: PytorchStreamReader failed locating file data/0: file not found",
    ),
    "random bytes after the mark of an old file": (
        holding("model.pt", lambda: b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19." + noise()),
        CODE.format("it is damaged or holds more than tensors"),
    ),
    "a control character in a name": (
        of({"a\x1b[31m\n.weight_ih_l0": torch.ones(4, 1)}),
        "there is no recurrent network in it: none of its 1 tensors (a\\x1b[31m\\n.weight_ih_l0) is called "
        "weight_ih_l0 or weight_ih, as those of torch.nn.LSTM, GRU, RNN and their cells are",
    ),
}
