"""What the page is told of the cells: how each is explained, and the stylesheet of their hues."""

from pydantic import BaseModel

from ..recurrent.cells import TABLE
from ..recurrent.cells.cell import Cell, Line
from ..recurrent.cells.hues import Hue


class PanelInfo(BaseModel):
    """One panel of a picture."""

    letter: str
    purpose: str


class CellInfo(BaseModel):
    """What the page needs to explain a cell."""

    noun: str  # with its article: "an LSTM"
    panels: list[PanelInfo]  # in the order in which they are shown
    carrier: str  # letter of the state that carries the memory
    keeps: str | None  # the share of it that a step keeps; null where a step rewrites everything
    couples: str | None  # letter of the gate that `couple` sets by another; null where it has no two such gates
    open_bias: bool  # whether it has a gate whose bias may start open
    recurrent_weights: bool
    line: Line  # how its curves are drawn


def cell_info(cell: Cell) -> CellInfo:
    """Return what the page needs of ``cell``."""
    memory = cell.memory
    keeps = None if memory is None else memory.gate if memory.keeps_when == "open" else f"(1 − {memory.gate})"
    return CellInfo(
        noun=cell.noun,
        panels=[PanelInfo(letter=letter, purpose=cell[letter].purpose) for letter in cell.panels or cell.activations],
        carrier=cell.carrier,
        keeps=keeps,
        couples=cell.couples[0] if cell.couples else None,
        open_bias=bool(cell.open_bias),
        recurrent_weights=cell.has_recurrent_weights,
        line=cell.line,
    )


def stylesheet() -> str:
    """Return the hues of cells as CSS: ``--cell-lstm`` and the like, and ``--hue`` for the sample of a cell's line."""
    names = {cell.name: cell.hue for cell in TABLE}
    rules = [
        "/* The hue of each cell. */",
        ":root {",
        *(f"  --cell-{name}: {_light_dark(hue)};" for name, hue in names.items()),
        "}",
        *(f'.swatch[data-cell="{name}"] {{ --hue: var(--cell-{name}); }}' for name in names),
    ]
    return "\n".join(rules) + "\n"


def _light_dark(hue: Hue) -> str:
    return f"light-dark({hue.light}, {hue.dark})"
