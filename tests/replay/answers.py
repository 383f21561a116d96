"""Answers of a server as data that can be compared: status, headers, and the body by its media type."""

import csv
import hashlib
import io
import json
from typing import Any

import httpx2
import numpy as np

from . import openapi, pages
from .arrays import decoded, nested
from .compare import ANY_TEXT, STRONG_TAG, WEAK_TAG

# Of these headers only the presence is recorded.
VARYING = frozenset({"content-length", "date", "last-modified", "server"})
REQUEST_ID = "x-request-id"  # says nothing about the answer


def answer(response: httpx2.Response) -> dict[str, Any]:
    """Return a response as it is recorded."""
    return {"status": response.status_code, "headers": headers(response), "body": body(response)}


def headers(response: httpx2.Response) -> dict[str, str]:
    """Return the headers by name in lower case, with stand-ins for the values that vary."""
    return {name: _header(name, value) for name, value in sorted(response.headers.items()) if name != REQUEST_ID}


def _header(name: str, value: str) -> str:
    if name == "etag":
        return WEAK_TAG if value.startswith("W/") else STRONG_TAG
    return ANY_TEXT if name in VARYING else value


def body(response: httpx2.Response) -> Any:
    """Return the body as data; None where there is none."""
    if not response.content:
        return None
    media_type = response.headers.get("content-type", "").partition(";")[0]
    if response.url.path.endswith("/openapi.json"):
        return openapi.digest(response.json())
    match media_type:
        case "application/json" | "application/problem+json":
            return decoded(parsed(response.text))
        case "application/jsonl":
            return _lines(response.text)
        case "application/x-npz":
            return _arrays(response.content)
        case "text/csv":
            return _table(response.content.decode())
        case "text/html":
            return pages.digest(response.text)
        case "text/plain":
            return {"types": _metrics(response.text)}
    if response.url.path.startswith("/models/"):  # a file of a model, which is test data
        return {"sha256": hashlib.sha256(response.content).hexdigest()}
    return ANY_TEXT


def parsed(text: str) -> Any:
    """Return what JSON holds; NaN and infinities are none."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)


def _lines(text: str) -> Any:
    lines = decoded([parsed(line) for line in text.splitlines()])
    if "done" not in lines[-1]:
        return lines
    *before, last = lines  # how many there are before it depends on the machine
    shares = [line["done"] for line in lines]
    assert shares == sorted(shares)
    assert all(line.keys() == {"done"} for line in before)
    return last


def _arrays(content: bytes) -> dict[str, Any]:
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return {
            name: {"dtype": array.dtype.str, "shape": list(array.shape), "values": nested(array)}
            for name, array in file.items()
        }


def _table(text: str) -> dict[str, Any]:
    names, *rows = csv.reader(io.StringIO(text, newline=""))
    ends = text.count("\r\n")
    return {"names": names, "ends": ends, "rows": [[*row[:-1], float(row[-1])] for row in rows]}


def _metrics(text: str) -> dict[str, str]:
    lines = (line.split() for line in text.splitlines() if line.startswith("# TYPE "))
    return {name: kind for _, _, name, kind in lines}
