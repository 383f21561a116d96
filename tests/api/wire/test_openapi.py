"""The OpenAPI document says all that a client needs, and answers are as it says."""

import json
import re
from typing import Any

import pytest
from gatescope.api.models.schemas import ModelCard, ModelList
from gatescope.api.traces.schemas import StepAnswer, TraceAnswer
from gatescope.api.wire.schemas import ProblemDetails
from pydantic import BaseModel
from starlette.testclient import TestClient


@pytest.fixture(scope="module")
def document(api: TestClient) -> dict[str, Any]:
    described: dict[str, Any] = api.get("/api/v1/openapi.json").json()
    return described


def test_every_field_is_described(document: dict[str, Any]) -> None:
    fields = {
        f"{name}.{field}": description.get("description")
        for name, schema in document["components"]["schemas"].items()
        for field, description in schema.get("properties", {}).items()
    }
    assert len(fields) > 60
    assert [field for field, description in fields.items() if not description] == []


def test_every_parameter_is_described(document: dict[str, Any]) -> None:
    parameters = [
        p for path in document["paths"].values() for call in path.values() for p in call.get("parameters", [])
    ]
    assert len(parameters) >= 8
    assert [p["name"] for p in parameters if not p.get("description")] == []


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    referred = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document)))
    assert referred == document["components"]["schemas"].keys()


def test_every_problem_is_described_as_one(document: dict[str, Any]) -> None:
    kinds = {
        (status, kind)
        for path, calls in document["paths"].items()
        for call in calls.values()
        for status, response in call["responses"].items()
        for kind in response.get("content", {})
        if status >= "400" and path.startswith("/api")
    }
    assert {kind for _, kind in kinds} == {"application/problem+json"}


@pytest.mark.parametrize(
    ("path", "headers", "model"),
    [
        ("/api/v1/models", {}, ModelList),
        ("/api/v1/models/both-ways", {}, ModelCard),
        ("/api/v1/models/both-ways/trace?text=not+good", {}, TraceAnswer),
        ("/api/v1/models/lstm/trace?text=not+good&encoding=base64&units=3", {}, TraceAnswer),
        ("/api/v1/models/lstm/trace?text=good", {"Accept": "application/jsonl"}, StepAnswer),
        ("/api/v1/models/lstm/trace?text=", {}, ProblemDetails),
        ("/api/v1/models/lstm/trace?text=good&stop=0", {}, ProblemDetails),
    ],
)
def test_answers_are_as_described(api: TestClient, path: str, headers: dict[str, str], model: type[BaseModel]) -> None:
    answer = api.get(path, headers=headers)
    model.model_validate_json(answer.content, strict=True, extra="forbid")


def test_every_call_of_the_api_is_documented(api: TestClient, document: dict[str, Any]) -> None:
    paths = {
        "/api/v1/models",
        "/api/v1/models/{model}",
        "/api/v1/models/{model}/outputs",
        "/api/v1/models/{model}/statistics",
        "/api/v1/models/{model}/traces",
        "/api/v1/models/{model}/trace",
        "/api/v1/models/{model}/series",
        "/api/v1/models/{model}/memory",
        "/api/v1/models/{model}/decompositions",
        "/api/v1/models/{model}/experiments",
        "/api/v1/models/{model}/rankings",
        "/api/v1/models/{model}/cost",
        "/api/v1/models/{model}/limits",
        "/api/v1/imports",
        "/api/v1/imports/{model}",
    }
    assert paths | {"/healthz", "/readyz", "/metrics"} == document["paths"].keys()
    methods = {path: set(calls) for path, calls in document["paths"].items()}
    assert methods.pop("/api/v1/imports/{model}") == {"delete"}
    assert all(each in ({"get"}, {"post"}) for each in methods.values())
    assert all(call["summary"] for calls in document["paths"].values() for call in calls.values())
