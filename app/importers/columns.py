"""Read what a user says of the columns of a network that reads numbers: JSON, or CSV, whose first row names them."""

from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from ..store.columns import Column, counted
from ..store.files import BrokenModelError, parsed
from ..store.series import is_findable, names_in
from .found import ImportRefusedError

LARGEST = 8_000_000  # bytes of JSON; of CSV, as many are looked at for its first row
_TABLES = (".csv", ".tsv")


def read_columns(path: Path, count: int) -> list[Column]:
    """Return the ``count`` columns that a file describes, in the order of the weights.

    Of CSV, a column that names the steps, as ``store.series`` reads it, is not one of them, and neither is one without
    a name. Raises ImportRefusedError if it does not describe so many, and OSError if it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    is_json = path.suffix.lower() not in _TABLES and data.lstrip().startswith((b"[", b"{"))
    columns = _from_json(path.name, data) if is_json else _from_csv(path.name, data)
    if repeated := [name for name, times in Counter(each.name for each in columns).items() if times > 1]:
        raise ImportRefusedError(f"{path.name} has two columns named {repeated[0]!r}: give each its own name")
    if lost := [each.name for each in columns if not is_findable(each.name)]:
        raise ImportRefusedError(
            f"{path.name} has a column named {lost[0]!r}, by which none in a CSV file is found: give it a name that is "
            "not a number and has no spaces around it"
        )
    if len(columns) != count:
        left_out = "" if is_json else ", without those that name the steps"
        numbers = "1 number" if count == 1 else f"{count:,} numbers"
        raise ImportRefusedError(
            f"{path.name} names {counted(len(columns))}{left_out}, but the network reads {numbers} at each step: name "
            "one column for each, in the order of the weights"
        )
    return columns


def _from_json(name: str, data: bytes) -> list[Column]:
    if len(data) > LARGEST:
        raise ImportRefusedError(f"{name} is larger than {LARGEST:,} bytes: columns are read up to there")
    try:
        return parsed(data, name, list[Column])
    except BrokenModelError as error:
        raise ImportRefusedError(
            f"{error}: columns are a list of objects, each with a name and, where it has them, unit, mean and scale"
        ) from None


def _from_csv(name: str, data: bytes) -> list[Column]:
    try:
        names: Sequence[str] = names_in(getincrementaldecoder("utf-8-sig")().decode(data))
    except UnicodeDecodeError:
        raise ImportRefusedError(
            f"{name} is not UTF-8: columns are JSON, or CSV with their names in its first row"
        ) from None
    except ValueError as error:
        raise ImportRefusedError(f"{name}: {error}") from None
    if not names:
        raise ImportRefusedError(f"{name} has no names in its first row: begin it with a row of them, or give JSON")
    return [Column(each) for each in names]
