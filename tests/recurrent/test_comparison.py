"""The difference of two traces."""

import numpy as np
import pytest
from gatescope import compare, hold
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
    with pytest.raises(ValueError, match=r"^the traces have 5 and 4 steps: they must have as many$"):
        compare(plain, trace(network, tokens[:4]))
    with pytest.raises(ValueError, match=r"^the traces are of networks of different form"):
        compare(plain, trace(random_network(cell="lstm"), tokens))
