"""The OpenAPI document: FastAPI's own, with problems and JSON lines described as they are sent."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from .schemas import ProblemDetails

_SCHEMAS = "#/components/schemas/{model}"

_USUAL = {
    400: "The JSON or the query is malformed.",
    404: "No such model.",
    406: "None of the media types is accepted.",
    415: "The body is not declared as JSON.",
    422: "A field is wrong.",
    503: "The model is broken, or the server is busy, out of time, or stops.",
}


def schema_ref(model: type[BaseModel]) -> dict[str, str]:
    """Return a reference to the schema of ``model``."""
    return {"$ref": _SCHEMAS.format(model=model.__name__)}


def problem_responses(*usual: int, **others: str) -> dict[int | str, dict[str, Any]]:
    """Return the problems that a call can answer with: status codes, and, as ``s413="…"``, some with another text."""
    texts = {status: _USUAL[status] for status in usual} | {int(key[1:]): text for key, text in others.items()}
    content = {"application/problem+json": {"schema": schema_ref(ProblemDetails)}}
    return {status: {"description": text, "content": content} for status, text in sorted(texts.items())}


def install(app: FastAPI, *schemas: type[BaseModel]) -> None:
    """Complete the document of ``app`` with ``schemas`` that FastAPI cannot see, and without the one it assumes."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        document = describe()
        known = document["components"]["schemas"]
        unseen = [(schema, "serialization") for schema in (ProblemDetails, *schemas)]
        known |= models_json_schema(unseen, ref_template=_SCHEMAS)[1]["$defs"]  # type: ignore[arg-type]
        for name in ("HTTPValidationError", "ValidationError"):
            known.pop(name, None)
        for path in document["paths"].values():
            for call in path.values():
                if "application/json" in call["responses"].get("422", {}).get("content", {}):
                    call["responses"]["422"] = problem_responses(422)[422]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
