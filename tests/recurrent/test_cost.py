"""What a step costs, counted by hand and measured."""

from typing import Any

import pytest
from gatescope.recurrent.cost import multiply_adds, parameters, tensor_operations, times
from networks import FUSED, VARIANTS, random_network

# Two products with their biases for the plain RNN, a sum and tanh; and so on, as the steps of the cells have them.
OPERATIONS = {
    "rnn": 4,
    "relu rnn": 4,
    "lstm": 12,
    "peephole lstm": 18,
    "gru": 13,
    "reset-before gru": 15,
    "coupled_lstm": 12,
    "mingru": 6,
}
BLOCKS = {"rnn": 1, "lstm": 4, "gru": 3, "coupled_lstm": 3, "mingru": 2}


@pytest.mark.parametrize("name", VARIANTS)
def test_costs_are_those_counted_by_hand(name: str) -> None:
    network = random_network(**VARIANTS[name])
    blocks, recurrent = BLOCKS[network.config.cell], 0 if name == "mingru" else 1
    peepholes = 3 * 7 if name == "peephole lstm" else 0
    assert multiply_adds(network) == blocks * 7 * (5 + 7 * recurrent) + peepholes
    assert parameters(network) - peepholes == blocks * (7 * (5 + 7 * recurrent) + 7 + 7 * recurrent)  # 4 : 3 : 1
    assert tensor_operations(network) == OPERATIONS[name]


def test_costs_of_several_layers_add_up() -> None:
    network = random_network(cell="lstm", layers=2, bidirectional=True)
    assert multiply_adds(network) == 2 * 4 * 7 * (5 + 7) + 2 * 4 * 7 * (14 + 7)
    assert tensor_operations(network) == 4 * OPERATIONS["lstm"]


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_times_are_quartiles_of_rounds_in_each_engine(variant: Any, engine: Any) -> None:
    measured = times(random_network(**variant), 3, engine, budget=0)
    assert set(measured) == ({"ours", "torch"} if variant in FUSED.values() else {"ours"})
    for time in measured.values():
        assert 0 < time.lower <= time.median <= time.upper
        assert time.rounds == 5
