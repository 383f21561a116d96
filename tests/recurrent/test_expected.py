"""How probable each token was, looked up in all outputs."""

import numpy as np
import pytest
from gatescope.recurrent.expected import expected
from gatescope.recurrent.trace import trace
from networks import random_network, tokens_of


@pytest.mark.parametrize("on_demand", [False, True])
def test_a_token_is_as_probable_as_its_output_after_the_token_before(on_demand: bool) -> None:
    network, ids, places = random_network(cell="lstm", outputs=4, head="softmax"), [2, 0, 1, 3, 1], [None, 3, 0, 1]
    outputs = trace(network, tokens_of(ids)).outputs
    came = [np.nan, np.nan, outputs[1, 3], outputs[2, 1], outputs[3, 3]]
    ours = expected(trace(network, tokens_of(ids), on_demand=on_demand), places)
    np.testing.assert_allclose(ours, came, rtol=1e-6)


def test_the_first_token_of_all_is_not_expected() -> None:
    made = trace(random_network(cell="lstm", outputs=4, head="softmax"), tokens_of([1]))
    assert np.isnan(expected(made, [0, 1, 2, 3])).tolist() == [True]
