"""The fields of ``import.json``: how a model was read from the file of another framework, and what proves it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MOST_UNUSED = 1_000  # names of tensors that a report lists
HEAD_LEFT_OUT = ("the head is not complete", "the head is not imported")
"""What a remark on a head that was not imported begins with."""

Difference = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class PlacedTensor(BaseModel):
    """What became of one tensor of the file."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(description="Its name in the file.")
    shape: list[int] = Field(description="Its shape in the file.")
    target: str = Field(description="Its place in the network: layer, direction and weight, the embedding or the head.")
    change: str = Field(default="", description="What was done to it; empty: it was taken as it is.")


class RecognisedConvention(BaseModel):
    """A choice that frameworks make differently."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(description="What had to be decided.")
    answer: str = Field(description="What was decided.")
    reason: str = Field(description="Why: what in the file says so, or who answered.")


class Comparison(BaseModel):
    """How far two implementations are apart."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field(description="What was compared with: the source framework's engine, or its equations.")
    kind: Literal["engine", "equations"] = Field(
        description="engine: the framework's own, in the precision of the weights; equations: a loop in float64."
    )
    difference: Difference = Field(
        description="Largest difference of h of the last layer over all steps, relative where a number exceeds 1."
    )


class GateOrder(BaseModel):
    """What the network would be if the row blocks of its weights had another order."""

    model_config = ConfigDict(extra="forbid")

    order: str = Field(description="The order in which the row blocks are read: `i f g o`.")
    difference: Difference = Field(description="Largest difference of h from the equations in float64.")
    bits: Difference | None = Field(
        default=None, description="Bits per token of the text; null: the model predicts no tokens."
    )


class ImportReport(BaseModel):
    """``import.json``: where a model came from, how it was read, and the comparison that it passed."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(description="Name of the file or folder.")
    sha256: str = Field(default="", description="SHA-256 of the file, in hexadecimal; empty for a folder.")
    format: str = Field(description="Its format: PyTorch, safetensors …")
    module: str = Field(default="", description="The recurrent network in it, by name; empty: the file is the network.")
    version: str = Field(description="The version of Gatescope that imported it.")
    placed: list[PlacedTensor] = Field(description="Which tensor became what.")
    conventions: list[RecognisedConvention] = Field(description="Which conventions were recognised, and why.")
    unused: list[str] = Field(default=[], description=f"Tensors that were left unused, at most {MOST_UNUSED:,}.")
    remarks: list[str] = Field(default=[], description="What was not, or could not be, imported.")
    steps: list[int] = Field(description="The lengths of the sequences that were compared.")
    inputs: str = Field(description="What they held.")
    comparisons: list[Comparison] = Field(description="How far Gatescope is from each reference.")
    engine_error: Difference | None = Field(
        default=None, description="How far the framework's engine is from the equations; null: it was not there."
    )
    allowed: Difference = Field(description="How far Gatescope may be from the equations.")
    orders: list[GateOrder] = Field(default=[], description="The right order of the gates first, then each wrong one.")
    text: str = Field(default="", description="What `bits` were measured on; empty: nothing.")

    @property
    def leaves_head_out(self) -> bool:
        """Whether the source has a head that was not imported: a remark tells why."""
        return any(each.startswith(HEAD_LEFT_OUT) for each in self.remarks)

    @property
    def error(self) -> float:
        """How far Gatescope is from the equations in float64."""
        return next(each.difference for each in self.comparisons if each.kind == "equations")

    @property
    def holds(self) -> bool:
        """Whether Gatescope computes what the source does."""
        return self.error <= self.allowed

    @property
    def verdict(self) -> str:
        """The outcome in one sentence, with its numbers."""
        engine = next((each.reference for each in self.comparisons if each.kind == "engine"), "")
        equations = next(each.reference for each in self.comparisons if each.kind == "equations")
        by = f", and so is h of {engine} by {self.engine_error:.1e}" if engine and self.engine_error is not None else ""
        outcome = "within" if self.holds else "more than"
        lengths = ", ".join(map(str, self.steps))
        return (
            f"Over {lengths} steps, Gatescope's h is off {equations} by at most {self.error:.1e}{by}: {outcome} "
            f"the {self.allowed:.1e} that rounding explains."
        )
