"""The network and the dataclass that describes it."""

import dataclasses
from typing import Any

import pytest
import torch
from gatescope.recurrent.cells.cell import Cell
from gatescope.recurrent.cells.gru import GRU, RESET_BEFORE_GRU
from gatescope.recurrent.cells.lstm import LSTM
from gatescope.recurrent.cells.rnn import RELU_RNN, RNN
from gatescope.recurrent.network import NetworkConfig
from networks import VARIANTS, numeric_network, random_network

CONFIG = NetworkConfig("lstm", vocabulary_size=20, embedding_size=5, hidden_size=7, outputs=2)


@pytest.mark.parametrize("name", ["vocabulary_size", "embedding_size", "hidden_size", "layers"])
@pytest.mark.parametrize("value", [0, -3])
def test_a_size_below_one_is_refused(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"^{name} is {value}: it must be at least 1$"):
        dataclasses.replace(CONFIG, **{name: value})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"outputs": -1}, "outputs is -1: it must be at least 0"),
        ({"input_size": -2, "vocabulary_size": 0, "embedding_size": 0}, "input_size is -2: it must be at least 1"),
        (
            {"input_size": 3, "embedding_size": 0},
            "vocabulary_size is 20: a network with an input_size has no embedding",
        ),
        ({"input_size": 3, "vocabulary_size": 0}, "embedding_size is 5: a network with an input_size has no embedding"),
    ],
)
def test_a_network_reads_tokens_or_numbers(fields: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        dataclasses.replace(CONFIG, **fields)


def test_what_a_network_of_numbers_without_a_head_lacks() -> None:
    network = numeric_network(inputs=3, cell="gru")
    assert network.config.inputs == 3
    assert not [name for name in network.state_dict() if not name.startswith("recurrent.")]
    assert network(torch.zeros(2, 4, 3)).shape == (2, 4, 0)
    assert network.read_in_double(torch.zeros(4, 7)).shape == (4, 0)
    with pytest.raises(ValueError, match=r"^the network reads numbers: it has no embedding$"):
        network.require_embedding()
    with pytest.raises(ValueError, match=r"^the network has no head: it gives hidden states, and no outputs$"):
        network.require_head()


@pytest.mark.parametrize(
    ("name", "cell"),
    [("rnn", RNN), ("relu rnn", RELU_RNN), ("lstm", LSTM), ("gru", GRU), ("reset-before gru", RESET_BEFORE_GRU)],
)
def test_a_config_knows_its_cell(name: str, cell: Cell) -> None:
    assert random_network(**VARIANTS[name]).config.cell_definition is cell


@pytest.mark.parametrize(
    ("cell", "activations"), [(RNN, "h"), (RELU_RNN, "h"), (LSTM, "ifgoch"), (GRU, "rznh"), (RESET_BEFORE_GRU, "rznh")]
)
def test_a_cell_lists_its_activations_in_the_order_of_computation(cell: Cell, activations: str) -> None:
    assert cell.activations == activations


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS.keys())
def test_a_padded_row_says_what_it_says_alone(variant: dict[str, Any], bidirectional: bool) -> None:
    network = random_network(layers=2, bidirectional=bidirectional, **variant)
    ids, lengths = torch.randint(20, (3, 6), generator=torch.Generator().manual_seed(0)), torch.tensor([4, 6, 1])
    with torch.inference_mode():
        together = network(ids, lengths)
        assert together.shape == (3, 6, 2)
        for row, length in enumerate(lengths):
            alone = network(ids[row : row + 1, :length])[0]
            torch.testing.assert_close(together[row, :length], alone, rtol=0, atol=1e-6)


def test_training_the_fused_module_trains_what_the_cells_read() -> None:
    network = random_network(layers=2, bidirectional=True, cell="gru")
    read = {id(w) for place in network.layers() for w in network.weights(*place) if w is not None}
    assert read == {id(parameter) for parameter in network.recurrent.parameters()}


def test_without_biases_the_cells_get_none() -> None:
    weights = random_network(cell="lstm", bias=False).weights(0, "forward")
    assert (weights.b_ih, weights.b_hh) == (None, None)
