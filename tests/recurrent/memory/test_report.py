"""The noun ``Memory``: its layers by name."""

import gatescope
import pytest
from networks import random_network, random_tokens


def test_a_layer_is_found_by_its_number_and_direction() -> None:
    network = random_network(cell="gru", layers=2, bidirectional=True)
    memory = gatescope.memory(network, random_tokens(3), ["spectra"])
    assert [(each.layer, each.direction) for each in memory.layers] == [
        (layer, direction) for layer in (0, 1) for direction in ("forward", "backward")
    ]
    assert memory.layer() is memory.layers[0]
    assert memory.layer(1, "backward") is memory.layers[3]


def test_a_layer_that_does_not_exist_is_named() -> None:
    memory = gatescope.memory(random_network(cell="gru"), random_tokens(3), ["spectra"])
    with pytest.raises(KeyError, match="layer 0 backward"):
        memory.layer(0, "backward")
    with pytest.raises(KeyError, match="layer 1 forward"):
        memory.layer(1)
