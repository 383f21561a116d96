"""Gates: what follows if each gate at each step does what it does on average."""

from ..cells.cell import Cell
from ..edits.ablate import Ablate
from ..option_error import OptionError
from .kind import Choices, Kind


def _letters(cell: Cell) -> str:
    if not cell.gates:
        raise OptionError("kind", f"{cell.noun} has no gates: rank its units or patches")
    return cell.gates


def _operation(_: Cell, choices: Choices) -> Ablate:
    return Ablate.parse(choices.to or "mean")


KIND = Kind(
    name="gates",
    purpose="each gate, or the letter named, at each step held at its held-out mean",
    takes=frozenset({"letter", "to", "steps"}),
    each_step=True,
    letters=_letters,
    operation=_operation,
)
