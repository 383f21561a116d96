"""The cells: one file each, one line each in the table. Nothing outside this folder knows one by its name."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from .cell import Cell

# The order in which the page shows them side by side.
FILES = (
    "lstm",
    "peephole_lstm",
    "gru",
    "rnn",
    "coupled_lstm",
    "mingru",
)

TABLE: tuple[Cell, ...] = tuple(cell for file in FILES for cell in import_module(f".{file}", __name__).CELLS)
"""Every cell in every variant."""

CELL_NAMES: tuple[str, ...] = tuple(dict.fromkeys(cell.name for cell in TABLE))
"""What a network's cell may be called."""

NAMES: dict[str, str] = {
    each.letter: each.name
    for is_state in (False, True)
    for cell in TABLE
    for each in cell.letters
    if (each.kind == "state") is is_state
}
"""The name of every activation, by its letter: gates and candidates, then states."""

GATES: frozenset[str] = frozenset(letter for cell in TABLE for letter in cell.gates)
"""The letters of all gates."""

if TYPE_CHECKING:
    CellName = str
    Variant = str
    Letter = str
    PreActivation = str
else:  # what pydantic checks and OpenAPI lists
    CellName = Literal[CELL_NAMES]
    Variant = Literal[tuple(cell.variant for cell in TABLE)]
    Letter = Literal[tuple(NAMES)]
    PreActivation = Literal[tuple(dict.fromkeys(each for cell in TABLE for each in cell.pre_activations))]


def cell_named(name: str, **options: Any) -> Cell:
    """Return the variant of a cell that the fields ``options`` of a network's description ask for.

    Raises ValueError if there is no such cell.
    """
    for cell in TABLE:
        if cell.name == name and all(
            options.get(field, value) == value for field, value in (cell.options or {}).items()
        ):
            return cell
    raise ValueError(f"there is no cell {name!r}: choose from {', '.join(CELL_NAMES)}")


def cell_of(module: object) -> Cell:
    """Return the cell whose equations a module of torch.nn follows. Raises TypeError if there is none.

    PyTorch reads the nonlinearity of a plain recurrent network from its ``mode``; modules saved by old versions have
    nothing else.
    """
    for cell in TABLE:
        if cell.computes(module):
            return cell
    raise TypeError(f"{type(module).__name__} is not an {modules_in_words('nn.')}")


def modules_in_words(prefix: str = "") -> str:
    """Return the classes of torch.nn that a cell computes, in words, each after ``prefix``: "A, B or C"."""
    *others, last = dict.fromkeys(f"{prefix}{cell.module.__name__}" for cell in TABLE if cell.module is not None)
    return f"{', '.join(others)} or {last}"
