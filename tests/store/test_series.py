"""Files of numbers: CSV, NPY and JSON, right and wrong."""

import json
import re
import struct
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gatescope.store.columns import Column, Series, unnamed
from gatescope.store.series import LABELS, csv_of, read_series, series_of, title_of
from hypothesis import given
from hypothesis import strategies as st

TWO = [Column("rain"), Column("wind")]
ROWS = [[0.5, -1.0], [0.0, 2e-3], [3.25, 4.0]]


def npy(array: Any, **options: Any) -> bytes:
    file = BytesIO()
    np.lib.format.write_array(file, np.asarray(array), **options)
    return file.getvalue()


def header(text: str, version: int = 1) -> bytes:
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text.encode()


@pytest.mark.parametrize(
    ("kind", "data", "labels"),
    [
        ("csv", b"0.5,-1\n0,0.002\n3.25,4\n", []),
        ("csv", b"rain,wind\r\n0.5,-1\r\n\r\n 0 , 2e-3\r\n3.25,4", []),
        ("csv", b",\n0.5,-1\n0,.002\n3.25,4\n,\n , \n", []),
        (
            "csv",
            "\ufeffwind;note;rain;Date\n-1;a;0.5;mon\n.002;b;0;tue\n4;c;3.25;wed\n".encode(),
            ["mon", "tue", "wed"],
        ),
        ("tsv", b'timestamp\train\twind\n1\t0.5\t-1\n"2"\t0\t0.002\n3\t3.25\t4\n', ["1", "2", "3"]),
        ("npy", npy(ROWS), []),
        ("npy", npy(np.asfortranarray(ROWS)), []),
        ("npy", npy(np.array(ROWS, ">f8"), version=(2, 0)), []),
        ("json", json.dumps(ROWS).encode(), []),
        ("json", json.dumps({"values": ROWS, "labels": ["a", "b", "c"]}).encode(), ["a", "b", "c"]),
        ("json", json.dumps({"values": ROWS}).encode(), []),
        (
            "json",
            json.dumps([{"wind": w, "time": t, "rain": r} for t, (r, w) in enumerate(ROWS)]).encode(),
            ["0", "1", "2"],
        ),
    ],
)
def test_a_file_of_numbers(kind: str, data: bytes, labels: list[str], tmp_path: Path) -> None:
    (tmp_path / f"numbers.{kind.upper()}").write_bytes(data)
    for series in (series_of(data, kind, TWO), read_series(tmp_path / f"numbers.{kind.upper()}", TWO)):
        np.testing.assert_array_equal(np.asarray(series.values, float), ROWS)
        assert list(series.labels) == labels


@pytest.mark.parametrize("name", [*LABELS, "TIME"])
def test_a_column_of_a_certain_name_names_the_steps(name: str) -> None:
    data = f"{name},level\na,1\n".encode()
    assert series_of(data, "csv", [Column("level")]) == ([[1.0]], ["a"])
    with pytest.raises(ValueError, match=r"^line 2, column '\w+': 'a' is not a number$"):  # where the model reads it
        series_of(data, "csv", [Column(name)])


