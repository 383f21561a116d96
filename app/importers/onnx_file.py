"""Import from ONNX: the LSTM, GRU and RNN operators of a graph. Nothing of the graph is run but what is constant."""

from importlib.util import find_spec
from pathlib import Path

from . import Importer, Request
from .found import Found, ImportRefusedError

SUFFIX = ".onnx"
_AFTER_THE_VERSION = {0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42}  # the fields of a model that may follow ir_version


def matches(path: Path) -> bool:
    """Return whether a file is called, or begins, like one of ONNX."""
    if not path.is_file():
        return False
    if path.suffix.lower() == SUFFIX:
        return True
    with path.open("rb") as file:
        start = file.read(3)
    return len(start) == 3 and start[0] == 0x08 and 0 < start[1] < 0x20 and start[2] in _AFTER_THE_VERSION


def open_(request: Request) -> Found:
    """Return the recurrent network of a file of ONNX.

    Raises ImportRefusedError if there is none, or none that a cell of ours computes.
    """
    if find_spec("onnx") is None:
        raise ImportRefusedError("reading ONNX needs the package onnx: install it by pip install 'gatescope[import]'")
    from .onnx_graph.network import network  # imports onnx

    return network(request)


IMPORTER = Importer("ONNX", matches, open_)
