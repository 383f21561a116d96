"""Importers: one format, one file, one line in the table. Each says whether a file is of its format, then opens it."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from .found import Found

FILES = (
    "pytorch",
    "safetensors_file",
    "onnx_file",
    "keras_file",
)
"""The files of this folder that hold an importer, in the order in which they are asked."""


class Request(NamedTuple):
    """What a user says about a file."""

    path: Path
    module: str = ""
    """The name of the recurrent network, where the file holds several."""
    answers: Mapping[str, str] = {}
    """Answers to what a file cannot say, by question: see ``UndecidedError``."""


class Importer(NamedTuple):
    """One format."""

    format: str
    """For people: "ONNX"."""
    matches: Callable[[Path], bool]
    """Whether a file or folder looks like one of this format, by its first bytes or the files in it; never raises
    anything but OSError, and reads little."""
    open: Callable[[Request], Found]
    """Read a file that matches; raises ImportRefusedError, and nothing else, if it cannot be imported."""


TABLE: tuple[Importer, ...] = tuple(import_module(f".{file}", __name__).IMPORTER for file in FILES)
