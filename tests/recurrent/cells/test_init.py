"""The table of cells: what it says of each, what it refuses, and that nothing else knows a cell by its name."""

import dataclasses
import math
import re
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.recurrent import cells
from gatescope.recurrent.cells.cell import Cell, CellWeights, tanh_ratio
from gatescope.recurrent.cells.lstm import LSTM
from torch import nn

each_cell = pytest.mark.parametrize("cell", cells.TABLE, ids=lambda cell: cell.variant)


def test_variants_are_unique_and_the_usual_form_of_a_cell_has_its_name() -> None:
    variants = [cell.variant for cell in cells.TABLE]
    assert len(set(variants)) == len(variants)
    assert set(cells.CELL_NAMES) <= set(variants)


def test_a_letter_has_one_name_whatever_the_cell() -> None:
    names = {(each.letter, each.name) for cell in cells.TABLE for each in cell.letters}
    assert dict(names) == cells.NAMES
    assert len(names) == len(cells.NAMES)


@each_cell
def test_the_fields_of_a_network_find_each_variant(cell: Cell) -> None:
    assert cells.cell_named(cell.name, **(cell.options or {})) is cell


def test_a_cell_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match=r"^there is no cell 'qrnn': choose from lstm, gru, rnn, "):
        cells.cell_named("qrnn")


@pytest.mark.parametrize(
    ("module", "variant"),
    [
        (nn.LSTM(2, 3), "lstm"),
        (nn.GRU(2, 3), "gru"),
        (nn.RNN(2, 3), "rnn"),
        (nn.RNN(2, 3, nonlinearity="relu"), "relu rnn"),
    ],
    ids=lambda value: str(value),
)
def test_a_module_of_torch_is_recognised(module: nn.RNNBase, variant: str) -> None:
    assert cells.cell_of(module).variant == variant


@each_cell
def test_a_step_gives_what_the_description_says_within_its_ranges(cell: Cell) -> None:
    generator = torch.Generator().manual_seed(0)
    size, inputs, rows = 6, 4, 6 * len(cell.blocks)
    recurrent = rows if cell.has_recurrent_weights else 0
    w = CellWeights(*(5 * torch.randn(shape, generator=generator) for shape in ((rows, inputs), (recurrent, size))))
    state = {letter: torch.zeros(size) for letter in cell.states}
    for _ in range(20):
        step = cell.step(torch.randn(inputs, generator=generator), state, w)
        assert set(step) == {*cell.activations, *cell.pre_activations}
        for each in cell.letters:
            assert step[each.letter].shape == (size,)
            assert each.low <= step[each.letter].min()
            assert step[each.letter].max() <= each.high
        if cell.memory is not None:
            kept = cell.memory.keep(step) * state[cell.memory.state]
            torch.testing.assert_close(kept + cell.memory.write(step), step[cell.memory.state])
            shares = torch.sigmoid(cell.memory.sign * step[f"a_{cell.memory.gate}"])
            torch.testing.assert_close(shares, cell.memory.keep(step))
        state = {letter: step[letter] for letter in cell.states}


@each_cell
def test_a_cell_with_a_path_of_memory_can_be_kept_from_writing(cell: Cell) -> None:
    if cell.memory is None:
        return
    letter, value = cell.memory.writes_nothing
    activations = {each: torch.linspace(0.1, 0.9, 5) for each in cell.activations}
    assert (cell.memory.write(activations) != 0).all()
    assert (cell.memory.write({**activations, letter: torch.full((5,), value)}) == 0).all()
    assert letter in cell.gates


@each_cell
def test_h_is_what_is_let_out_of_the_state(cell: Cell) -> None:
    generator = torch.Generator().manual_seed(0)
    rows, recurrent = 6 * len(cell.blocks), 6 * len(cell.blocks) if cell.has_recurrent_weights else 0
    w = CellWeights(*(torch.randn(shape, generator=generator).double() for shape in ((rows, 4), (recurrent, 6))))
    before = {letter: torch.randn(6, generator=generator).double() for letter in cell.states}
    step = cell.step(torch.randn(4, generator=generator).double(), before, w)
    if (memory := cell.memory) is None:
        return
    arrays = {letter: step[letter].numpy() for letter in cell.activations}
    factor = 1 if memory.let_out is None else memory.let_out(arrays)
    np.testing.assert_allclose(factor * arrays[memory.state], arrays["h"], rtol=1e-14)
    is_mean = np.allclose(memory.write(arrays), (1 - memory.keep(arrays)) * arrays[cell.candidate])
    assert memory.averages is is_mean


