"""The shape of an answer about limits; OpenAPI is made from it."""

from pydantic import BaseModel, Field

from ...recurrent.memory.plan import MemoryPart
from ...recurrent.ranking import KindName


class Limit(BaseModel):
    """A limit that an answer over all steps would pass."""

    setting: str = Field(description="The setting.", examples=["GATESCOPE_MAX_VALUES"])
    value: int = Field(ge=1, description="Its value: the most numbers that an answer may take.")
    numbers: int = Field(ge=1, description="How many an answer over all steps would take.")
    what: str = Field(description="What they are, in words.", examples=["numbers held at a time"])


class Fit(BaseModel):
    """How many steps an answer fits."""

    steps: int = Field(ge=0, description="How many of the steps asked about fit: all of them, or fewer; 0: not one.")
    of_one_layer: int | None = Field(
        None,
        ge=0,
        description="How many fit if a single layer is asked for; left out for answers that do not take `layers`.",
        exclude_if=lambda value: value is None,
    )
    limit: Limit | None = Field(description="The limit that an answer over all steps would pass; null: none.")


class MemoryFit(Fit):
    """How many steps an answer on memory fits, and how long it takes: an estimate, which may be wrong a few times."""

    seconds: float = Field(
        ge=0,
        description="About how long an answer over all steps computes, by the work that it is and the speed of this "
        "machine. Of `attribution` the least: it takes up to 24 times as long where the output is saturated.",
    )
    in_time: int = Field(
        ge=0,
        description="How many steps can be expected to end within `max_seconds`: they take half of it by the estimate. "
        "More are not refused, but may end in a 503.",
    )


class LimitsAnswer(BaseModel):
    """What fits the limits of this server. How long an answer takes is estimated only of memory."""

    model: str = Field(description="The model.")
    steps: int = Field(ge=1, description="The steps asked about.")
    layers: list[int] = Field(description="The layers asked about, of traces, experiments and memory.")
    trace: Fit = Field(
        description="A trace as JSON or NPZ, with every activation. As JSON lines and CSV it has no such limit."
    )
    experiment: Fit = Field(description="An experiment, with every activation.")
    max_seconds: float = Field(
        gt=0, description="The longest time that an answer is computed for (GATESCOPE_MAX_SECONDS)."
    )
    memory: MemoryFit = Field(description="Memory: the `parts` asked about, together. The steps are those answered.")
    memory_parts: dict[MemoryPart, MemoryFit] = Field(description="Memory: each part alone; those that the model has.")
    decomposition: Fit | None = Field(description="A decomposition; null: the cell has no path of memory.")
    rankings: dict[KindName, Fit] = Field(
        description="Rankings by kind, of all units and steps of the last layer; without those that the model does "
        "not have, and without `patches`, which are of two texts."
    )
