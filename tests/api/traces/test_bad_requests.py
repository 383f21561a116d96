"""Requests that cannot be answered: each with the exact answer."""

from pathlib import Path
from typing import Any

import pytest
from serving import HIDDEN, client
from starlette.testclient import TestClient

from ..asking import JSONL, TEXT, lines, post, problem

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


@pytest.mark.parametrize("text", ["", " \n\t", "\ufeff\u00ad \u200b\u2060\u2800\u3164\ufe0f"])
@pytest.mark.parametrize("headers", [{}, JSONL], ids=["json", "jsonl"])
def test_text_without_a_word(api: TestClient, text: str, headers: dict[str, str]) -> None:
    for response in (
        api.post("/api/v1/models/lstm/traces", json={"text": text}, headers=headers),
        api.get("/api/v1/models/lstm/trace", params={"text": text}, headers=headers),
    ):
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == {
            "type": "empty-text",
            "title": "Empty text",
            "status": 422,
            "detail": "The text has no word to trace; send at least one.",
            "errors": [{"where": "text", "what": "has no word to trace; send at least one"}],
        }


def test_of_many_bad_fields_only_the_first_are_named(api: TestClient) -> None:
    unknown = {f"x{number}": 1 for number in range(2000)}
    response = api.post("/api/v1/models/lstm/traces", json={"text": TEXT, **unknown})
    assert problem(response)[2] == (
        "x0: there is no such field; the fields are listed at /docs; x1: there is no such field; the fields are "
        "listed at /docs; x2: there is no such field; the fields are listed at /docs; and 1,997 more."
    )
    assert [each["where"] for each in response.json()["errors"]] == [f"x{number}" for number in range(20)]


def test_of_many_bad_items_only_the_first_is_named(api: TestClient) -> None:
    response = api.post("/api/v1/models/lstm/traces", json={"text": TEXT, "units": ["x"] * 2000})
    assert problem(response)[2] == "units.0: Input should be a valid integer."
    assert response.json()["errors"] == [{"where": "units.0", "what": "Input should be a valid integer"}]


def test_several_bad_fields_are_all_named(api: TestClient) -> None:
    response = api.post("/api/v1/models/lstm/traces", json={"stop": 0, "unit": 1})
    assert problem(response)[2] == (
        "text: is required; stop: Input should be greater than or equal to 1; "
        "unit: there is no such field; the fields are listed at /docs."
    )
    assert [each["where"] for each in response.json()["errors"]] == ["text", "stop", "unit"]


UNREADABLE = (
    "The body cannot be read as JSON: send UTF-8, not too deeply nested, without numbers of thousands of digits."
)
BODIES: list[tuple[bytes, str, int, str, str]] = [
    (
        b"{bad",
        "application/json",
        400,
        "malformed-json",
        "The body is not JSON: Expecting property name enclosed in double quotes at character 1.",
    ),
    (b'{"text": "\xff"}', "application/json", 400, "malformed-json", UNREADABLE),
    (b"[" * 100_000, "application/json", 400, "malformed-json", UNREADABLE),
    (b'{"start": ' + b"1" * 5000 + b"}", "application/json", 400, "malformed-json", UNREADABLE),
    (b"", "application/json", 422, "invalid-request", "body: is required."),
    (b"[1]", "application/json", 422, "invalid-request", "body: must be a JSON object with the field text."),
    (
        b'{"text": "a\\ud800"}',
        "application/json",
        422,
        "invalid-request",
        "text: character 1 is a lone surrogate (half of a UTF-16 pair); send whole characters.",
    ),
    (
        b'{"text": "good"}',
        "text/plain",
        415,
        "unsupported-media-type",
        "The Content-Type is 'text/plain'; send a JSON body as application/json.",
    ),
    (
        b'{"text": "good"}',
        "",
        415,
        "unsupported-media-type",
        "The Content-Type is missing; send a JSON body as application/json.",
    ),
]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "kind", "detail"), BODIES, ids=[str(body[:20]) for body, *_ in BODIES]
)
def test_bad_body(api: TestClient, body: bytes, content_type: str, status: int, kind: str, detail: str) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    response = api.post("/api/v1/models/lstm/traces", content=body, headers=headers)
    assert problem(response) == (status, kind, detail)


@pytest.mark.parametrize("query", ["text=%ff", "text=%ed%a0%80"], ids=["not UTF-8", "encoded surrogate"])
def test_query_that_is_not_utf8(api: TestClient, query: str) -> None:
    assert problem(api.get(f"/api/v1/models/lstm/trace?{query}")) == (
        400,
        "invalid-query",
        "The query is not percent-encoded UTF-8. Encode the text as UTF-8 before percent-encoding it.",
    )


def test_text_over_the_limit(models: Path) -> None:
    response = client(models, max_text=10).post("/api/v1/models/lstm/traces", json={"text": "good " * 3})
    assert problem(response) == (
        413,
        "text-too-long",
        "The text has 15 characters; this server takes up to 10. Send a shorter part of it.",
    )
    assert response.json()["limit"] == 10


def test_answer_over_the_limit(models: Path) -> None:
    api = client(models, max_values=5 * HIDDEN * 6 - 1)
    response = api.post("/api/v1/models/lstm/traces", json={"text": TEXT})
    assert problem(response) == (
        413,
        "answer-too-large",
        "The answer would hold 210 numbers (5 steps × 7 units × 6 arrays); this server sends up to 209. "
        "Narrow the request with start and stop, units, layers or activations, or ask for application/jsonl "
        "or text/csv, which are sent in parts.",
    )
    for narrower in ({"stop": 4}, {"units": [0]}, {"activations": ["f"]}):
        assert post(api, **narrower)["model"] == "lstm"
    assert len(lines(api)) == 5


@pytest.mark.parametrize("chunked", [False, True], ids=["declared", "chunked"])
def test_body_over_the_limit(models: Path, chunked: bool) -> None:
    body = b'{"text": "' + b"x" * 200 + b'"}'
    response = client(models, max_body=100).post(
        "/api/v1/models/lstm/traces",
        content=iter([body[:90], body[90:]]) if chunked else body,
        headers={"Content-Type": "application/json"},
    )
    assert problem(response) == (
        413,
        "body-too-large",
        "The body is larger than the 100 bytes that this server takes. Send a shorter text.",
    )
