"""The shapes that requests and answers of all resources share; OpenAPI is made from them."""

from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ...recurrent.cells import CellName
from ...recurrent.modules import Direction
from .values import Labels, Rows

Item = TypeVar("Item", bound=int | str)


def _whole_characters(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"character {error.start} is a lone surrogate (half of a UTF-16 pair); send whole characters"
        ) from None
    return text


def without_repeats(items: list[Item] | None) -> list[Item] | None:
    """Return ``items``. Raises ValueError if one is listed twice."""
    seen = set()
    for item in items or []:
        if item in seen:
            raise ValueError(f"{item!r} is listed twice")
        seen.add(item)
    return items


WellFormedText = Annotated[str, AfterValidator(_whole_characters)]

Encoding = Literal["numbers", "base64"]

Index = Annotated[int, Field(ge=0)]

Choice = Annotated[
    list[Item] | None,
    Field(min_length=1, fail_fast=True, json_schema_extra={"uniqueItems": True}),
    AfterValidator(without_repeats),
]

OutputChoice = Annotated[list[Index], Field(max_length=2)] | None
WHICH_OUTPUT = (
    "by its place in the model card, or, of a softmax, two, one against the other: `[0]`, `[3, 1]`. null: the only "
    "one, the model's verdict, or the most probable one against the second after the last step."
)


class Input(BaseModel):
    """What the model reads: a text, or numbers. Exactly one of ``text``, ``values`` and ``csv`` is sent."""

    model_config = ConfigDict(extra="forbid")

    text: WellFormedText | None = Field(
        None, description="The text, of a model that reads text.", examples=["the movie was not good"]
    )
    values: Rows | None = Field(
        None,
        description="In place of a text, of a model that reads numbers: (T, E), a row for each step and a number for "
        "each of its `columns`, in their units. Nested numbers, or a typed array in base64 (`f4` or `f8`, "
        "little-endian, row by row).",
        examples=[None],
    )
    labels: Labels | None = Field(
        None, description="Names of the steps of `values`, one for each; null: they are numbered.", examples=[None]
    )
    csv: WellFormedText | None = Field(
        None,
        description="In place of `values` and `labels`: the same as CSV, as a file of numbers holds it.",
        examples=[None],
    )

    @property
    def size(self) -> int:
        """How long it is: the characters of a text, the steps of values, or at least those of CSV."""
        if self.csv is not None:
            return self.csv.count("\n") + self.csv.count("\r") + 1
        return len(self.text if self.text is not None else self.values or ())


class StepOptions(Input):
    """What the model reads, and which layers and steps are wanted: all, unless a field says otherwise."""

    layers: Choice[Index] = Field(None, description="Layers, from 0, none twice.")
    start: int = Field(0, ge=0, description="First step wanted, from 0. The network always runs from the first token.")
    stop: int | None = Field(
        None, ge=1, description="One past the last step wanted; null, or past the end: to the end."
    )


class TokenInfo(BaseModel):
    """A token and where it stands in the text; or a step of a sequence of numbers."""

    text: str = Field(
        description="The token as it stands in the text, invisible characters included; of numbers, the step's label."
    )
    start: int = Field(
        ge=0,
        description="Its first character, in Unicode code points of the text as it was sent; of numbers, the step.",
    )
    end: int = Field(ge=0, description="One past its last character, in code points; of numbers, the next step.")
    id: int = Field(ge=0, description="Its row in the embedding; 0 is the unknown token. Of numbers, the step.")
    known: bool = Field(description="Whether the vocabulary holds it; of numbers, true.")
    read_as: str | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="The word of the vocabulary that it is read as, if it seems to be a misspelling of that one: `id` "
        "is its row. Left out otherwise.",
    )


class TypedArray(BaseModel):
    """An array in base64."""

    dtype: Literal["f4"] = Field(description="float32, little-endian.")
    bdata: str = Field(description="The numbers, row by row, in base64.")
    shape: str = Field(description="Size of each dimension: `T, H`.", examples=["5, 64"])


class LayerInfo(BaseModel):
    """One layer in one direction."""

    layer: int = Field(ge=0, description="The layer, from 0.")
    direction: Direction = Field(description="`backward` ran from the last token to the first.")


class CellLayerInfo(LayerInfo):
    """One layer in one direction, and what it is made of."""

    cell: CellName = Field(description="The recurrent cell.")
    hidden_size: int = Field(ge=1, description="H: units of the layer, also where fewer were asked for.")


class TextAnswer(BaseModel):
    """Which model answers, about which steps."""

    model: str = Field(description="The model that ran.")
    steps: int = Field(ge=1, description="T: tokens of the whole text, or steps of the values.")
    start: int = Field(ge=0, description="Step that the first row of every array belongs to.")
    stop: int = Field(ge=1, description="One past the step of the last row.")
    tokens: list[TokenInfo] = Field(description="The tokens of the steps answered, one for each row.")


class Complaint(BaseModel):
    """What is wrong with one field of a request."""

    where: str = Field(description="The field: `text`, `units.0`.")
    what: str = Field(description="What is wrong with it, and what would be right.")


class ProblemDetails(BaseModel):
    """An error, as RFC 9457 puts it (`application/problem+json`)."""

    type: str = Field(description="Kind of problem: a stable word for programs.")
    title: str = Field(description="Kind of problem, for people.")
    status: int = Field(ge=400, le=599, description="The HTTP status code.")
    detail: str = Field(description="What was wrong with this request, and what to do.")
    errors: list[Complaint] = Field(default=[], description="The fields that are wrong, where some are.")
    limit: int | None = Field(default=None, description="The limit that was passed, where one was.")
