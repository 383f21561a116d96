"""Numbers of a request, in a body and in an address."""

import json
from base64 import b64encode
from typing import Any

import numpy as np
import pytest
from gatescope.api.wire.values import from_address, labels_of, rows_of

ONE = b64encode(np.ones(6, "<f4").tobytes()).decode()


def typed(**changes: Any) -> dict[str, Any]:
    return {"dtype": "f4", "bdata": ONE, "shape": "2, 3", **changes}


def test_rows_and_typed_arrays() -> None:
    assert rows_of([[1, 2.5], [-3, 0]]) == [[1.0, 2.5], [-3.0, 0.0]]
    assert rows_of([]) == []
    assert rows_of(typed()) == [[1.0] * 3] * 2
    double = np.random.default_rng(0).normal(size=(4, 2))
    sent = {"dtype": "f8", "bdata": b64encode(double.astype("<f8").tobytes()).decode(), "shape": "4,2"}
    assert rows_of(sent) == double.tolist()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (3, "must be a list of rows, each a list of numbers, or a typed array"),
        ("[[1]]", "must be a list of rows, each a list of numbers, or a typed array"),
        ([[1], 2], "row 1 is not a list: send one number for each column in every row"),
        ([[1, 2], [3]], "row 1 has 1 numbers, and row 0 has 2"),
        ([[1, "2"]], "row 0, column 1 is not a number"),
        ([[1, True]], "row 0, column 1 is not a number"),
        ([[None]], "row 0, column 0 is not a number"),
        ([[[1]]], "row 0, column 0 is not a number"),
        ([[10**400]], "hold a number that is beyond float64"),
        ({}, "a typed array has the fields dtype, bdata and shape, each a text"),
        (typed(extra="1"), "a typed array has the fields dtype, bdata and shape, each a text"),
        (typed(shape=6), "a typed array has the fields dtype, bdata and shape, each a text"),
        (typed(dtype="i4"), "the dtype must be one of f4, f8"),
        (typed(shape="6"), 'the shape must be two sizes, such as "5, 3"'),
        (typed(shape="-2, -3"), 'the shape must be two sizes, such as "5, 3"'),
        (typed(shape="2, ³"), 'the shape must be two sizes, such as "5, 3"'),
        (typed(shape="2, 1" + "0" * 5_000), "the shape is larger than what bdata holds"),
        (typed(shape="2, 4"), "the shape 2, 4 is of 8 numbers, and bdata holds 6"),
        (typed(shape="0, 1000000000"), "the shape 0, 1000000000 is of 0 numbers, and bdata holds 6"),
        (typed(bdata="?"), "bdata is not base64 of whole numbers of f4"),
        (typed(bdata="AAAA"), "bdata is not base64 of whole numbers of f4"),
        (typed(bdata="é"), "bdata is not base64 of whole numbers of f4"),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "given",
)
def test_what_is_not_numbers(given: Any, message: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the whole message is compared
        rows_of(given)
    assert str(refused.value) == message


def test_labels_are_whole_characters() -> None:
    assert labels_of(["a", ""]) == ["a", ""]
    with pytest.raises(ValueError, match=r"^label 1 is not a text$"):
        labels_of(["a", 1])
    with pytest.raises(ValueError, match=r"^label 0 holds a lone surrogate \(half of a UTF-16 pair\)$"):
        labels_of(["\udc00"])


def test_an_address_holds_json_of_a_certain_length() -> None:
    assert from_address(["[[1]]"]) == [[1]]
    assert from_address(None) is None
    assert from_address([[1.0]]) == [[1.0]]
    whole = json.dumps([[0] * 1_332]).ljust(4_000)
    assert len(whole) == 4_000
    from_address([whole])
    for given, message in (
        (["1", "2"], "is given more than once: send it as JSON, once"),
        (["[" * 3_000], "is not JSON"),
        ([""], "is not JSON"),
        ([whole + " "], "has 4,001 characters: an address takes up to 4,000; send more in the body of a POST"),
    ):
        with pytest.raises(ValueError, match=f"^{message}$"):
            from_address(given)