@pytest.mark.parametrize(
    ("kind", "data", "message"),
    [
        ("xls", b"", "a file of numbers ends in .csv, .tsv, .npy, .json, not in '.xls'"),
        ("csv", b"", "the file is empty: give at least one step"),
        ("csv", b" ,\n\n", "the file is empty: give at least one step"),
        ("csv", b"\xff", "byte 0 is not UTF-8: save the file as UTF-8"),
        ("csv", b"1,2\n3\n", "line 2 has 1 cells, and line 1 has 2"),
        ("csv", b"1,2\nx,3\n", "line 2, column 0: 'x' is not a number"),
        ("csv", b"1,2\n,3\n", "line 2, column 0: the cell is empty"),
        ("csv", b"1,2\n , \n3,4\n", "line 2, column 0: the cell is empty"),
        ("csv", b"1,2\nnan,3\n", "line 2, column 0: 'nan' is not a finite number"),
        ("csv", b"rain;wind\n1;-inf\n", "line 2, column 'wind': '-inf' is not a finite number"),
        ("csv", b"1_0,2\n", "line 1, column 0: '1_0' is not a number"),
        ("csv", b"2026-11-30,1,2\n", "line 1, column 0: '2026-11-30' is not a number"),
        ("csv", b"rain,wind\n1,x\n", "line 2, column 'wind': 'x' is not a number"),
        (
            "csv",
            b"rain;wind\n1,5;2\n",
            "line 2, column 'rain': '1,5' is not a number: "
            "write a point before decimals, and nothing between thousands",
        ),
        (
            "csv",
            b"rain,hail\n1,2\n",
            "there is no column 'wind': the file names rain, hail, and the model reads rain, wind",
        ),
        (
            "csv",
            b"rain,rain,wind\n1,2,3\n",
            "two columns are named 'rain': the file names rain, rain, wind, and the model reads rain, wind",
        ),
        ("csv", b"rain,wind,date,time\n1,2,3,4\n", "'date' and 'time' could all name the steps: keep one of them"),
        ("csv", b'1,"2\n', "line 1: quotes that open are not closed"),
        ("csv", b'1,"' + b"2" * 140_000 + b'"\n', "line 1: field larger than field limit (131072)"),
        ("npy", b"", "it is not an NPY file: EOF: reading magic string, expected 8 bytes got 0"),
        (
            "npy",
            b"PK\3\4aaaa",
            r"it is not an NPY file: the magic string is not correct; expected b'\x93NUMPY', got b'PK\x03\x04aa'",
        ),
        ("npy", npy(ROWS)[:-1], "the array of shape (3, 2) and type float64 does not fill the 47 bytes of the file"),
        (
            "npy",
            header("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000)}"),
            "the array of shape (1000000, 1000000) and type float64 does not fill the 0 bytes of the file",
        ),
        (
            "npy",
            header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 0)}"),
            "the array of shape (-1, 0) and type float64 does not fill the 0 bytes of the file",
        ),
        (
            "npy",
            header(" " * 60_000),
            "it is not an NPY file: Header info length (60000) is large and may not be safe to load securely.",
        ),
        ("npy", header("{}", 3), "it is not an NPY file: version 3.0 is not that of an array of numbers"),
        ("npy", npy([["a"]]), "the array is of type <U1: save numbers"),
        ("npy", npy([[object()]], allow_pickle=True), "the array is of type object: save numbers"),
        ("npy", npy([[1j]]), "the array is of type complex128: save numbers"),
        ("json", b"[[1,", "it is not JSON: Expecting value: line 1 column 5 (char 4)"),
        ("json", b"3", "must be a list of rows, each a list of numbers"),
        ("json", b"[[1], [2, 3]]", "row 1 has 2 numbers, and row 0 has 1"),
        ("json", b'[["1"]]', "row 0, column 0 is not a number"),
        ("json", b'{"rows": []}', "an object of a file has the fields values and, if the steps have names, labels"),
        ("json", b'[{"rain": 1}]', "there is no column 'wind': the file names rain, and the model reads rain, wind"),
        ("json", b'[{"rain": 1, "wind": 2}, {"rain": 1}]', "step 1 has no 'wind'"),
        ("json", b'[{"rain": 1, "wind": null}]', "row 0, column 1 is not a number"),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else None,
)
def test_what_is_not_a_file_of_numbers(kind: str, data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        series_of(data, kind, TWO)


NO_NAMES = "this model's columns have no names yet, so their order is not known"
REMEDY = "import it once more with this file as its columns (--columns), or write"


@pytest.mark.parametrize(
    ("kind", "data", "count", "message"),
    [
        (
            "csv",
            b"time,rain,wind,hail\nmon,1,2,3\n",
            3,
            f"the file names rain, wind, hail, and {NO_NAMES}: {REMEDY} input 0 … input 2 in the place of the names",
        ),
        (
            "json",
            b'[{"rain": 1}]',
            1,
            f"the file names rain, and {NO_NAMES}: {REMEDY} input 0 in the place of the names",
        ),
        (
            "csv",
            b"rain,wind,hail\n1,2,3\n",
            2,
            "there is no column 'input 0': the file names rain, wind, hail, and the model reads input 0, input 1",
        ),
    ],
)
def test_names_of_columns_that_have_none_are_not_guessed(kind: str, data: bytes, count: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        series_of(data, kind, unnamed(count))


def test_columns_without_names_are_read_in_order_or_by_the_names_that_they_were_given() -> None:
    for data in (b"1,2\n", b"input 0,input 1\n1,2\n", b"input 1,input 0,Time\n2,1,mon\n"):
        assert series_of(data, "csv", unnamed(2)).values == [[1.0, 2.0]]


def test_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatescope.store.series.MOST_BYTES", 7)
    (tmp_path / "a.csv").write_bytes(b"1,2\n3,4\n")
    with pytest.raises(ValueError, match=r"^the file is larger than 7 bytes: give a part of it$"):
        read_series(tmp_path / "a.csv", TWO)


@pytest.mark.parametrize("kind", ["csv", "npy", "json"])
@given(data=st.data())
def test_any_bytes_are_numbers_or_refused(kind: str, data: st.DataObject) -> None:
    whole = {"csv": b"rain,wind\n1,2\n", "npy": npy(ROWS), "json": b'[{"rain": 1, "wind": 2}]'}[kind]
    start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(whole))] * 2)))
    damaged = whole[:start] + data.draw(st.binary(max_size=12)) + whole[stop:]
    with suppress(ValueError):
        assert np.asarray(series_of(damaged, kind, TWO).values).dtype.kind in "iuf"


AB = [Column("a"), Column("b")]


def test_lines_that_begin_with_a_hash_stand_above_the_table() -> None:
    read = series_of(b"# A title, with; commas,\n\n# and a remark\nb;time;a\n1;x;2\n", "csv", AB)
    assert (read.values, list(read.labels)) == ([[2.0, 1.0]], ["x"])
    with pytest.raises(ValueError, match=r"^line 4, column 'b': '\?' is not a number$"):
        series_of(b"# A title\n\na,b\n1,?\n", "csv", AB)
    with pytest.raises(ValueError, match=r"^the file is empty: give at least one step$"):
        series_of(b"# A title\n", "csv", AB)


@pytest.mark.parametrize(("text", "title"), [("# A title \na,b", "A title"), ("#\na", ""), ("a,b\n# no", ""), ("", "")])
def test_a_title_is_the_first_line_with_a_hash(text: str, title: str) -> None:
    assert title_of(text) == title


@pytest.mark.parametrize("labels", [[], ["8 Jan", 'a "quoted", label']])
def test_what_is_written_as_csv_is_read_as_the_same(labels: list[str]) -> None:
    values = [[0.1, -2e-30], [1e22, 3.0]]
    read = series_of(csv_of(Series(values, labels), AB).encode(), "csv", AB)
    assert (read.values, list(read.labels)) == (values, labels)
