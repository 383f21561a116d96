"""The shapes of requests and answers; OpenAPI is made from them."""

from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ...recurrent.cells import CellName, Letter, PreActivation
from ...recurrent.modules import Direction
from ...recurrent.network import NetworkConfig
from ...recurrent.tokenizer import TokenizerKind
from ...store.fields import Metric, NamedUnit

Item = TypeVar("Item", bound=int | str)


def _whole_characters(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"character {error.start} is a lone surrogate (half of a UTF-16 pair); send whole characters"
        ) from None
    return text


def _without_repeats(items: list[Item] | None) -> list[Item] | None:
    seen = set()
    for item in items or []:
        if item in seen:
            raise ValueError(f"{item!r} is listed twice")
        seen.add(item)
    return items


Text = Annotated[str, AfterValidator(_whole_characters)]
Encoding = Literal["numbers", "base64"]
Index = Annotated[int, Field(ge=0)]
Choice = Annotated[
    list[Item] | None,
    Field(min_length=1, fail_fast=True, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_without_repeats),
]


class ActivationInfo(BaseModel):
    """What an activation is."""

    letter: Letter = Field(description="Its letter in the PyTorch documentation.")
    name: str = Field(description="Its name: `forget gate`.")
    kind: Literal["gate", "candidate", "state"] = Field(description="Its part in the cell.")
    minimum: float | None = Field(description="Least value possible; null where it is unbounded.")
    maximum: float | None = Field(description="Greatest value possible; null where it is unbounded.")


class ModelSummary(BaseModel):
    """A model in the list of models."""

    id: str = Field(description="Name of the model in addresses.")
    title: str = Field(description="Name of the model, for people.")
    task: str = Field(description="What it was trained for; models of one task answer the same sentences.")
    cell: CellName = Field(description="The recurrent cell.")
    hidden_size: int = Field(ge=1, description="H: units in each layer and direction.")
    layers: int = Field(ge=1, description="Number of layers.")
    bidirectional: bool = Field(description="Whether every layer also runs from the last token to the first.")


class BrokenModel(BaseModel):
    """A model folder that cannot be used."""

    id: str = Field(description="Name of the folder.")
    reason: str = Field(description="Which file is wrong, and why.")


class ModelList(BaseModel):
    """Every model of this server."""

    models: list[ModelSummary] = Field(description="Models that serve.")
    broken: list[BrokenModel] = Field(description="Models that are installed but cannot be used.")


class ModelCard(ModelSummary):
    """All that is known of a model."""

    description: str = Field(description="What its outputs mean.")
    network: NetworkConfig = Field(description="Cell and sizes.")
    parameters: int = Field(ge=1, description="Number of trained parameters, the embedding and the head included.")
    recurrent_parameters: int = Field(ge=1, description="Number of parameters of the recurrent layers alone.")
    activations: list[ActivationInfo] = Field(description="What a trace of this model holds, in order.")
    tokenizer: TokenizerKind = Field(description="How text is split.")
    outputs: list[str] = Field(description="Name of each number that the head says after a step.")
    opposite: str = Field(description="What a single output near 0 means; empty where it has no name.")
    predicts_next: bool = Field(
        description="Whether the outputs say which token comes next: every token of the vocabulary, except the unknown "
        "one, is then the name of one output. There may be further outputs: for the unknown token, for the end of the "
        "text."
    )
    next_outputs: list[int | None] = Field(
        description="For each token, by its `id`, the place of the output that says how likely it is to come next; "
        "null for a token without one. Empty unless `predicts_next`."
    )
    examples: list[str] = Field(description="Sentences worth typing.")
    metrics: list[Metric] = Field(description="Figures on held-out data.")
    units: list[NamedUnit] = Field(description="Units that track something that can be named; the best for each thing.")
    licence: str = Field(description="Licence of the weights.")
    weights_sha256: str = Field(description="SHA-256 of the weights, in hexadecimal.")


class TextOptions(BaseModel):
    """A text, and which layers and steps of it are wanted: all, where a field is left out."""

    model_config = ConfigDict(extra="forbid")

    text: Text = Field(description="The text.", examples=["the movie was not good"])
    layers: Choice[Index] = Field(None, description="Layers, from 0, none twice.")
    start: int = Field(0, ge=0, description="First step wanted, from 0. The network runs from the first token always.")
    stop: int | None = Field(
        None, ge=1, description="One past the last step wanted; null, or past the end: to the end."
    )


