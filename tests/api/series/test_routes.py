"""Files of numbers that are sent to be read."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from model_folders import saved_numbers
from serving import client, random_models
from starlette.testclient import TestClient

from ..asking import problem

URL = "/api/v1/models/numbers/series"
VALUES = [[9.0, 0.5, -1.0], [12.0, 0.0, -2.0]]


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = random_models(tmp_path_factory.mktemp("models"))
    saved_numbers(folder / "numbers")
    return folder


def npy(array: object) -> bytes:
    file = BytesIO()
    np.save(file, np.asarray(array))
    return file.getvalue()


@pytest.mark.parametrize(
    ("media_type", "body", "labels"),
    [
        ("text/csv", b"Time,rain,temperature,wind\n1,0.5,9,-1\n2,0,12,-2\n", ["1", "2"]),
        ("text/csv; charset=utf-8", b"9,0.5,-1\n12,0,-2\n", None),
        ("text/tab-separated-values", b"9\t0.5\t-1\n12\t0\t-2\n", None),
        ("application/octet-stream", npy(np.array(VALUES, np.float32)), None),
        ("application/json", json.dumps({"values": VALUES, "labels": ["a", "b"]}).encode(), ["a", "b"]),
    ],
)
def test_what_is_read_can_be_sent(numbers: Path, media_type: str, body: bytes, labels: list[str] | None) -> None:
    api = client(numbers)
    read = api.post(URL, content=body, headers={"Content-Type": media_type})
    header, *rows = read.json()["csv"].split("\n")
    assert header.removeprefix("time,") == "temperature,rain,wind"
    assert [list(map(float, row.split(",")[-3:])) for row in rows] == VALUES
    assert {name: read.json()[name] for name in ("model", "values", "labels")} == {
        "model": "numbers",
        "values": VALUES,
        "labels": labels,
    }
    sent = {name: read.json()[name] for name in ("values", "labels")}
    answers = [api.post("/api/v1/models/numbers/traces", json=each) for each in (sent, {"csv": read.json()["csv"]})]
    assert answers[0].status_code == 200
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    ("media_type", "body", "status", "kind", "detail"),
    [
        (
            "text/csv",
            b"rain,wind\n1,2\n",
            422,
            "invalid-request",
            "body: there is no column 'temperature': the file names rain, wind, "
            "and the model reads temperature, rain, wind.",
        ),
        ("text/csv", b"1,nan,3\n", 422, "invalid-request", "body: line 1, column 1: 'nan' is not a finite number."),
        (
            "application/octet-stream",
            b"",
            422,
            "invalid-request",
            "body: it is not an NPY file: EOF: reading magic string, expected 8 bytes got 0.",
        ),
        (
            "application/octet-stream",
            npy(np.zeros((1, 1, 3))),
            422,
            "invalid-request",
            "body: the values have the shape (1, 1, 3): give one sequence of shape (T, 3).",
        ),
        (
            "application/json",
            b'{"values": [[1, 2, 3]], "labels": ["\\ud800"]}',
            422,
            "invalid-request",
            "body: label 0 holds a lone surrogate (half of a UTF-16 pair).",
        ),
        ("application/json", b"[]", 422, "invalid-request", "body: the sequence is empty: give at least one step."),
        (
            "text/csv",
            b"1,2,3\n" * 11,
            413,
            "sequence-too-long",
            "The sequence has 11 steps; this server takes up to 10. Send fewer of them.",
        ),
        (
            "image/png",
            b"",
            415,
            "unsupported-media-type",
            "The Content-Type is 'image/png'; send a file of numbers as one of text/csv, text/tab-separated-values, "
            "application/octet-stream, application/json.",
        ),
    ],
)
def test_what_cannot_be_read(numbers: Path, media_type: str, body: bytes, status: int, kind: str, detail: str) -> None:
    response = client(numbers, max_text=10).post(URL, content=body, headers={"Content-Type": media_type})
    assert problem(response) == (status, kind, detail)


def test_a_model_of_text_has_no_columns(api: TestClient) -> None:
    response = api.post("/api/v1/models/lstm/series", content=b"1", headers={"Content-Type": "text/csv"})
    assert problem(response) == (422, "invalid-request", "body: holds numbers, and lstm reads text.")
