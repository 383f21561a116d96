"""The difference of two traces."""

import numpy as np
import pytest
import torch
from gatescope import compare, hold, trace_module
from gatescope.recurrent.trace import trace
from networks import random_network, random_tokens


def test_compare_gives_the_difference_of_every_activation_and_output() -> None:
    network, tokens = random_network(cell="lstm", layers=2), random_tokens(5)
    plain, edited = trace(network, tokens), trace(network, tokens, edits=[hold("i", 0, steps=[3])])
    apart = compare(plain, edited)
    for a, b, difference in zip(plain.layers, edited.layers, apart.layers, strict=True):
        for letter, array in difference.activations.items():
            np.testing.assert_array_equal(array, b[letter] - a[letter])
    np.testing.assert_array_equal(apart.outputs, edited.outputs - plain.outputs)
    assert len(apart) == 5
    assert not apart.layer()["c"][:3].any()
    assert apart.layer(1)["h"][3:].any()
    with pytest.raises(KeyError, match="layer 2 forward"):
        apart.layer(2)
    with pytest.raises(ValueError, match=r"^the traces have 5 and 4 steps: they must have the same number$"):
        compare(plain, trace(network, tokens[:4]))
    with pytest.raises(ValueError, match=r"^the traces are of networks of different form"):
        compare(plain, trace(random_network(cell="lstm"), tokens))


def test_networks_that_differ_only_in_what_they_project_from_are_refused() -> None:
    x = torch.zeros(5, 4)
    one, other = (trace_module(torch.nn.LSTM(4, hidden, proj_size=3), x) for hidden in (6, 8))
    with pytest.raises(ValueError, match=r"^the traces are of networks of different form"):
        compare(one, other)  # type: ignore[arg-type]


def test_what_only_one_trace_holds_is_left_out() -> None:
    network, tokens = random_network(cell="gru"), random_tokens(5)
    plain, more = trace(network, tokens), trace(network, tokens, pre_activations=True)
    for apart in (compare(plain, more), compare(more, plain)):
        assert list(apart.layer().activations) == ["r", "z", "n", "h"]
        assert not any(array.any() for array in apart.layer().activations.values())
