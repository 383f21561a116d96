"""The shapes of requests for rankings, and of their answers; OpenAPI is made from them."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from ...recurrent.cells import Letter
from ...recurrent.edits.data import schema
from ...recurrent.modules import Direction
from ...recurrent.ranking import KINDS, KindName
from ...recurrent.ranking.kind import Value
from ...recurrent.ranking.plan import MOST_DRAWS, By
from ..wire.edits import ABOUT_EDITS, EXAMPLE, EditList
from ..wire.schemas import WHICH_OUTPUT, CellLayerInfo, Choice, Index, Input, OutputChoice, TokenInfo, WellFormedText
from ..wire.values import Rows

EditData = Annotated[dict[str, Any], WithJsonSchema(schema())]


class RankingBody(Input):
    """What to rank, over which text, and by its effect on which output."""

    model_config = ConfigDict(strict=True)

    kind: KindName = Field(
        "units", description="; ".join(f"`{kind.name}`: {kind.purpose}" for kind in KINDS.values()) + "."
    )
    layer: int | None = Field(None, ge=0, description="The layer, from 0; null: the last.")
    direction: Direction = Field("forward", description="Its direction.")
    output: OutputChoice = Field(
        None, description=f"The output whose logit effects are on, {WHICH_OUTPUT}", examples=[[0]]
    )
    letter: Letter | None = Field(
        None,
        description="Of `units` and `patches`, the activation; null: the state that carries information on. Of "
        "`gates`, one gate; null: all.",
    )
    to: Value | None = Field(
        None,
        description="Of `units` and `gates`, what stands in the place of the activation: `zero`, or each unit's "
        "held-out `mean`; null: zero for units, and the mean for gates.",
    )
    other: WellFormedText | None = Field(
        None, description="Of `patches`, the text to take values from, of as many tokens.", examples=[None]
    )
    other_values: Rows | None = Field(
        None, description="Of `patches` of a model that reads numbers, the values to take from, of as many steps."
    )
    units: Choice[Index] = Field(None, description="Of `units` and `patches`, those to rank; null: all.")
    steps: Choice[Index] = Field(
        None, description="The steps to rank, or, of `units`, those at which they are silenced; null: all."
    )
    by: By = Field(
        "size",
        description="The order: the greatest effect first (`size`), or what makes the logit rise or fall most.",
    )
    together: list[Annotated[int, Field(ge=1)]] | None = Field(
        None, description="How many of the first parts to edit together; null: 1, 2, 4 … and all."
    )
    edits: EditList = Field(
        [], description=f"What every run has besides, the plain one included. {ABOUT_EDITS}", examples=[EXAMPLE]
    )
    draws: int = Field(
        0, ge=0, le=MOST_DRAWS, description="How many groups of each size to draw at random, to compare with."
    )


class RankedOutput(BaseModel):
    """What effects are on, and what it is in the plain run."""

    output: str = Field(description="The output.")
    against: str | None = Field(description="The one whose logit is subtracted; null: none.")
    value: float = Field(description="The logit after the last step, less that of `against`.")
    probability: float = Field(ge=0, le=1, description="The probability of the output.")


class RankedPart(BaseModel):
    """A part of the layer, and what its edit does."""

    letter: Letter = Field(description="What is edited.")
    unit: int | None = Field(description="The unit; null: all that were asked for.")
    step: int | None = Field(description="The step; null: all that were asked for.")
    effect: float = Field(description="The logit in the edited run, less that in the plain one.")
    probability: float = Field(ge=0, le=1, description="The probability of the output in the edited run.")


class RankedGroup(BaseModel):
    """The first of the parts, edited together."""

    size: int = Field(ge=1, description="How many.")
    effect: float = Field(description="Their joint effect.")
    probability: float = Field(ge=0, le=1, description="The probability of the output.")
    random: list[float] = Field(description="The effects of as many parts drawn at random, one for each draw.")


class RankingAnswer(CellLayerInfo):
    """Which parts of a layer matter for an output: what an edit of each does to it after the last step."""

    model: str = Field(description="The model that ran.")
    kind: KindName = Field(description="What was done.")
    steps: int = Field(ge=1, description="T: tokens of the text.")
    tokens: list[TokenInfo] = Field(description="The tokens.")
    logit: RankedOutput = Field(description="What effects are on.")
    operations: list[EditData] = Field(
        description="What is done to all parts at once: an edit for each letter. That of a part has its unit and step."
    )
    parts: list[RankedPart] = Field(description="The parts, in the order asked for.")
    groups: list[RankedGroup] = Field(description="The first of them together.")
    edits: EditList = Field([], description="The edits that every run has, in their order. Left out if there are none.")
    notes: list[str] = Field([], description="What to know about those edits. Left out without edits.")
