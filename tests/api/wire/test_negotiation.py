"""In which form an answer comes: the one that the client accepts, or none; and what is taken for JSON."""

from pathlib import Path

import pytest
from gatescope.api.traces.routes import FORMS
from starlette.testclient import TestClient

from ..asking import JSON, TEXT, each_form, problem

TRACE = "/api/v1/models/lstm/trace"
CSV_IN_UTF8 = "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", "application/json"),
        ("application/*;q=0.5, text/html", "application/json"),
        ("APPLICATION/JSON", "application/json"),
        ("application/jsonl;q=0, */*", "application/json"),
        ("application/jsonl;q=0.5, application/json", "application/json"),
        ("application/jsonl;q=0.1, */*;q=0.9", "application/json"),
        ("text/csv;q=0.9, application/x-npz;q=0.9, application/json", "application/json"),
        ("text/*;q=0.5, application/*", "application/json"),
        ("Application/JSONL", "application/jsonl"),
        ("application/jsonl, */*", "application/jsonl"),
        ("application/json, application/jsonl", "application/jsonl"),
        ("application/json; q=0.5, application/jsonl; q=0.6", "application/jsonl"),
        ("application/x-npz", "application/x-npz"),
        ("application/x-npz, */*", "application/x-npz"),
        ("application/json;q=0.9, Application/X-NPZ", "application/x-npz"),
        ("text/csv", CSV_IN_UTF8),
        ("text/*", CSV_IN_UTF8),
        ("text/csv, */*", CSV_IN_UTF8),
        ("application/*;q=0.8, text/csv;q=0.9", CSV_IN_UTF8),
        ("application/*;q=0, */*", CSV_IN_UTF8),
    ],
)
def test_accept_header_chooses_the_form(api: TestClient, accept: str, content_type: str) -> None:
    response = api.get(TRACE, params={"text": TEXT}, headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == content_type


def test_every_form_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs" / "api.md").read_text(encoding="utf-8")
    assert [form for form in FORMS if f"| `{form}` |" not in page] == []


def test_without_json_another_form_comes(api: TestClient) -> None:
    response = api.get(TRACE, params={"text": TEXT}, headers={"Accept": "application/json;q=0, */*"})
    assert response.headers["content-type"] in {"application/jsonl", "application/x-npz", CSV_IN_UTF8}


def test_accept_headers_are_read_as_one(api: TestClient) -> None:
    headers = [("Accept", "application/json;q=0.5"), ("Accept", "application/jsonl")]
    response = api.get(TRACE, params={"text": TEXT}, headers=headers)
    assert response.headers["content-type"] == "application/jsonl"


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@each_form
def test_caches_keep_the_forms_apart(api: TestClient, encoding: str, form: dict[str, str]) -> None:
    response = api.get(TRACE, params={"text": TEXT}, headers=form | {"Accept-Encoding": encoding})
    assert response.headers["vary"] == ("Accept, Accept-Encoding" if form == JSON else "Accept")  # never compressed


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "text/csv;q=0",
        "application/json;q=0",
        "application/jsonl;q=0",
        "application/*;q=0.0",
        "application/zip",
        "image/*",
        "csv",
        "text/csv/x",
        ";",
    ],
)
@pytest.mark.parametrize(
    ("call", "forms"),
    [
        ("traces", "application/json, application/jsonl, application/x-npz or text/csv"),
        ("memory", "application/json or application/jsonl"),
    ],
)
def test_accept_header_that_fits_nothing(api: TestClient, call: str, forms: str, accept: str) -> None:
    response = api.post(f"/api/v1/models/lstm/{call}", json={"text": TEXT}, headers={"Accept": accept})
    assert problem(response) == (
        406,
        "not-acceptable",
        f"The Accept header asks for {accept!r}; the answer comes as {forms}.",
    )


@pytest.mark.parametrize("accept", ["text/csv", "application/x-npz"])
def test_an_answer_on_memory_is_no_file(api: TestClient, accept: str) -> None:
    response = api.post("/api/v1/models/lstm/memory", json={"text": TEXT}, headers={"Accept": accept})
    assert problem(response)[:2] == (406, "not-acceptable")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "application/vnd.x+json"])
def test_content_types_that_mean_json(api: TestClient, content_type: str) -> None:
    response = api.post(
        "/api/v1/models/lstm/traces", content=b'{"text": "good"}', headers={"Content-Type": content_type}
    )
    assert response.status_code == 200
