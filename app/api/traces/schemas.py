"""The shapes of requests for traces and of their answers; OpenAPI is made from them."""

from json import dumps
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ...recurrent.cells import Letter, PreActivation
from ...recurrent.modules import Direction
from ...recurrent.unit_order import UnitOrder
from ..wire.edits import ABOUT_EDITS, EXAMPLE, EditList, EditsInAddress
from ..wire.schemas import (
    CellLayerInfo,
    Choice,
    Encoding,
    Index,
    LayerInfo,
    StepOptions,
    TextAnswer,
    TokenInfo,
    TypedArray,
)
from ..wire.values import CsvInAddress, LabelsInAddress, RowsInAddress

MOST_LIKELY = 100  # outputs after a step that an answer lists one by one

Top = Annotated[
    int | None,
    Field(
        ge=1,
        le=MOST_LIKELY,
        description="Of the outputs, only so many after each step, the most probable first; null: all outputs.",
    ),
]


class TraceOptions(StepOptions):
    """What to trace, and which part of the trace is wanted: all of it, unless a field says otherwise."""

    activations: Choice[Letter] = Field(None, description="Gates, candidate and states by letter, none twice.")
    units: Choice[Index] = Field(None, description="Units of every layer, from 0, in the order wanted, none twice.")
    encoding: Encoding = Field(
        "numbers",
        description="Arrays in JSON as nested numbers, or as typed arrays in base64 (float32, little-endian, row by "
        "row), the form that Plotly reads. Numbers beyond float32, as a float64 model may have, come as numbers only.",
    )
    top: Top = None
    edits: EditList = Field([], description=ABOUT_EDITS, examples=[EXAMPLE])


class TraceQuery(TraceOptions):
    """What to trace, in the address."""

    values: RowsInAddress | None = Field(
        None,
        description="In place of a text, of a model that reads numbers: (T, E) as JSON, up to 4,000 characters; the "
        "body of a POST takes more, and describes it.",
        examples=[None],
    )
    labels: LabelsInAddress | None = Field(
        None, description="Names of the steps of `values`, as a JSON list of up to 4,000 characters.", examples=[None]
    )
    csv: CsvInAddress | None = Field(
        None,
        description="In place of `values` and `labels`: the same as CSV, up to 4,000 characters; the body of a POST "
        "takes more.",
        examples=[None],
    )
    edits: EditsInAddress = Field(
        [],
        description=f"A JSON list. {ABOUT_EDITS} The body of a POST describes it field by field.",
        examples=[dumps(EXAMPLE)],
    )


class RunBody(TraceOptions):
    """What to run, in a body: all of it is wanted, unless a field says otherwise. A string is not a number."""

    model_config = ConfigDict(strict=True)

    pre_activations: bool = Field(
        default=False,
        description="Whether each gate and candidate wanted, and the h of a plain RNN, is followed by what it is the "
        "sigmoid, tanh or relu of: `a_f`, `a_h`. These sums are computed in float64 from the inputs and the states "
        "before.",
    )


class UnitRows(BaseModel):
    """Which units of each layer are sent: some of them, in an order, by the state that carries the memory."""

    model_config = ConfigDict(extra="forbid", strict=True)

    by: UnitOrder = Field(
        "index",
        description="What comes first: the lowest `index`, the greatest `value` at step `at`, the greatest `variance` "
        "along the steps; or, by `similarity`, the one that varies most, then always the most similar one of those "
        "left, by the cosine of what varies.",
    )
    at: int | None = Field(
        None, ge=0, description="The step of an order by value; null, or a step that is not compared: the last of them."
    )
    start: int = Field(0, ge=0, description="First step that the order compares, of those answered.")
    stop: int | None = Field(None, ge=1, description="One past the last; null, or past the last one answered: to it.")
    first: Index = Field(0, description="Place of the first unit sent, from 0; past the end: the last `count` of them.")
    count: int = Field(256, ge=1, description="How many units to send.")
    containing: Index | None = Field(
        None, description="A unit: in place of `first`, the multiple of `count` from which on this unit is sent."
    )


