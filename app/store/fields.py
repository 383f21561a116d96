"""The fields of a model's JSON files, ``config.json`` and ``statistics.json``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_serializer,
    with_config,
)

from ..recurrent.cells import Letter
from ..recurrent.modules import Direction
from ..recurrent.network import NetworkConfig
from ..recurrent.tokenizer import TokenizerKind
from .columns import Column

T = TypeVar("T")

Share = Annotated[float, Field(ge=0, le=1)]
Many = Annotated[
    list[T], Field(fail_fast=True)
]  # one wrong element says enough; a large file may have a million of them
# Integers that a JSON encoder and PyTorch can hold.
Whole = Annotated[int, Field(ge=0, lt=2**63)]
Count = Annotated[int, Field(ge=1, lt=2**63)]
Seed = Annotated[int, Field(ge=-(2**63), lt=2**63)]


@with_config(ConfigDict(extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False))
@dataclass(frozen=True, kw_only=True)
class Start:
    """How a network, and the untrained networks that it is compared with, are initialised."""

    forget_bias: float = 1.0
    """The sum of the two biases of an LSTM's forget gates."""
    chrono: Whole = 0
    """Longest dependency that an LSTM's biases are sampled for (Tallec & Ollivier 2018); 0: use ``forget_bias``."""
    embedding_spread: Annotated[float, Field(ge=0)] = 0.1
    """Standard deviation of the embedding."""


class Metric(BaseModel):
    """A figure measured on held-out data."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: str = Field(description="What was measured, on which data.")
    value: float = Field(description="The figure for the shipped weights.")
    standard_error: float = Field(ge=0, description="Standard error of `value` over the held-out examples.")
    interval: tuple[float, float] | None = Field(
        default=None,
        description="95 % bootstrap interval of `value` over the held-out examples; null: there is only one example.",
    )
    unit: str = Field(
        default="share", description="The unit of `value`: share (of correct answers), bits per character …"
    )
    baselines: dict[str, float] = Field(default={}, description="Figures of baselines on the same examples, by name.")
    seeds: Many[float] = Field(default=[], description="The same figure for every training run, one per seed.")
    examples: Count = Field(description="How many held-out examples it was measured on.")


class NamedUnit(BaseModel):
    """The unit that tracks a feature of the text best.

    The unit and its sign were chosen on one part of the held-out texts, and all figures were measured on another.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    feature: str = Field(min_length=1, description="What it tracks: `bracket depth`.")
    layer: Whole = Field(description="Its layer, from 0.")
    direction: Direction = Field(description="Its direction.")
    activation: Letter = Field(description="Letter of the activation that tracks it.")
    unit: Whole = Field(description="The unit, from 0.")
    sign: Literal[-1, 1] = Field(description="-1 if the activation falls as the feature rises.")
    measure: Literal["r", "AUC"] = Field(
        description="What `score` is: Pearson's r for a numeric feature; for a feature that is true or false, the area "
        "under the ROC curve: the probability that the activation is greater at a step where it is true than at one "
        "where it is false, with ties counted half."
    )
    score: float = Field(
        ge=-1, le=1, description="`measure` of the activation times `sign`: at best 1; by chance 0 (r) or 0.5 (AUC)."
    )
    interval: tuple[float, float] = Field(description="95 % bootstrap interval of `score` over the texts.")
    untrained: Many[float] = Field(
        min_length=1,
        description="Score of the best unit of each untrained network of the same form, found in the same way, one "
        "per seed.",
    )
    close: int | None = Field(
        default=None,
        ge=1,
        description="How many units of this layer, direction and activation come close, this one included: those that "
        "reach `close_from`, rising or falling with the feature. null: not counted.",
    )
    close_from: float | None = Field(
        default=None, ge=0, le=1, description="Nine tenths of the way from chance to `score`, as |r| or AUC."
    )
    probe: float | None = Field(
        default=None,
        ge=-1,
        le=1,
        description="`measure` of the best linear combination of all states (a linear probe), fitted to the texts that "
        "the unit was chosen on. null: not measured.",
    )
    untrained_probes: Many[float] = Field(default=[], description="The same of each untrained network, one per seed.")
    texts: Count = Field(description="Number of held-out texts that it was measured on.")
    steps: Count = Field(description="Number of their steps where the feature applies.")


