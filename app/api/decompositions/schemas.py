"""The shapes of requests for decompositions, and of their answers; OpenAPI is made from them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...recurrent.cells import Letter
from ...recurrent.modules import Direction
from ..wire.edits import ABOUT_EDITS, EXAMPLE, EditList
from ..wire.schemas import (
    WHICH_OUTPUT,
    CellLayerInfo,
    Choice,
    Encoding,
    Input,
    OutputChoice,
    TokenInfo,
    TypedArray,
)

DecompositionPart = Literal[
    "amounts", "remaining", "new", "shares", "cancellation", "memory_weights", "change", "effects"
]

Row = list[float | None]
Columns = Annotated[
    list[Row] | TypedArray,
    Field(description="(T, K): a row for each step, a column for each of `columns`."),
]
Units = Annotated[
    list[Row] | TypedArray,
    Field(description="(n, H): a row for each step, or for each of `columns`; a column for each unit."),
]


class DecompositionBody(Input):
    """Which memory to decompose, over which text, and what is wanted of it."""

    model_config = ConfigDict(strict=True)

    layer: int | None = Field(None, ge=0, description="The layer, from 0; null: the last, the only one with shares.")
    direction: Direction = Field("forward", description="Its direction.")
    output: OutputChoice = Field(
        None, description=f"The output whose logit the shares add up to, {WHICH_OUTPUT}", examples=[[0]]
    )
    parts: Choice[DecompositionPart] = Field(
        None,
        description="What is wanted; null: all but `effects`, which take a run for each word. `amounts` how much of "
        "what each word wrote is left; `remaining` and `new` shares of what is there; `shares` of the logit, and their "
        "`cancellation`; `memory_weights`; `change` of the shares, by forgetting and by letting out; `effects` of "
        "keeping each word from being written.",
    )
    source: int | None = Field(None, ge=0, description="A column that is wanted unit by unit, at every step.")
    time: int | None = Field(None, ge=0, description="A step at which all columns are wanted unit by unit.")
    edits: EditList = Field([], description=ABOUT_EDITS, examples=[EXAMPLE])
    encoding: Encoding = Field("numbers", description="Matrices as nested numbers, or as typed arrays in base64.")


class DecomposedOutput(BaseModel):
    """What the shares add up to, together with the bias."""

    output: str = Field(description="The output.")
    against: str | None = Field(description="The one whose logit is subtracted; null: none.")
    bias: float = Field(description="The head's bias. With the shares of all directions it makes the logit.")


class ShareChange(BaseModel):
    """How each share changes from one step to the next: the two add up to the change.

    null (in base64 NaN) where there is nothing to compare with: for a word from its own row on, and in the row of the
    first step that is taken.
    """

    forgetting: Columns = Field(description="By what the step forgets: ½ (P₁ − P₀)(γ₀ + γ₁) · w.")
    letting_out: Columns = Field(description="By how much of the state is let out: ½ (P₀ + P₁)(γ₁ − γ₀) · w.")


class Experiment(BaseModel):
    """The edit that keeps a word from being written, at the steps that it is made at."""

    letter: Letter = Field(description="The gate.")
    hold: float = Field(description="What it is held at.")
    layer: int = Field(ge=0, description="The layer of the decomposition.")
    direction: Direction = Field(description="Its direction.")


class DecompositionUnits(BaseModel):
    """One column at every step, or all columns at one step, unit by unit."""

    source: int | None = Field(description="The column; null: all.")
    time: int | None = Field(description="The step; null: all.")
    parts: Units = Field(description="What is left of what was written, signed.")
    shares: Units | None = Field(description="Their shares of the logit; null: of a lower layer.")
    memory_weights: Units | None = Field(description="Their weights in the state; null as in `memory_weights`.")


class DecompositionAnswer(CellLayerInfo):
    """What the memory of one layer and direction is made of at each step. What was not asked for is left out.

    Exact, but not causal: gates depend on earlier words. `experiment` says how to see what a word does.
    """

    model: str = Field(description="The model that ran.")
    steps: int = Field(ge=1, description="T: tokens of the text.")
    tokens: list[TokenInfo] = Field(description="The tokens.")
    state: Letter = Field(description="The letter of the state that is decomposed.")
    columns: list[str] = Field(
        description="What each of the K columns is of: the T words as they were read, the initial state, and each edit "
        "of a state of this layer and direction, in the short form."
    )
    logit: DecomposedOutput | None = Field(description="What the shares add up to; null: a lower layer has none.")
    experiment: Experiment = Field(description="What keeps a word from being written.")
    amounts: Columns | None = Field(None, description="Σ over units of |what is left at step t of what k wrote|.")
    remaining: Row | None = Field(
        None, description="(T,): of what was there at the step before, how much is left; null: nothing was there."
    )
    new: Row | None = Field(
        None, description="(T,): of what is there, how much this step wrote; null: nothing is there."
    )
    shares: Columns | None = Field(
        None, description="Signed shares of the logit: they add up to it, less the bias; null: a lower layer has none."
    )
    cancellation: Row | None = Field(
        None, description="(T,): Σ |shares| / |Σ shares|; null: a lower layer, or they cancel out to 0."
    )
    memory_weights: Columns | None = Field(
        None,
        description="Weight of each candidate in the state, the mean over units: rows add up to 1. null: a cell that "
        "does not write 1 − what it keeps.",
    )
    change: ShareChange | None = Field(None, description="How shares change; null: a lower layer has none.")
    effects: list[float] | None = Field(
        None,
        description="(T,): the logit after the last step in a run with `experiment` at this word, less that without; "
        "null: a lower layer. Only if it is named in `parts`.",
    )
    per_unit: DecompositionUnits | None = Field(None, description="Unit by unit, with `source` or `time`.")
    edits: EditList = Field([], description="The edits that were applied, in their order. Left out if there are none.")
    notes: list[str] = Field(
        [],
        description="What to know about the edits, such as one that a later one makes void. Left out without edits.",
    )