class TraceBody(RunBody):
    """What to trace, in a body, and which part of it to send: all, unless a field says otherwise."""

    directions: Choice[Direction] = Field(None, description="Directions of every layer, none twice.")
    rows: UnitRows | None = Field(
        None, description="In place of `units`, which units of each layer to send, in which order. Only in one JSON."
    )
    summary: bool = Field(
        default=False, description="Whether each layer says what all of its units do together. Only in one JSON."
    )


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


class LayerActivations(CellLayerInfo):
    """What one layer did in one direction, at every step."""

    activations: dict[Letter | PreActivation, Matrix] = Field(
        description="Arrays by letter, pre-activations by `a_` and the letter; row t belongs to token t."
    )


class LikelyOutput(BaseModel):
    """One of the most probable outputs after a step."""

    output: int = Field(ge=0, description="Its place among the outputs of the model card.")
    name: str = Field(description="Its name.")
    probability: float = Field(ge=0, le=1, description="Its probability.")
    unedited: float = Field(
        0, ge=0, le=1, description="Its probability after the same step without edits. Left out if there are none."
    )


LikelyOutputs = Annotated[list[LikelyOutput], Field(description="The most probable first.")]


Course = Annotated[list[float] | TypedArray, Field(description="(T,): a number for each step answered.")]


class Summary(BaseModel):
    """What all units of a layer do together at each step, also where fewer are sent."""

    mean: Course = Field(description="(T,): the mean over the units.")
    norm: Course = Field(description="(T,): the Euclidean norm.")
    greatest: Course = Field(description="(T,): the greatest absolute value.")


class TraceLayer(LayerActivations):
    """What one layer did in one direction, and which of its units are sent."""

    units: list[int] | None = Field(None, description="Unit of each column; left out unless `rows` asks for some.")
    first: int | None = Field(None, description="Place of the first of them in the order; left out without `rows`.")
    summary: dict[Letter | PreActivation, Summary] | None = Field(
        None, description="What all units do, by letter; left out unless asked for."
    )


class Outputs(BaseModel):
    """What the head gives after each step."""

    names: list[str] = Field(description="What each column is the probability of.")
    values: Annotated[
        list[list[float]] | TypedArray,
        Field(description="(T, outputs): probabilities in [0, 1], a row for each step."),
    ]


class TracedOutputs(Outputs):
    """What the head gives after each step: of all outputs, or, with ``top``, of the most probable."""

    names: list[str] = Field(description="What each column of `values` is the probability of. Empty with `top`.")
    values: Annotated[
        list[list[float]] | TypedArray,
        Field(description="(T, outputs): probabilities in [0, 1], a row for each step. (T, 0) with `top`."),
    ]
    top: list[LikelyOutputs] = Field(
        [], description="The most probable outputs after each step. Left out unless `top` was asked for."
    )
    expected: list[float | None] = Field(
        [],
        description="How probable each token was before it was read; null for the first step answered, and for a token "
        "without an output. Left out unless the model predicts the next token.",
    )


class TraceAnswer(TextAnswer):
    """Every gate, candidate and state of a network over a text."""

    units: list[int] | None = Field(
        description="Unit of each column; null: all units in order, or those that each layer names."
    )
    layers: list[TraceLayer] = Field(description="Layer by layer, forward before backward.")
    outputs: TracedOutputs = Field(description="Probabilities that the head gives, for each step answered.")
    read_norm: Course | None = Field(
        None,
        description="(T,): Euclidean norm of what a head reads, or would: h of the last layer, in all directions. Left "
        "out unless `summary` is asked for.",
    )
    edits: EditList = Field([], description="The edits that were applied, in their order. Left out if there are none.")
    notes: list[str] = Field(
        [],
        description="What to know about the edits, such as one that a later one makes void. Left out without edits.",
    )


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
    outputs: list[float] = Field(
        description="Probability of each output, in [0, 1], in the order of the model card. Empty with `top`."
    )
    top: LikelyOutputs = Field(
        [], description="The most probable outputs after this step. Left out unless `top` was asked for."
    )
