"""The shapes of requests for experiments, and of their answers; OpenAPI is made from them."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from ...recurrent.cells import Letter, PreActivation
from ..traces.schemas import LayerActivations, LikelyOutput, RunBody, TracedOutputs
from ..wire.edits import EditList
from ..wire.schemas import CellLayerInfo, TextAnswer, TypedArray, without_repeats


class ExperimentBody(RunBody):
    """What to run without edits and with them, and which part of both is wanted: all, unless a field says otherwise."""

    activations: Annotated[
        list[Letter] | None,
        Field(fail_fast=True, json_schema_extra={"uniqueItems": True}),
        AfterValidator(without_repeats),
    ] = Field(
        None, description="Gates, candidate and states by letter, none twice. An empty list: only what the outputs do."
    )


Rows = list[list[float]] | TypedArray


ABOUT_TOP = "Left out unless `top` was asked for."


class ExperimentLikelyOutput(LikelyOutput):
    """One of the most probable outputs after a step of a run."""

    logit: float = Field(description="What the sigmoid or softmax is taken of.")


class ExperimentOutputs(TracedOutputs):
    """What the head gives after each step: of all outputs, or, with `top`, of the most probable of the run."""

    logits: Annotated[
        Rows,
        Field(
            description="(T, outputs): what the sigmoid or softmax is taken of. Of a softmax, only the difference of "
            "two logits of the same step means something. (T, 0) with `top`."
        ),
    ]
    top: list[list[ExperimentLikelyOutput]] = Field(  # type: ignore[assignment]  # a list of more of the same
        [], description=f"The most probable outputs after each step. {ABOUT_TOP}"
    )


class ChangedOutput(BaseModel):
    """What the edits changed of one output after a step."""

    output: int = Field(ge=0, description="Its place among the outputs of the model card.")
    name: str = Field(description="Its name.")
    probability: float = Field(ge=-1, le=1, description="Edited minus original probability.")
    logit: float = Field(description="Edited minus original logit.")


class ExperimentRun(BaseModel):
    """One of the two runs, as in a trace."""

    layers: list[LayerActivations] = Field(description="Layer by layer, forward before backward.")
    outputs: ExperimentOutputs = Field(description="What the head gives, for each step answered.")


class LayerDifference(CellLayerInfo):
    """What the edits changed in one layer and direction, at every step."""

    activations: dict[Letter | PreActivation, Annotated[Rows, Field(description="(T, H).")]] = Field(
        description="Edited minus original, by letter; 0 where nothing changed."
    )


class OutputDifference(BaseModel):
    """What the edits changed after the head."""

    names: list[str] = Field(description="What each column is of. Empty with `top`.")
    values: Rows = Field(description="(T, outputs): edited minus original probability, in [-1, 1]. (T, 0) with `top`.")
    logits: Rows = Field(description="(T, outputs): edited minus original logit. (T, 0) with `top`.")
    top: list[list[ChangedOutput]] = Field(
        [], description=f"What changed of the outputs that are most probable in the edited run. {ABOUT_TOP}"
    )


class ExperimentDifference(BaseModel):
    """The edited run minus the original."""

    layers: list[LayerDifference] = Field(description="Layer by layer, forward before backward.")
    outputs: OutputDifference = Field(description="What changed in the outputs, for each step answered.")


class ExperimentAnswer(TextAnswer):
    """A text run without edits and with them, and the difference of the two."""

    units: list[int] | None = Field(description="Unit of each column; null: all units in order.")
    original: ExperimentRun = Field(description="The run without edits.")
    edited: ExperimentRun = Field(description="The run with the edits.")
    difference: ExperimentDifference = Field(description="Edited minus original.")
    edits: EditList = Field(description="The edits that were applied, in their order.")
    notes: list[str] = Field(description="What to know about the edits, such as one that a later one makes void.")
