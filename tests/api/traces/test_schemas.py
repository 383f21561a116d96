"""Requests for traces with wrong fields: each with the exact answer."""

from pathlib import Path
from typing import Any

import pytest
from serving import client
from starlette.testclient import TestClient

from ..asking import JSONL, TEXT, problem

BAD_OPTIONS: list[tuple[dict[str, Any], str]] = [
    ({"layers": [1]}, "layers: there is no layer 1: lstm has layers 0 to 0."),
    ({"layers": [-1]}, "layers.0: Input should be greater than or equal to 0."),
    ({"layers": []}, "layers: is empty; leave it out for all of them."),
    ({"units": [0, 7]}, "units: there is no unit 7: lstm has units 0 to 6."),
    ({"units": [0, 6, 0]}, "units: 0 is listed twice."),
    ({"layers": [0, 0]}, "layers: 0 is listed twice."),
    ({"activations": ["f", "h", "f"]}, "activations: 'f' is listed twice."),
    ({"activations": ["z"]}, "activations: there is no 'z' in lstm (lstm): choose from i, f, g, o, c, h."),
    (
        {"activations": ["q"]},
        "activations.0: Input should be 'i', 'f', 'g', 'o', 'r', 'z', 'n', 'c' or 'h'.",
    ),
    ({"start": 5}, "start: 5 is not below 5, where the steps asked for end; the text has 5."),
    ({"start": 2, "stop": 2}, "start: 2 is not below 2, where the steps asked for end; the text has 5."),
    ({"stop": 0}, "stop: Input should be greater than or equal to 1."),
    ({"encoding": "hex"}, "encoding: Input should be 'numbers' or 'base64'."),
    ({"unit": [1]}, "unit: there is no such field; the fields are listed at /docs."),
]


@pytest.mark.parametrize(("options", "detail"), BAD_OPTIONS, ids=[str(options) for options, _ in BAD_OPTIONS])
@pytest.mark.parametrize("headers", [{}, JSONL], ids=["json", "jsonl"])
def test_bad_option(api: TestClient, options: dict[str, Any], detail: str, headers: dict[str, str]) -> None:
    response = api.post("/api/v1/models/lstm/traces", json={"text": TEXT, **options}, headers=headers)
    assert problem(response) == (422, "invalid-request", detail)
    field, what = detail.removesuffix(".").split(": ", 1)
    assert response.json()["errors"] == [{"where": field, "what": what}]


@pytest.mark.parametrize(
    ("options", "detail"), [(options, detail) for options, detail in BAD_OPTIONS if options != {"layers": []}]
)
def test_bad_option_in_the_address(api: TestClient, options: dict[str, Any], detail: str) -> None:
    response = api.get("/api/v1/models/lstm/trace", params={"text": TEXT, **options})
    assert problem(response) == (422, "invalid-request", detail)


@pytest.mark.parametrize(
    "options", [{"units": ["1"]}, {"units": [2.0]}, {"layers": [False]}, {"start": True}, {"stop": "3"}], ids=str
)
def test_numbers_in_a_body_are_numbers(api: TestClient, options: dict[str, Any]) -> None:
    response = api.post("/api/v1/models/lstm/traces", json={"text": TEXT, **options})
    [(name, value)] = options.items()
    where = f"{name}.0" if isinstance(value, list) else name
    assert problem(response) == (422, "invalid-request", f"{where}: Input should be a valid integer.")


def test_numbers_in_the_address_are_text(api: TestClient) -> None:
    response = api.get("/api/v1/models/lstm/trace", params={"text": TEXT, "units": "x"})
    assert problem(response) == (
        422,
        "invalid-request",
        "units.0: Input should be a valid integer, unable to parse string as an integer.",
    )


def test_of_many_bad_fields_only_the_first_are_named(api: TestClient) -> None:
    unknown = {f"x{number}": 1 for number in range(90)}
    response = api.post("/api/v1/models/lstm/traces", json={"text": TEXT, **unknown})
    assert problem(response)[2] == (
        "x0: there is no such field; the fields are listed at /docs; x1: there is no such field; the fields are "
        "listed at /docs; x2: there is no such field; the fields are listed at /docs; and 87 more."
    )
    assert [each["where"] for each in response.json()["errors"]] == [f"x{number}" for number in range(10)]


@pytest.mark.parametrize("count", [101, 100_000])
@pytest.mark.parametrize("is_nested", [False, True])
def test_an_object_with_too_many_fields_is_refused_before_it_is_validated(
    models: Path, count: int, is_nested: bool
) -> None:
    fields = {f"x{number}": 1 for number in range(count)}
    body = {"text": TEXT, "edits": [fields]} if is_nested else fields
    response = client(models, max_body=10_000_000).post("/api/v1/models/lstm/traces", json=body)
    detail = f"body: has an object of {count:,} fields; send up to 100."
    assert problem(response) == (422, "invalid-request", detail)


def test_a_query_with_too_many_fields_is_refused_before_it_is_validated(api: TestClient) -> None:
    response = api.get("/api/v1/models/lstm/trace", params={f"x{number}": "" for number in range(101)})
    assert problem(response) == (422, "invalid-request", "query: has 101 fields; send up to 100.")


def test_json_that_is_large_and_not_valid_says_where(api: TestClient) -> None:
    body = '{"text": "' + "a" * 50_000 + '" "units"}'
    response = api.post("/api/v1/models/lstm/traces", content=body, headers={"Content-Type": "application/json"})
    detail = "The body is not JSON: Expecting ',' delimiter at character 50012."
    assert problem(response) == (400, "malformed-json", detail)


def test_of_many_bad_items_only_the_first_is_named(api: TestClient) -> None:
    response = api.post("/api/v1/models/lstm/traces", json={"text": TEXT, "units": ["x"] * 2000})
    assert problem(response)[2] == "units.0: Input should be a valid integer."
    assert response.json()["errors"] == [{"where": "units.0", "what": "Input should be a valid integer"}]


def test_several_bad_fields_are_all_named(api: TestClient) -> None:
    response = api.post("/api/v1/models/lstm/traces", json={"text": 1, "stop": 0, "unit": 1})
    assert problem(response)[2] == (
        "text: Input should be a valid string; stop: Input should be greater than or equal to 1; "
        "unit: there is no such field; the fields are listed at /docs."
    )
    assert [each["where"] for each in response.json()["errors"]] == ["text", "stop", "unit"]
