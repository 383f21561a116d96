"""A table of texts with labels, in CSV or TSV: its rows, or where it is wrong."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .download import DataError
from .files import TextFile

if TYPE_CHECKING:
    from _csv import Reader

DELIMITERS = ",\t;"
# Between tabs: a field that is a whole quotation, and one that begins like a quotation but is none.
QUOTED = re.compile(r'(?:^|\t)"(?:[^"\t\n]|"")*"(?=\t|$)', re.MULTILINE)
HALF_QUOTED = re.compile(r'(?:^|\t)"(?!(?:[^"\t\n]|"")*"(?:\t|$))', re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """A text and its label."""

    text: str
    label: str


def table(file: TextFile, text: str, label: str) -> list[Row]:
    """Return the rows of a table whose first line names the columns, separated by commas, tabs or semicolons.

    Quotation marks hold a field together (RFC 4180). Between tabs they do so only if the first line has such a field,
    or if each field that begins with one is a whole quotation on its line; else they are ordinary characters. Raises
    DataError for a column that is missing or named twice, a line of another length, or a table without rows.
    """
    with _long_fields(len(file.text)):
        headers = {delimiter: _header(file.text, delimiter) for delimiter in DELIMITERS}
        fits = [delimiter for delimiter, names in headers.items() if {text, label} <= set(names)]
        delimiter = max(fits or DELIMITERS, key=lambda each: len(headers[each]))
        names = headers[delimiter]
        _require_columns(file, names, text, label)
        reader, rows = _reader(file.text, delimiter), []
        try:
            for fields in reader:
                if fields and len(fields) != len(names):
                    raise DataError(
                        f"{file.path}: line {reader.line_num:,} has {len(fields)} columns, the first line has "
                        f"{len(names)}"
                    )
                if fields:
                    rows.append(Row(fields[names.index(text)].strip(), fields[names.index(label)].strip()))
        except csv.Error as error:
            raise DataError(f"{file.path}: line {reader.line_num:,} cannot be read: {error}") from None
    if len(rows) == 1:
        raise DataError(f"{file.path} has only one line, the names of the columns: add texts below it")
    return rows[1:]


@contextmanager
def _long_fields(length: int) -> Iterator[None]:
    """Let fields have up to ``length`` characters; Python refuses more than 131,072, for the whole process."""
    usual = csv.field_size_limit()
    csv.field_size_limit(max(length, usual))
    try:
        yield
    finally:
        csv.field_size_limit(usual)


def _reader(text: str, delimiter: str) -> "Reader":
    """Return a reader of the fields of each line of ``text``, the first included."""
    quotes = delimiter != "\t" or QUOTED.search(text.partition("\n")[0]) or not HALF_QUOTED.search(text)
    return csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
        strict=True,
    )


def _header(text: str, delimiter: str) -> list[str]:
    """Return the fields of the first line; none if it cannot be read with this delimiter."""
    try:
        return next(filter(None, _reader(text, delimiter)), [])
    except csv.Error:
        return []


def _require_columns(file: TextFile, names: list[str], text: str, label: str) -> None:
    """Raise DataError unless ``text`` and ``label`` are the names of one column each."""
    for wanted in (text, label):
        if names.count(wanted) != 1:
            fault = "two columns are called" if wanted in names else "there is no column"
            raise DataError(f"{file.path}: {fault} {wanted!r}: its first line names {', '.join(map(repr, names))}")
    if text == label:
        raise DataError(f"{file.path}: text and label are the same column, {text!r}: name two columns")
