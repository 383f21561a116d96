"""Name and read the files of a model's folder."""

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
    """A model folder that cannot be used; the message names the file and the reason."""


def model_folders(folder: Path) -> list[Path]:
    """Return the folders in ``folder`` that should each hold a model, by name; none if ``folder`` does not exist.

    Raises OSError if it cannot be read.
    """
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    return [each for each in inside if each.is_dir() and not each.name.startswith((".", "_"))]


def parse(folder: Path, name: str, kind: type[T]) -> T:
    """Return the content of a JSON file as a ``kind``. Raises BrokenModelError if it is anything else."""
    try:
        return TypeAdapter(kind).validate_json(read(folder, name))
    except ValidationError as error:
        raise BrokenModelError(f"{name}: {_first_error(error)}") from None


def read(folder: Path, name: str) -> bytes:
    """Return the bytes of a file. Raises BrokenModelError if it is missing or cannot be read."""
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise BrokenModelError(f"{name}: the file is missing") from None
    except OSError as error:
        raise BrokenModelError(f"{name}: cannot be read: {error.strerror}") from None


def _first_error(error: ValidationError) -> str:
    """Return the first error of a validation, with the path of its field."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
