"""What gates and candidates are said to do, against what the path of memory does with them."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from gatescope.recurrent.cells import TABLE, cell_named
from gatescope.recurrent.cells.cell import Cell

with_memory = pytest.mark.parametrize(
    "cell", [cell for cell in TABLE if cell.memory is not None], ids=lambda cell: cell.variant
)


def amounts(cell: Cell, verb: str, activations: dict[str, Any]) -> Any:
    """Return how much the cell does of what ``verb`` says."""
    [role] = [role for role in cell.roles if role.verb == verb]
    return role.of(activations)


@with_memory
def test_what_is_said_to_keep_and_to_write_does_so(cell: Cell) -> None:
    random = np.random.default_rng(0)
    activations = {letter: random.uniform(0.1, 0.9, 5) for letter in cell.activations}
    memory = cell.memory
    assert memory is not None
    np.testing.assert_array_equal(amounts(cell, "keeps", activations), memory.keep(activations))
    written = amounts(cell, "writes", activations) * amounts(cell, "proposes", activations)
    np.testing.assert_array_equal(written, memory.write(activations))


@with_memory
def test_what_is_said_to_let_out_scales_h(cell: Cell) -> None:
    random = np.random.default_rng(0)
    activations = {letter: random.uniform(0.1, 0.9, 5) for letter in cell.activations}
    lets_out = [role.of(activations) for role in cell.roles if role.verb == "lets out"]
    assert cell.memory is not None
    assert bool(lets_out) is (cell.memory.let_out is not None)
    if cell.memory.let_out is not None:
        ratio = np.tanh(activations[cell.memory.state]) / activations[cell.memory.state]
        np.testing.assert_allclose(cell.memory.let_out(activations), lets_out[0] * ratio, rtol=1e-15)


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("lstm", "writes i, keeps f, lets out o"),
        ("gru", "writes 1 − z, keeps z, uses the past r"),
        ("rnn", ""),
        ("coupled_lstm", "writes 1 − f, keeps f, lets out o"),
        ("mingru", "writes z, keeps 1 − z"),
    ],
)
def test_the_rows_of_the_first_screen(name: str, rows: str) -> None:
    assert ", ".join(f"{role.verb} {role.symbol}" for role in cell_named(name).rows) == rows


@with_memory
def test_each_gate_needs_a_role(cell: Cell) -> None:
    fewer = [role for role in cell.roles if role.letter != cell.gates[0]]
    with pytest.raises(ValueError, match=rf"^roles of the cell '{cell.variant}' are \[.*\]: each of '.*' needs one$"):
        dataclasses.replace(cell, roles=fewer)
