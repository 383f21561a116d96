"""The shapes of calls about imports; OpenAPI is made from them."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field, field_validator

from ...importers.answers import answers_in


class ImportQuery(BaseModel):
    """What is said about an upload, in its address: it is judged before the body is read."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(
        min_length=1,
        description="Name of the model: up to 100 letters, digits, `.`, `_` and `-`, beginning with a letter or digit.",
    )
    title: str = Field("", max_length=100, description="Name of the model for people; its name where it is left out.")
    module: str = Field("", max_length=1_000, description="The recurrent network, where the file holds several.")
    answer: list[str] = Field(
        [],
        description="Answers to what the file cannot say, each as `KEY=VALUE`, such as `nonlinearity=tanh`: "
        "a refusal with `question` and `choices` asks for one.",
    )

    @field_validator("answer")
    @classmethod
    def _require_pairs(cls, answers: list[str]) -> list[str]:
        answers_in(answers)
        return answers

    def answers(self) -> dict[str, str]:
        """Return the answers by question."""
        return answers_in(self.answer)


AnImport = Annotated[ImportQuery, Query()]

_FILE = {"type": "string", "format": "binary"}
FORM: dict[str, Any] = {
    "required": False,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {
                        "type": "array",
                        "items": _FILE,
                        "description": "The file; several are those of one folder, such as of Hugging Face.",
                    },
                    "vocabulary": _FILE | {"description": "The tokens: a JSON list, or text with a token a line."},
                    "columns": _FILE
                    | {
                        "description": "What a model of numbers reads: JSON with `name`, `unit`, `mean` and `scale` of "
                        "each column, or CSV with their names in its first row."
                    },
                },
            }
        }
    },
}
"""The body, which FastAPI cannot see; there may be none with ``Kept-Upload``."""