def test_the_ratio_of_tanh_is_1_at_0() -> None:
    ratios = tanh_ratio(np.array([0.0, -0.0, 1e-300, 1.0, -20.0]))
    assert ratios.tolist() == [1, 1, 1, math.tanh(1), 1 / 20]
    assert tanh_ratio(np.array([2.0])).tolist() == [math.tanh(2) / 2]


FIELDS = {field.name: getattr(LSTM, field.name) for field in dataclasses.fields(Cell)}
REQUIRED = [field.name for field in dataclasses.fields(Cell) if field.default is dataclasses.MISSING]


@pytest.mark.parametrize("name", REQUIRED)
def test_a_cell_without_one_of_its_fields_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(TypeError, match=f"'{name}'"):
        Cell(**{field: value for field, value in FIELDS.items() if field != name})


CIRCUIT = LSTM.circuit


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"blocks": "ifgx"}, "blocks of the cell 'lstm' is 'ifgx': its letters are 'ifgoch'"),
        ({"blocks": ""}, "blocks of the cell 'lstm' is '': its letters are 'ifgoch'"),
        ({"open_bias": "z"}, "open_bias of the cell 'lstm' is 'z'"),
        ({"letters": LSTM.letters[:4]}, "letters of the cell 'lstm' is '': its letters are 'ifgo'"),
        ({"title": ""}, "title of the cell 'lstm' is empty"),
        ({"equations": ()}, "equations of the cell 'lstm' is empty"),
        (
            {"circuit": dataclasses.replace(CIRCUIT, nodes={k: v for k, v in CIRCUIT.nodes.items() if k != "i·g"})},
            "circuit of the cell 'lstm' names 'i·g', which is not a node",
        ),
        ({"noun": ""}, "noun of the cell 'lstm' is empty"),
        ({"panels": "figco"}, "panels of the cell 'lstm' are 'figco': its letters are 'ifgoch'"),
        ({"memory": dataclasses.replace(LSTM.memory, gate="z")}, "memory of the cell 'lstm' names letters that"),
        (
            {"memory": dataclasses.replace(LSTM.memory, writes_nothing=("z", 1.0))},
            "memory of the cell 'lstm' names letters that",
        ),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)
def test_a_description_that_is_not_whole_is_refused_by_the_field(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}"):
        Cell(**{**FIELDS, **changes})


@each_cell
def test_equations_and_figures_of_the_circuit_only_use_what_a_step_has(cell: Cell) -> None:
    known = {*cell.activations, *(f"{letter}-" for letter in cell.states), "x", *(["a"] if not cell.gates else [])}
    used = re.findall(r"\{(.*?)\}", "".join(each.formula + each.figures for each in cell.equations))
    assert set(used) <= known
    assert {each.of for each in cell.equations} <= set(cell.activations)


@each_cell
def test_the_circuit_as_drawn_computes_the_states_of_the_step(cell: Cell) -> None:
    """From gates, candidate and states before. The browser's tests follow every wire of the picture."""
    generator = torch.Generator().manual_seed(1)
    rows = len(cell.blocks)
    recurrent = rows if cell.has_recurrent_weights else 0
    w = CellWeights(*(torch.randn(shape, generator=generator) for shape in ((rows, 2), (recurrent, 1))))
    before = {letter: torch.tensor([0.3 - 0.5 * at]) for at, letter in enumerate(cell.states)}
    step = {key: value.item() for key, value in cell.step(torch.tensor([0.7, -1.1]), before, w).items()}
    given = {letter: step[letter] for letter in cell.gates + cell.candidate}
    given |= {f"{letter}-": value.item() for letter, value in before.items()}
    if cell.circuit.nodes["h"].kind == "layer":
        given["h"] = step["h"]

    def value(key: str) -> float:
        if key in given:
            return given[key]
        node = cell.circuit.nodes[key]
        inputs = [value(wire.start) for wire in cell.circuit.wires if wire.end == key]
        operators = {"⊙": math.prod, "+": sum, "1−": lambda of: 1 - of[0], "tanh": lambda of: math.tanh(of[0])}
        return operators[node.sign](inputs) if node.kind == "operator" else inputs[0]

    for letter in cell.states:
        assert value(letter) == pytest.approx(step[letter], abs=1e-6), letter
        assert value(f"{letter} out") == pytest.approx(step[letter], abs=1e-6)
