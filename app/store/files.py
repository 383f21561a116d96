"""Name and read the files of a model's folder, which may hold anything: nothing else opens them."""

import errno
import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import regex
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

WEIGHTS, CONFIG, VOCABULARY, STATISTICS, CARD, SATURATION, IMPORT = (
    "model.safetensors",
    "config.json",
    "vocab.json",
    "statistics.json",
    "README.md",
    "saturation.svg",
    "import.json",
)
# The largest size of a file, in bytes.
_PARSED = 8_000_000  # parsed in about 0.1 s, in which no other thread runs; half a million words of a vocabulary
LIMITS: Mapping[str, int] = {
    WEIGHTS: 2_000_000_000,  # held in memory twice while they are loaded: 8 layers of 1,024 units with 200,000 words
    CONFIG: _PARSED,  # its outputs may be the vocabulary
    VOCABULARY: _PARSED,
    STATISTICS: _PARSED,  # the shipped ones take at most 46,000, for 128 units
    CARD: 200_000,  # rendered by up to four seconds of work; the shipped ones take at most 14,000
    SATURATION: _PARSED,  # a dot for each unit and gate; the shipped ones take at most 20,000
    IMPORT: _PARSED,  # some hundred bytes for each tensor
}
MOST_FIELDS = 1_000  # of one JSON object: each unknown one would become an error with its own description
LONGEST_REASON = 500  # characters: a reason quotes what it is about, such as the name of a field

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a link",
}
# What a terminal would obey, what turns the direction of text, and what no encoding has.
_UNPRINTABLE = regex.compile(r"[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]")

T = TypeVar("T")


class BrokenModelError(Exception):
    """A model folder that cannot be used; the message names the file and the reason, and is safe to show."""

    def __init__(self, reason: str) -> None:
        shown = printable(reason)
        super().__init__(shown if len(shown) <= LONGEST_REASON else f"{shown[: LONGEST_REASON - 1]}…")


def printable(text: str) -> str:
    r"""Return ``text`` with each character that should not reach a terminal or a page as its escape, such as \x1b.

    A byte of a file's name that is not UTF-8 is such a character.
    """
    return _UNPRINTABLE.sub(lambda match: _escape(match.group()), text)


def _escape(character: str) -> str:
    of_a_name = 0xDC80 <= ord(character) <= 0xDCFF  # how Python decodes a byte that is not UTF-8
    return f"\\x{ord(character) - 0xDC00:02x}" if of_a_name else ascii(character)[1:-1]


def model_folders(folder: Path) -> list[Path]:
    """Return the folders in ``folder`` that should each hold a model, by name; none if ``folder`` does not exist.

    Raises OSError if it cannot be read.
    """
    try:
        inside = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [each for each in inside if not each.name.startswith((".", "_")) and _may_hold_a_model(each)]


def _may_hold_a_model(path: Path) -> bool:
    """Return whether ``path`` is a folder, or a link to one, or something that does not tell what it is."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except OSError as error:
        return error.errno not in {errno.ENOENT, errno.ENOTDIR}


def parse(folder: Path, name: str, kind: type[T]) -> T:
    """Return the content of a JSON file as a ``kind``. Raises BrokenModelError if it is anything else."""
    return parsed(read(folder, name), name, kind)


def parsed(data: bytes, name: str, kind: type[T]) -> T:
    """Return the JSON in the bytes of the file ``name`` as a ``kind``. Raises BrokenModelError if it is not such."""
    try:
        # Numbers stay text: Python refuses to read one of more than 4,300 digits, which the validation judges.
        json.loads(data, object_pairs_hook=_checked, parse_int=len, parse_float=len, parse_constant=len)
    except _RefusedObjectError as error:
        raise BrokenModelError(f"{name}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise BrokenModelError(f"{name}: Invalid JSON: {_json_error(data) or error}") from None
    try:
        return TypeAdapter(kind).validate_json(data)
    except ValidationError as error:
        raise BrokenModelError(f"{name}: {_first_error(error)}") from None


class _RefusedObjectError(Exception):
    """A JSON object whose fields would be ignored without a word, or are too many to say what is wrong with each."""


def _checked(fields: Sequence[tuple[str, Any]]) -> Mapping[str, Any]:
    """Return a JSON object. Raises _RefusedObjectError if two of its ``fields`` have the same name, or it has many."""
    if len(fields) > MOST_FIELDS:
        raise _RefusedObjectError(f"an object has {len(fields):,} fields: it may have at most {MOST_FIELDS:,}")
    names: set[str] = set()
    for field, _ in fields:
        if field in names:
            raise _RefusedObjectError(f"{field}: the field is there twice: keep one")
        names.add(field)
    return dict(fields)


def _json_error(data: bytes) -> str:
    """Return what the parser that the validation uses says of invalid JSON, with line and column; empty: nothing."""
    try:
        from_json(data)
    except ValueError as error:
        return str(error)
    return ""


def read(folder: Path, name: str) -> bytes:
    """Return the bytes of a file. Raises BrokenModelError if it is missing or cannot be read."""
    with opened(folder, name) as file:
        data = file.read(LIMITS[name] + 1)  # it may have grown
    _require_size(name, len(data))
    return data


def exists(folder: Path, name: str) -> bool:
    """Return whether there is anything of that name in ``folder``, if only a link to nothing."""
    return os.path.lexists(folder / name)


@contextmanager
def opened(folder: Path, name: str) -> Iterator[BinaryIO]:
    """Open a file of a model for reading, whatever somebody may put in its place meanwhile.

    ``name`` is one of ``LIMITS``. Raises BrokenModelError if it is missing or too large, if it is anything but a
    regular file, or a link that leaves ``folder``, and if reading fails.
    """
    try:
        with os.fdopen(_descriptor(folder, name), "rb") as file:
            _require_size(name, os.fstat(file.fileno()).st_size)
            yield file
    except FileNotFoundError:
        reason = "is a link to nothing" if (folder / name).is_symlink() else "the file is missing"
        raise BrokenModelError(f"{name}: {reason}") from None
    except OSError as error:
        raise BrokenModelError(f"{name}: cannot be read: {error.strerror or error}") from None


def _descriptor(folder: Path, name: str) -> int:
    """Return the descriptor of a regular file in ``folder``, which the caller closes.

    Links are resolved first, and none is followed afterwards, so that no exchange in between leads out of the folder.
    Nor is anything else opened: opening a device can have effects, and opening a pipe can wait for ever.
    """
    within = Path(os.path.realpath(folder, strict=True))
    resolved = Path(os.path.realpath(folder / name, strict=True))
    if not resolved.is_relative_to(within):
        raise BrokenModelError(f"{name}: is a link that leaves the folder: put the file itself in its place")
    *folders, last = resolved.relative_to(within).parts or (".",)
    at = os.open(within, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for each in folders:
            below = os.open(each, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = below
        _require_regular(name, os.stat(last, dir_fd=at, follow_symlinks=False))
        descriptor = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, dir_fd=at)
    finally:
        os.close(at)
    try:
        _require_regular(name, os.fstat(descriptor))
    except BrokenModelError:
        os.close(descriptor)
        raise
    return descriptor


def _require_regular(name: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = _KINDS.get(stat.S_IFMT(status.st_mode), "not a file")
        raise BrokenModelError(f"{name}: is {kind}: it must be a regular file")


def _require_size(name: str, size: int) -> None:
    if size > LIMITS[name]:
        raise BrokenModelError(
            f"{name}: is larger than {LIMITS[name]:,} bytes: files of that name are read up to there"
        )


def _first_error(error: ValidationError) -> str:
    """Return the first error of a validation, with the path of its field."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