class TraceOptions(TextOptions):
    """What a trace is asked of, and which part of it is wanted. All of it is, where a field is left out."""

    activations: Choice[Letter] = Field(None, description="Gates, candidate and states by letter, none twice.")
    units: Choice[Index] = Field(None, description="Units of every layer, from 0, in the order wanted, none twice.")
    encoding: Encoding = Field(
        "numbers",
        description="Arrays in JSON as nested numbers, or as typed arrays in base64 (float32, little-endian, row by "
        "row), the form that Plotly reads. Numbers beyond float32, as a float64 model may have, come as numbers only.",
    )


class TraceBody(TraceOptions):
    """What a trace is asked of, in a body: all of it is wanted where a field is left out. Numbers are no strings."""

    model_config = ConfigDict(strict=True)

    pre_activations: bool = Field(
        default=False,
        description="Whether each gate and candidate wanted, and the h of a plain RNN, is followed by what it is the "
        "sigmoid, tanh or relu of: `a_f`, `a_h`. These sums are computed in float64 from the inputs and the states "
        "before.",
    )


class TokenInfo(BaseModel):
    """A token and where it stands in the text."""

    text: str = Field(description="The token as it stands in the text, invisible characters included.")
    start: int = Field(ge=0, description="Its first character, in Unicode code points of the text as it was sent.")
    end: int = Field(ge=0, description="One past its last character, in code points.")
    id: int = Field(ge=0, description="Its row in the embedding; 0 is the unknown token.")
    known: bool = Field(description="Whether the vocabulary holds it.")


class TypedArray(BaseModel):
    """An array in base64."""

    dtype: Literal["f4"] = Field(description="float32, little-endian.")
    bdata: str = Field(description="The numbers, row by row, in base64.")
    shape: str = Field(description="Size of each dimension: `T, H`.", examples=["5, 64"])


Matrix = Annotated[
    list[list[float]] | TypedArray,
    Field(
        description="(T, H): a row for each step, a column for each unit. Gates lie in [0, 1], candidates and h in "
        "[-1, 1] (h of a relu RNN in [0, ∞)); c and pre-activations are unbounded. No unit of measurement."
    ),
]
Vector = Annotated[
    list[float] | TypedArray, Field(description="(H,): a value for each unit at this step; ranges as in a whole trace.")
]


class LayerInfo(BaseModel):
    """One layer in one direction."""

    layer: int = Field(ge=0, description="The layer, from 0.")
    direction: Direction = Field(description="`backward` ran from the last token to the first.")


class CellLayerInfo(LayerInfo):
    """One layer in one direction, and what it is made of."""

    cell: CellName = Field(description="The recurrent cell.")
    hidden_size: int = Field(ge=1, description="H: units of the layer, also where fewer were asked for.")


class LayerActivations(CellLayerInfo):
    """What one layer did in one direction, at every step."""

    activations: dict[Letter | PreActivation, Matrix] = Field(
        description="Arrays by letter, pre-activations by `a_` and the letter; row t belongs to token t."
    )


class Outputs(BaseModel):
    """What the head says after each step."""

    names: list[str] = Field(description="What each column is the probability of.")
    values: Annotated[
        list[list[float]] | TypedArray,
        Field(description="(T, outputs): probabilities in [0, 1], a row for each step."),
    ]


class TextAnswer(BaseModel):
    """Which model answers, about which steps."""

    model: str = Field(description="The model that ran.")
    steps: int = Field(ge=1, description="T: tokens of the whole text.")
    start: int = Field(ge=0, description="Step that the first row of every array belongs to.")
    stop: int = Field(ge=1, description="One past the step of the last row.")
    tokens: list[TokenInfo] = Field(description="The tokens of the steps answered, one for each row.")


class TraceAnswer(TextAnswer):
    """Every gate, candidate and state of a network over a text."""

    units: list[int] | None = Field(description="Unit of each column; null: all units in order.")
    layers: list[LayerActivations] = Field(description="Layer by layer, forward before backward.")
    outputs: Outputs = Field(description="Probabilities that the head gives, for each step answered.")


class StepLayer(LayerInfo):
    """What one layer did in one direction, at one step."""

    activations: dict[Letter | PreActivation, Vector] = Field(
        description="Vectors by letter, pre-activations by `a_` and the letter."
    )


class StepAnswer(BaseModel):
    """One line of a JSONL answer: one step."""

    step: int = Field(ge=0, description="The step, from 0.")
    token: TokenInfo = Field(description="The token of this step.")
    layers: list[StepLayer] = Field(description="Layer by layer, forward before backward.")
    outputs: list[float] = Field(description="Probability of each output, in [0, 1], in the order of the model card.")


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
