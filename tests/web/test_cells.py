"""What the page is told of each cell, and the stylesheet of their hues."""

import re

import pytest
from gatescope.recurrent.cells import TABLE
from gatescope.recurrent.cells.cell import Cell
from gatescope.web.cells import cell_info, stylesheet

CELLS = {cell.variant: cell for cell in TABLE}
INFOS = {variant: cell_info(cell) for variant, cell in CELLS.items()}


@pytest.mark.parametrize("cell", TABLE, ids=lambda cell: cell.variant)
def test_every_letter_has_a_panel_with_its_purpose(cell: Cell) -> None:
    panels = {each.letter: each.purpose for each in cell_info(cell).panels}
    assert panels == {each.letter: each.purpose for each in cell.letters}


@pytest.mark.parametrize(
    ("variant", "panels"),
    [
        ("lstm", "figcoh"),
        ("peephole lstm", "figcoh"),
        ("gru", "rznh"),
        ("rnn", "h"),
        ("coupled_lstm", "fgcoh"),
        ("mingru", "znh"),
    ],
)
def test_panels_stand_in_the_order_of_reading(variant: str, panels: str) -> None:
    assert "".join(each.letter for each in INFOS[variant].panels) == panels


@pytest.mark.parametrize(
    ("variant", "carrier", "keeps", "open_bias", "recurrent_weights"),
    [
        ("lstm", "c", "f", True, True),
        ("peephole lstm", "c", "f", True, True),
        ("gru", "h", "z", False, True),
        ("reset-before gru", "h", "z", False, True),
        ("rnn", "h", None, False, True),
        ("relu rnn", "h", None, False, True),
        ("coupled_lstm", "c", "f", True, True),
        ("mingru", "h", "(1 − z)", True, False),
    ],
)
def test_what_is_said_of_a_cell(
    variant: str, carrier: str, keeps: str | None, open_bias: bool, recurrent_weights: bool
) -> None:
    info = INFOS[variant]
    assert (info.carrier, info.keeps) == (carrier, keeps)
    assert (info.open_bias, info.recurrent_weights) == (open_bias, recurrent_weights)


def test_the_gate_that_coupling_sets_is_named_where_there_is_one() -> None:
    couples = {variant: info.couples for variant, info in INFOS.items() if info.couples}
    assert couples == {"lstm": "i", "peephole lstm": "i"}


def test_the_stylesheet_gives_every_cell_its_own_hue_and_no_letter_has_one() -> None:
    css = stylesheet()
    colors = {name: pair for name, *pair in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", css)}
    assert colors == {f"cell-{cell.name}": list(cell.hue) for cell in TABLE}
    swatches = re.findall(r'\.swatch\[data-cell="(\w+)"\] \{ --hue: var\(--([\w-]+)\); \}', css)
    assert dict(swatches) == {cell.name: f"cell-{cell.name}" for cell in TABLE}
