"""Words: what follows if each word is kept from being written into the memory."""

from ..cells.cell import Cell
from ..decomposition.path import memory_of
from ..edits.hold import Hold
from .kind import Choices, Kind


def _operation(cell: Cell, _: Choices) -> Hold:
    return Hold(memory_of(cell.name).writes_nothing[1])


KIND = Kind(
    name="words",
    purpose="each word kept from being written into the memory",
    takes=frozenset({"steps"}),
    each_step=True,
    letters=lambda cell: memory_of(cell.name).writes_nothing[0],
    operation=_operation,
)
