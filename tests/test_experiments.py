"""docs/experiments.md says of every cell and letter what an edit changes: as the table of cells has it."""

import re

import pytest
from documentation import read, table
from gatescope.recurrent.cells import TABLE
from gatescope.recurrent.cells.cell import Cell
from gatescope.recurrent.edits import OPERATIONS

PAGE = "docs/experiments.md"
HEADINGS = {
    "peephole lstm": "LSTM with peepholes",
    "reset-before gru": "GRU with its reset before the product",
    "relu rnn": "RNN with relu",
}


def spelt(formula: str, edited: str = "") -> str:
    """A formula of a cell with the letter that is edited marked, and states of the step before as c₋."""
    marked = re.sub(r"\{(\w)-\}", lambda match: f"{match[1]}₋", formula)
    return re.sub(r"\{(\w)\}", lambda match: f"{match[1]}̃" if match[1] == edited else match[1], marked)


def computed(cell: Cell, letter: str) -> str:
    """What an activation is before an edit."""
    for equation in cell.equations:
        if equation.of == letter:
            return spelt(equation.formula)
    return f"σ(a_{letter})" if cell[letter].kind == "gate" else f"tanh(a_{letter})"


def follows(cell: Cell, letter: str) -> str:
    """What is computed from the edited activation, in the same step and in the next."""
    here = [f"{each.of} = {spelt(each.formula, letter)}" for each in cell.equations if f"{{{letter}}}" in each.formula]
    if letter == "c" and "o" in cell.peepholes:  # which sees the new c: its sum is not an equation of the page
        here.insert(0, "a_o = … + p_o·c̃")
    later = []
    if letter in cell.states:
        later = [f"{letter}₋ of the next step"]
        if letter == "h":
            later += ["the layer above, or the head"]
    return "; ".join(here + later)


def rows(cell: Cell) -> list[str]:
    return [f"| `{letter}` | {computed(cell, letter)} | {follows(cell, letter)} |" for letter in cell.activations]


@pytest.mark.parametrize("cell", TABLE, ids=lambda cell: cell.variant)
def test_the_page_has_the_edited_equations_of_every_cell(cell: Cell) -> None:
    heading = HEADINGS.get(cell.variant, cell.title)
    expected = "\n".join(
        [f"### {heading}", "", "| letter | before the edit | what follows |", "|---|---|---|", *rows(cell)]
    )
    assert expected in read(PAGE), f"put this into {PAGE}:\n\n{expected}\n"


def test_the_page_lists_every_operation() -> None:
    assert [re.findall(r'"(\w+)"', row[0])[0] for row in table(PAGE, "operation")] == list(OPERATIONS)
