"""A table of texts with labels, in CSV or TSV: its rows, or where it is wrong."""

import csv
import io
from dataclasses import dataclass

from .download import DataError
from .files import TextFile

DELIMITERS = ",\t;"


@dataclass(frozen=True)
class Row:
    """A text and its label."""

    text: str
    label: str


def table(file: TextFile, text: str, label: str) -> list[Row]:
    """Return the rows of a table whose first line names the columns, separated by commas, tabs or semicolons.

    Quotation marks hold a field together (RFC 4180), but are ordinary characters between tabs.
    Raises DataError for a column that is missing or named twice, a line of another length, or a table without rows.
    """
    head = file.text.partition("\n")[0]
    headers = {delimiter: next(csv.reader([head], delimiter=delimiter), []) for delimiter in DELIMITERS}
    fits = [delimiter for delimiter, names in headers.items() if {text, label} <= set(names)]
    delimiter = max(fits or DELIMITERS, key=lambda each: len(headers[each]))
    names = headers[delimiter]
    for wanted in (text, label):
        if names.count(wanted) != 1:
            fault = "two columns are called" if wanted in names else "there is no column"
            raise DataError(f"{file.path}: {fault} {wanted!r}: its first line names {', '.join(map(repr, names))}")
    if text == label:
        raise DataError(f"{file.path}: text and label are the same column, {text!r}: name two columns")
    reader = csv.reader(
        io.StringIO(file.text, newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL,
        strict=True,
    )
    rows = []
    try:
        next(reader)
        for fields in reader:
            if fields and len(fields) != len(names):
                raise DataError(
                    f"{file.path}: line {reader.line_num:,} has {len(fields)} columns, the first line has {len(names)}"
                )
            if fields:
                rows.append(Row(fields[names.index(text)].strip(), fields[names.index(label)].strip()))
    except csv.Error as error:
        raise DataError(f"{file.path}: line {reader.line_num:,} cannot be read: {error}") from None
    if not rows:
        raise DataError(f"{file.path} has only one line, the names of the columns: add texts below it")
    return rows
