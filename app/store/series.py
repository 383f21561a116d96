"""Read a sequence of numbers from a file: CSV, NPY or JSON, none of which can run code or claim more than it holds."""

import csv
import json
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO, StringIO
from math import isfinite, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

from .columns import Column, Series, are_unnamed

if TYPE_CHECKING:
    from _csv import Reader

LABELS = ("time", "timestamp", "date", "datetime")
"""Names of a column, in any case, that names the steps, unless the model reads a column of that name."""
MOST_BYTES = 50_000_000  # of a file
_MOST_HEADER = 10_000  # bytes of an NPY file; NumPy parses it as Python
_DELIMITERS = ",;\t"


def read_series(path: Path, columns: Sequence[Column]) -> Series:
    """Return the sequence of numbers in a file, by the ending of its name.

    Raises ValueError if it holds none for a model of these ``columns``, and OSError if it cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"the file is larger than {MOST_BYTES:,} bytes: give a part of it")
    return series_of(data, path.suffix.lower().removeprefix("."), columns)


def series_of(data: bytes, kind: str, columns: Sequence[Column]) -> Series:
    """Return the sequence of numbers in the bytes of a file of this ``kind``, one of ``KINDS``.

    Columns are found by name where the file names them, and taken in order where it does not; others are left out. A
    column of one of ``LABELS`` names the steps. Raises ValueError if there is no such sequence.
    """
    if kind not in KINDS:
        raise ValueError(f"a file of numbers ends in {', '.join(f'.{each}' for each in KINDS)}, not in {f'.{kind}'!r}")
    return KINDS[kind](data, columns)


def rows_of(given: Any) -> list[list[float]]:
    """Return rows of numbers of one length. Raises ValueError, which says where, if ``given`` holds anything else."""
    if not isinstance(given, list):
        raise ValueError("must be a list of rows, each a list of numbers")
    for step, row in enumerate(given):
        if not isinstance(row, list):
            raise ValueError(f"row {step} is not a list: send one number for each column in every row")
        if len(row) != len(given[0]):
            raise ValueError(f"row {step} has {len(row):,} numbers, and row 0 has {len(given[0]):,}")
        for column, each in enumerate(row):
            if isinstance(each, bool) or not isinstance(each, int | float):
                raise ValueError(f"row {step}, column {column} is not a number")
    try:
        return [[float(each) for each in row] for row in given]
    except OverflowError:
        raise ValueError("hold a number that is beyond float64") from None


def title_of(text: str) -> str:
    """Return what CSV is called: its first line without the #; "" if it does not begin with one."""
    first = text.partition("\n")[0].strip()
    return first.removeprefix("#").strip() if first.startswith("#") else ""


def csv_of(series: Series, columns: Sequence[Column]) -> str:
    """Return ``series`` as CSV with a header, which ``series_of`` reads as the same, without a break at its end."""
    names = [each.name for each in columns]
    rows: list[list[Any]] = [names, *rows_from(series.values)]
    if series.labels:
        of_labels = next(each for each in LABELS if each not in names)
        rows = [[label, *row] for label, row in zip([of_labels, *series.labels], rows, strict=True)]
    file = StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows)
    return file.getvalue().rstrip("\n")


def rows_from(values: Any) -> list[list[float]]:
    """Return the values of a series as rows; those of an array (T,) have one number each."""
    array = np.asarray(values, np.float64)
    rows: list[list[float]] = (array[:, None] if array.ndim == 1 else array).tolist()
    return rows


def is_findable(name: str) -> bool:
    """Return whether a column of a CSV file can be found by this ``name``: a number in its first row is none."""
    return name == name.strip() != "" and _as_number(name) is None


def names_in(text: str) -> list[str]:
    """Return the names in the first row of CSV, of which only the beginning need be given.

    A column that names the steps, by one of ``LABELS``, and one without a name are left out. Empty: its first row holds
    a number. Raises ValueError if there is no row.
    """
    text, _ = _without_title(text)
    try:
        row = next((row for row in _rows(text) if "".join(row).strip()), None)
    except csv.Error as error:
        raise ValueError(f"its first row cannot be read: {error}") from None
    if row is None:
        raise ValueError("the file is empty: name the columns in its first row")
    cells = [cell.strip() for cell in row]
    has_header = all(_as_number(cell) is None for cell in cells)
    return _read_by_name(cells) if has_header else []


