"""Units: what follows if each unit of an activation is silenced."""

from ..cells.cell import Cell
from ..edits.ablate import Ablate
from .kind import Choices, Kind, state_of


def _operation(_: Cell, choices: Choices) -> Ablate:
    return Ablate.parse(choices.to or "zero")


KIND = Kind(
    name="units",
    purpose="each unit of a state, or of the letter named, silenced at all steps",
    takes=frozenset({"letter", "to", "units", "steps"}),
    each_unit=True,
    letters=state_of,
    operation=_operation,
)
