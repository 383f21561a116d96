"""What each circuit computes, read off its nodes and wires, against the equations; and that it can be drawn."""

from itertools import pairwise

import pytest
from gatescope.recurrent.cells import TABLE
from gatescope.recurrent.cells.cell import Cell, Circuit
from gatescope.recurrent.cells.peephole_lstm import PEEPHOLE_LSTM

HX = "[h-, x]"
Z = f"σ_z{HX}"
C = f"((c- ⊙ σ_f{HX}) + (tanh_g{HX} ⊙ σ_i{HX}))"
PEEPHOLE_C = f"((c- ⊙ σ_f{HX}·c-) + (tanh_g{HX} ⊙ σ_i{HX}·c-))"
COUPLED_C = f"((1−(σ_f{HX}) ⊙ tanh_g{HX}) + (c- ⊙ σ_f{HX}))"


def gru_h(n: str) -> str:
    return f"((1−({Z}) ⊙ {n}) + (h- ⊙ {Z}))"


EXPECTED = {  # what comes into the ends of each, the operands of ⊙ and + in the order of the alphabet
    "lstm": {"c": C, "h": f"(tanh({C}) ⊙ σ_o{HX})"},
    "peephole lstm": {"c": PEEPHOLE_C, "h": f"(tanh({PEEPHOLE_C}) ⊙ σ_o{HX}·{PEEPHOLE_C})"},
    "gru": {"h": gru_h(f"tanh(((U_n[h-] ⊙ σ_r{HX}) + W_n[x]))")},
    "reset-before gru": {"h": gru_h(f"tanh_n[(h- ⊙ σ_r{HX}), x]")},
    "rnn": {"h": f"tanh_h{HX}"},
    "relu rnn": {"h": f"relu_h{HX}"},
    "coupled_lstm": {"c": COUPLED_C, "h": f"(tanh({COUPLED_C}) ⊙ σ_o{HX})"},
    "mingru": {"h": "((1−(σ_z[x]) ⊙ h-) + (W_n[x] ⊙ σ_z[x]))"},
}

each_cell = pytest.mark.parametrize("cell", TABLE, ids=lambda cell: cell.variant)


def expression(circuit: Circuit, key: str, above: tuple[str, ...] = ()) -> str:
    """What comes out of a node."""
    assert key not in above, f"a wire leads back to {key}"
    node = circuit.nodes[key]
    inputs = sorted(expression(circuit, wire.start, (*above, key)) for wire in circuit.wires if wire.end == key)
    has_peephole = node.kind == "layer" and circuit is PEEPHOLE_LSTM.circuit and node.letter in PEEPHOLE_LSTM.peepholes
    counts = {"in": 0, "join": 2, "operator": 2 if node.sign in "⊙+" else 1, "layer": 1 + has_peephole}
    assert len(inputs) == counts.get(node.kind, 1), f"{key} has {len(inputs)} inputs"
    match node.kind:
        case "in":
            return key
        case "join":
            return f"[{', '.join(inputs)}]"
        case "layer":
            first, *peephole = sorted(inputs, key=lambda each: not each.startswith("["))
            seen = first if first.startswith("[") else f"[{first}]"
            return f"{node.sign}_{node.letter}{seen}{''.join(f'·{each}' for each in peephole)}"
        case "operator":
            return f"({f' {node.sign} '.join(inputs)})" if node.sign in "⊙+" else f"{node.sign}({inputs[0]})"
    return inputs[0]


@each_cell
def test_it_computes_the_states(cell: Cell) -> None:
    circuit, expected = cell.circuit, EXPECTED[cell.variant]
    for letter, computed in expected.items():
        assert expression(circuit, letter) == computed
        assert expression(circuit, f"{letter} out") == computed
    assert {key for key, node in circuit.nodes.items() if node.kind == "out"} == {
        f"{letter} out" for letter in expected
    }
    assert "".join(sorted(expected)) == "".join(sorted(cell.states))


@each_cell
def test_something_comes_of_every_node(cell: Cell) -> None:
    for key, node in cell.circuit.nodes.items():
        assert node.kind == "out" or any(wire.start == key for wire in cell.circuit.wires), key


@each_cell
def test_wires_run_level_or_upright_and_apart(cell: Cell) -> None:
    nodes = cell.circuit.nodes
    places = {key: (node.x, node.y) for key, node in nodes.items()}
    lines = []
    for wire in cell.circuit.wires:
        corners = [places[wire.start], *wire.via, places[wire.end]]
        lines += [(wire, a, b) for a, b in pairwise(corners)]
    for wire, a, b in lines:
        along = 1 if a[0] == b[0] else 0
        across = 1 - along
        assert a[across] == b[across], f"{wire} is slanted"
        low, high = sorted((a[along], b[along]))
        for other, c, d in lines:
            if (other, c, d) != (wire, a, b) and c[across] == d[across] == a[across]:
                assert min(high, max(c[along], d[along])) <= max(low, min(c[along], d[along])), f"{wire} on {other}"
        for key, place in places.items():
            if key not in {wire.start, wire.end} and place[across] == a[across]:
                assert not low < place[along] < high, f"{wire} runs through {key}"


@each_cell
def test_labels_are_about_nodes_and_all_fits_into_the_drawing(cell: Cell) -> None:
    circuit = cell.circuit
    for label in (*circuit.figures, *circuit.terms):
        assert label.of in circuit.nodes or label.of == "a"
    for x, y in [(node.x, node.y) for node in circuit.nodes.values()] + [circuit.word]:
        assert 0 <= x <= 340
        assert 0 <= y <= circuit.height
