"""The files of a model's folder: their names, and how they are read."""

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

WEIGHTS, CONFIG, VOCABULARY, STATISTICS, CARD, SATURATION = (
    "model.safetensors",
    "config.json",
    "vocab.json",
    "statistics.json",
    "README.md",
    "saturation.svg",
)

T = TypeVar("T")


class BrokenModelError(Exception):
    """A model folder that cannot be used; the message says which file and why."""


def parse(folder: Path, name: str, kind: type[T]) -> T:
    """What a JSON file holds, validated as ``kind``."""
    try:
        return TypeAdapter(kind).validate_json(read(folder, name))
    except ValidationError as error:
        raise BrokenModelError(f"{name}: {_first(error)}") from None


def read(folder: Path, name: str) -> bytes:
    """Return the bytes of a file. Raises BrokenModelError if there are none."""
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise BrokenModelError(f"{name}: the file is missing") from None
    except OSError as error:
        raise BrokenModelError(f"{name}: cannot be read: {error.strerror}") from None


def _first(error: ValidationError) -> str:
    """The first of a validation's complaints, with the place it is about."""
    complaint = error.errors()[0]
    place = ".".join(str(part) for part in complaint["loc"])
    message = complaint["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