def _from_csv(data: bytes, columns: Sequence[Column]) -> Series:
    """Read text/csv: cells apart by commas, semicolons or tabs, with or without a header."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start:,} is not UTF-8: save the file as UTF-8") from None
    text, above = _without_title(text)
    reader = _rows(text)
    try:
        table = [
            (reader.line_num + above, [cell.strip() for cell in row])
            for row in reader
            if "".join(row).strip() or len(row) > 1
        ]
    except csv.Error as error:
        why = "quotes that open are not closed" if "end of data" in str(error) else str(error)
        raise ValueError(f"line {reader.line_num + above}: {why}") from None
    filled = [at for at, (_, row) in enumerate(table) if any(row)]
    if not filled:
        raise ValueError("the file is empty: give at least one step")
    table = table[
        filled[0] : filled[-1] + 1
    ]  # spreadsheets leave empty cells at the ends; between, a step lacks numbers
    width = len(table[0][1])
    for line, row in table:
        if len(row) != width:
            raise ValueError(f"line {line} has {len(row):,} cells, and line {table[0][0]} has {width:,}")
    has_header = all(_as_number(cell) is None for cell in table[0][1])
    names = table[0][1] if has_header else None
    places, label = _places(names, columns) if names else (range(width), None)
    rows, labels = [], []
    for line, row in table[has_header:]:
        numbers = [_as_number(row[place]) for place in places]
        for place, number in zip(places, numbers, strict=True):
            if number is None or not isfinite(number):
                where = repr(names[place]) if names else str(place)
                raise ValueError(f"line {line}, column {where}: {_not_a_number(row[place])}")
        rows.append(numbers)
        labels += [] if label is None else [row[label]]
    return Series(rows, labels)


def _rows(text: str) -> "Reader":
    """Return what reads the rows of ``text``, cells apart by the delimiter that its first line has most of."""
    delimiter = max(_DELIMITERS, key=text.partition("\n")[0].count)
    return csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _without_title(text: str) -> tuple[str, int]:
    """Return ``text`` without the lines before its table, which are blank or begin with #, and how many these are."""
    lines = StringIO(text, newline="").readlines()
    above = next((at for at, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    return "".join(lines[above:]), above


def _not_a_number(cell: str) -> str:
    """Say why a cell is not a number, and what to do where it may be one."""
    if not cell:
        return "the cell is empty"
    with_point = _as_number(cell.replace(",", "."))
    hint = ": write a point before decimals, and nothing between thousands"
    kind = "number" if _as_number(cell) is None else "finite number"
    return f"{cell[:40]!r} is not a {kind}{hint if ',' in cell and with_point is not None else ''}"


def _as_number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def _places(names: Sequence[str], columns: Sequence[Column]) -> tuple[Sequence[int], int | None]:
    """Return the places of ``columns`` among ``names``, and that of the labels. Raises ValueError if one is missing."""
    wanted = [each.name for each in columns]
    for name in wanted:
        if names.count(name) != 1:
            if are_unnamed(columns) and len(others := _read_by_name(names)) == len(columns):
                raise ValueError(_how_to_name(others, wanted))
            what = "there is no column" if name not in names else "two columns are named"
            raise ValueError(
                f"{what} {name!r}: the file names {', '.join(names)}, and the model reads {', '.join(wanted)}"
            )
    labels = [place for place, name in enumerate(names) if name.lower() in LABELS and name not in wanted]
    if len(labels) > 1:
        both = " and ".join(repr(names[place]) for place in labels)
        raise ValueError(f"{both} could all name the steps: keep one of them")
    return [names.index(name) for name in wanted], labels[0] if labels else None


def _read_by_name(names: Sequence[str]) -> list[str]:
    """Return those of ``names`` that may be of columns that a model reads."""
    return [name for name in names if name and name.lower() not in LABELS]


def _how_to_name(names: Sequence[str], wanted: Sequence[str]) -> str:
    """Say what to do with a file that names as many columns as a model reads that were given no names."""
    first, *_, last = [*wanted, *wanted]
    called = first if first == last else f"{first} … {last}"
    return (
        f"the file names {', '.join(names)}, and this model's columns have no names yet, so their order is not known: "
        f"import it once more with this file as its columns (--columns), or write {called} in the place of the names"
    )


def _from_npy(data: bytes, _: Sequence[Column]) -> Series:
    """Read an NPY file of numbers, without pickle."""
    file = BytesIO(data)
    readers = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    try:
        version = npy.read_magic(file)
        if version not in readers:
            raise ValueError(f"version {version[0]}.{version[1]} is not that of an array of numbers")
        shape, is_fortran, dtype = readers[version](file, max_header_size=_MOST_HEADER)
    except Exception as error:  # what NumPy raises for a damaged header depends on how Python fails to parse it
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"it is not an NPY file: {reason}") from None
    if dtype.kind not in "iuf":
        raise ValueError(f"the array is of type {dtype}: save numbers")
    held = len(data) - file.tell()
    if any(size < 0 for size in shape) or prod(shape) * dtype.itemsize != held:
        raise ValueError(f"the array of shape {shape} and type {dtype} does not fill the {held:,} bytes of the file")
    return Series(np.frombuffer(data, dtype, offset=file.tell()).reshape(shape, order="F" if is_fortran else "C"))


def _from_json(data: bytes, columns: Sequence[Column]) -> Series:
    """Read JSON: rows, an object with ``values`` and ``labels``, or an object for each step."""
    try:
        given = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not JSON: {error}") from None
    if isinstance(given, dict):
        labels = given.get("labels") or []
        if not given.keys() <= {"values", "labels"} or "values" not in given or not isinstance(labels, list):
            raise ValueError("an object of a file has the fields values and, if the steps have names, labels")
        return Series(rows_of(given["values"]), [_as_label(each) for each in labels])
    if not isinstance(given, list) or not given or not all(isinstance(each, dict) for each in given):
        return Series(rows_of(given))
    names = list(given[0])
    _, label = _places(names, columns)
    for step, each in enumerate(given):
        if missing := [column.name for column in columns if column.name not in each]:
            raise ValueError(f"step {step} has no {missing[0]!r}")
    rows = rows_of([[each[column.name] for column in columns] for each in given])
    return Series(rows, [] if label is None else [_as_label(each.get(names[label], "")) for each in given])


def _as_label(given: Any) -> str:
    return given if isinstance(given, str) else json.dumps(given)


KINDS: Mapping[str, Callable[[bytes, Sequence[Column]], Series]] = {
    "csv": _from_csv,
    "tsv": _from_csv,
    "npy": _from_npy,
    "json": _from_json,
}
"""What reads a file, by the ending of its name."""
