"""The OpenAPI document: FastAPI's own, with problems and JSON lines described as they are sent."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from .schemas import ProblemDetails, StepAnswer

_SCHEMAS = "#/components/schemas/{model}"


def schema_ref(model: type[BaseModel]) -> dict[str, str]:
    """A reference to the schema of ``model``."""
    return {"$ref": _SCHEMAS.format(model=model.__name__)}


def problem_responses(**situations: str) -> dict[int | str, dict[str, Any]]:
    """The problems that a call can answer with; keys are the status codes behind an ``s``."""
    content = {"application/problem+json": {"schema": schema_ref(ProblemDetails)}}
    return {int(status[1:]): {"description": text, "content": content} for status, text in situations.items()}


def install(app: FastAPI) -> None:
    """Complete the document of ``app`` with the schemas that FastAPI cannot see, and without the one it assumes."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        document = describe()
        schemas = document["components"]["schemas"]
        unseen = [(ProblemDetails, "serialization"), (StepAnswer, "serialization")]
        schemas |= models_json_schema(unseen, ref_template=_SCHEMAS)[1]["$defs"]  # type: ignore[arg-type]
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for path in document["paths"].values():
            for call in path.values():
                if "application/json" in call["responses"].get("422", {}).get("content", {}):
                    call["responses"]["422"] = problem_responses(s422="A field is wrong.")[422]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
