"""The shapes of answers on models; OpenAPI is made from them."""

from typing import Literal

from pydantic import BaseModel, Field

from ...recurrent.cells import CellName, Letter, Variant
from ...recurrent.network import NetworkConfig
from ...recurrent.reading import MANY
from ...recurrent.tokenizer import TokenizerKind
from ...store.columns import Column
from ...store.fields import Metric, NamedUnit, ShareAgreement


class ActivationInfo(BaseModel):
    """What an activation is."""

    letter: Letter = Field(description="Its letter in the PyTorch documentation.")
    name: str = Field(description="Its name: `forget gate`.")
    kind: Literal["gate", "candidate", "state"] = Field(description="Its role in the cell.")
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
    input: Literal["text", "numbers"] = Field(
        description="Whether calls about it take a `text`, or `values` of its `columns`."
    )


class BrokenModel(BaseModel):
    """A model folder that cannot be used."""

    id: str = Field(description="Name of the folder.")
    reason: str = Field(description="Which file is wrong, and why.")


class ModelList(BaseModel):
    """Every model of this server."""

    models: list[ModelSummary] = Field(description="Models that serve.")
    broken: list[BrokenModel] = Field(description="Models that are installed but cannot be used.")


FIRST = f"Of more than {MANY:,}, only the first {MANY:,}: `GET …/outputs` has the others."


class OutputNames(BaseModel):
    """Some of the outputs of a model, in their order."""

    model: str = Field(description="The model.")
    count: int = Field(ge=0, description="How many outputs its head gives.")
    offset: int = Field(ge=0, description="Place of the first of these.")
    names: list[str] = Field(description="Name of each of them.")
    tokens: list[int | None] = Field(
        description="For each of them, the `id` of the token that it says how likely it is to come next; null for an "
        "output without one. Empty unless the model predicts the next token."
    )


class ModelCard(ModelSummary):
    """All that is known about a model."""

    variant: Variant = Field(
        description="The form of the cell: its name for the usual one. Forms of one cell compute different things."
    )
    description: str = Field(description="What its outputs mean.")
    network: NetworkConfig = Field(description="Cell and sizes.")
    parameters: int = Field(ge=1, description="Number of trained parameters, the embedding and the head included.")
    recurrent_parameters: int = Field(ge=1, description="Number of parameters of the recurrent layers.")
    activations: list[ActivationInfo] = Field(description="What a trace of this model holds, in order.")
    columns: list[Column] = Field(
        description="The numbers that it reads at each step: (x − mean) / scale of each x given. Empty: it reads text."
    )
    tokenizer: TokenizerKind | None = Field(description="How text is split; null: it reads numbers.")
    language: str = Field(description="The language of the texts that it learned from; empty where it is not said.")
    outputs: list[str] = Field(
        description=f"Name of each number that the head gives after a step; empty: there is no head. {FIRST}"
    )
    opposite: str = Field(description="What the only output, or the verdict, near 0 means; empty where it has no name.")
    predicts_next: bool = Field(
        description="Whether the outputs say which token comes next: every token of the vocabulary, except the unknown "
        "one, is then the name of one output. There may be further outputs: for the unknown token, for the end of the "
        "text."
    )
    next_outputs: list[int | None] = Field(
        description="For each token, by its `id`, the place of the output that says how likely it is to come next; "
        f"null for a token without one. Empty unless `predicts_next`. {FIRST}"
    )
    examples: list[str] = Field(description="Sentences worth typing.")
    metrics: list[Metric] = Field(description="Figures on held-out data.")
    units: list[NamedUnit] = Field(description="Units that track something that can be named; the best for each thing.")
    shares: ShareAgreement | None = Field(
        description="How signed shares of the logit compare with experiments over held-out texts; null where the cell "
        "has no path of memory, or it was not measured."
    )
    licence: str = Field(description="Licence of the weights.")
    weights_sha256: str = Field(description="SHA-256 of the weights, in hexadecimal.")
