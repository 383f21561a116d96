"""What a kind of ranking is: one operation, and the parts of a layer that it is done to, one at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from ..cells.cell import Cell
from ..edits.edit import Layers, Operation
from ..option_error import OptionError

Value = Literal["zero", "mean"]


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a caller may choose of a ranking's operation; a kind says which of it it takes. None: as the kind has it."""

    letter: str | None = None
    to: Value | None = None
    other: "str | Layers | Sequence[Sequence[float]] | None" = None
    units: Sequence[int] | None = None
    steps: Sequence[int] | None = None


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of ranking, in a layer and direction."""

    name: str
    purpose: str
    """What is done to each part, in one phrase for the documentation."""
    takes: frozenset[str]
    """The fields of ``Choices`` that have a meaning here."""
    each_unit: bool = False
    """Whether the units of a letter are parts of their own."""
    each_step: bool = False
    """Whether its steps are."""
    letters: Callable[[Cell], Sequence[str]]
    """The letters that are ranked unless one is chosen. Raises OptionError or NoPathError if the cell has none."""
    operation: Callable[[Cell, Choices], Operation]
    """What is done to a part. Raises OptionError if a choice is missing or wrong."""

    def require(self, choices: Choices) -> None:
        """Raise OptionError for a choice that is not taken here."""
        for name, value in vars(choices).items():
            if value is not None and name not in self.takes:
                taken = ", ".join(sorted(self.takes)) or "none of them"
                raise OptionError(name, f"is not taken by {self.name!r}, which takes {taken}: leave it out")


def state_of(cell: Cell) -> str:
    """Return the letter of the state that carries information on: c of an LSTM, h of a GRU or a plain RNN."""
    return "h" if cell.memory is None else cell.memory.state