class ShareAgreement(BaseModel):
    """How the signed share of each word compares with its effect, over the words of held-out texts.

    The effect is the logit less that of a run in which the word is kept from being written. Intervals are 95 %
    bootstraps over the texts; null: there is only one text.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    texts: Count = Field(description="Number of held-out texts.")
    words: Count = Field(description="Number of their words, or characters.")
    large: Whole = Field(description="Number of words whose |share| is above 0.3.")
    same_sign: Share | None = Field(
        description="Of the words whose |share| is above 0.3: how many have an effect of the same sign, in [0, 1]; "
        "null: there are none."
    )
    same_sign_interval: tuple[Share, Share] | None = Field(default=None, description="Interval of `same_sign`.")
    correlation: float = Field(ge=-1, le=1, description="Pearson's r of share and effect, over all words.")
    correlation_interval: tuple[float, float] | None = Field(default=None, description="Interval of `correlation`.")


_SELDOM = ("input_size", "peepholes")  # of the fields of a network


class ModelConfig(BaseModel):
    """``config.json``: how to build a model, and facts about it."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(description="Name of the model, for people.")
    task: str = Field(description="What it was trained for; models with the same task take the same sentences.")
    description: str = Field(description="One sentence on what the outputs mean.")
    network: NetworkConfig = Field(description="Cell and sizes.")
    input: Literal["text", "numbers"] = Field(
        default="text",
        exclude_if=lambda value: value == "text",
        description="Whether it reads text, or numbers: one of each of `columns` at every step.",
    )
    columns: Many[Column] = Field(
        default=[],
        exclude_if=lambda value: not value,
        description="The numbers that it reads at each step, in order; only of a model that reads numbers.",
    )
    tokenizer: TokenizerKind | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="How text is split; null for a model that reads numbers.",
    )
    corrects_spelling: bool = Field(
        default=False,
        description="Whether a word outside the vocabulary is read as the nearest one in it, if they differ by one "
        "letter.",
    )
    language: str = Field(default="", description="The language of the texts that it learned from; empty: not said.")
    outputs: Many[str] = Field(
        default=[], description="Name of each number that the head gives after a step; empty: there is no head."
    )
    predicts_next: bool | None = Field(
        default=None,
        description="Whether the outputs predict the next token: every token of the vocabulary, except the unknown "
        "one, is then the name of one output. null: true if the outputs are the vocabulary, in the same order.",
    )
    verdict: str | None = Field(
        default=None,
        description="The output that the task is about, where outputs have a probability each; null: the only one, or "
        "none in particular.",
    )
    opposite: str = Field(
        default="", description="What the only output, or the verdict, near 0 means; empty if it has no name."
    )
    examples: Many[str] = Field(default=[], description="Sentences worth typing.")
    metrics: Many[Metric] = Field(default=[], description="Figures on held-out data.")
    units: Many[NamedUnit] = Field(default=[], description="Units that track a feature with a name.")
    unnamed: Many[NamedUnit] = Field(
        default=[],
        description="The best unit for each other feature that was looked for: it tracks it too loosely, or no better "
        "than a unit of an untrained network, so it is offered nowhere.",
    )
    shares: ShareAgreement | None = Field(
        default=None,
        description="How signed shares of the logit compare with experiments; null: the cell has no path of memory, or "
        "it was not measured.",
    )
    licence: str = Field(description="Licence of the weights.")
    seed: Seed | None = Field(default=None, description="Seed of the training run that gave these weights.")
    start: Start | None = Field(default=None, description="How the network was initialised; null: unknown.")
    weights_sha256: str = Field(pattern="^[0-9a-f]{64}$", description="SHA-256 of model.safetensors, in hexadecimal.")

    @field_serializer("network", mode="wrap")
    def _without_unused(self, network: NetworkConfig, write: SerializerFunctionWrapHandler) -> Mapping[str, Any]:
        """Leave out what most networks do not have, so that files of versions that did not know it stay as they are."""
        return {name: value for name, value in write(network).items() if name not in _SELDOM or value}


class ActivationStatistics(BaseModel):
    """One activation of one layer and direction over held-out text, unit by unit."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    layer: Whole = Field(description="The layer, from 0.")
    direction: Direction = Field(description="Its direction.")
    activation: str = Field(description="Letter of the activation.")
    mean: Many[float] = Field(description="(H,): mean of each unit, in the range of the activation.")
    standard_deviation: Many[float] = Field(description="(H,): standard deviation of each unit, at least 0.")
    left_saturated: Many[Share] | None = Field(
        default=None,
        description="(H,), only for a gate: share of the steps, in [0, 1], at which each unit is below 0.1 "
        "(Karpathy, Johnson & Fei-Fei 2015). null: not a gate, or not measured.",
    )
    right_saturated: Many[Share] | None = Field(
        default=None, description="(H,), only for a gate: share of the steps, in [0, 1], at which it is above 0.9."
    )


class Statistics(BaseModel):
    """``statistics.json``: statistics of the activations over held-out text."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    steps: Count = Field(description="Number of tokens that were averaged over.")
    activations: Many[ActivationStatistics] = Field(description="Layer by layer, forward before backward.")
    push_scale: float | None = Field(
        default=None,
        ge=0,
        description="How large the pushes of words get: the 99th percentile, over all steps, of the largest |share| of "
        "the verdict's logit at a step. null: no path of memory, no single verdict, or not measured.",
    )
