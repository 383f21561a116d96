"""Where everything stands in the picture: heights from top to bottom, in pixels."""

from dataclasses import dataclass
from typing import Protocol

from .gates import HEIGHT as GATE_ROW
from .input_curves import height_of
from .subject import Subject
from .total import WIDTH as SUM
from .unit_row import HEIGHT as UNIT

GUTTER = 140.0
LEAST_CHART = 180.0
LOW = 620.0  # px: a picture that is not as high as this has a flatter verdict
WORDS = 54.0
GAP = 30.0  # between the gates that write and the memory
GAP_BELOW_WORDS = 16.0  # where no gates stand between
LEAST_MEMORY = 120.0


class Place(Protocol):
    """Where a memory is drawn."""

    @property
    def base(self) -> float:
        """The y of its lower edge."""

    @property
    def memory(self) -> float:
        """Its height."""


@dataclass(frozen=True)
class Frame:
    """The places of a picture ``width`` × ``height``."""

    width: float
    height: float
    verdict: float  # height of the curve, or of surprises; 0 without either
    above: int  # rows of gates over the memory
    below: int
    unit: float = 0.0  # height of the row of a unit that is named
    inputs: float = 0.0  # height of the curves above all else, by which the picture is higher

    @classmethod
    def of(cls, subject: Subject, width: float, height: float, *, has_gates: bool = True) -> "Frame":
        """Return the frame of a picture of ``subject``, with its rows of gates or without."""
        rows = len(subject.rows) if has_gates else 0
        above = min(rows, 1)
        has_curve = subject.verdict is not None or bool(subject.terms.next_outputs)
        curve = 0.0 if not has_curve else 64.0 if height < LOW or subject.verdict is None else 92.0
        unit, inputs = 0.0 if subject.unit is None else UNIT, height_of(subject.inputs)
        return cls(width, height, curve, above, rows - above, unit, inputs)

    @property
    def rows(self) -> int:
        """How many rows of gates there are."""
        return self.above + self.below

    @property
    def chart(self) -> float:
        """Width of the part with the columns."""
        return max(self.width - GUTTER - SUM, LEAST_CHART)

    @property
    def verdict_top(self) -> float:
        """The y of probability 1."""
        return 18.0 + self.inputs

    @property
    def words(self) -> float:
        """The y at which the row of words begins."""
        return self.verdict_top + self.verdict + 16 if self.verdict else self.inputs

    @property
    def writes(self) -> float:
        """The y at which the row of gates that write begins."""
        return self.words + WORDS

    @property
    def memory_top(self) -> float:
        """The y of the upper edge of the memory."""
        return self.writes + self.above * GATE_ROW + (GAP if self.above else GAP_BELOW_WORDS)

    @property
    def base(self) -> float:
        """The y of the lower edge of the memory."""
        return max(self.height + self.inputs - self.below * GATE_ROW - 8 - self.unit, self.memory_top + LEAST_MEMORY)

    @property
    def bottom(self) -> float:
        """The y at which the picture ends."""
        return self.unit_top + self.unit

    @property
    def unit_top(self) -> float:
        """The y at which the row of a named unit begins."""
        return self.base + self.below * GATE_ROW + 8

    @property
    def memory(self) -> float:
        """The height of the memory."""
        return self.base - self.memory_top

    def row(self, place: int) -> float:
        """Return the y at which a row of gates begins."""
        return self.writes if place < self.above else self.base + 8 + (place - self.above) * GATE_ROW
