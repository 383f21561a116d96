"""minGRU against a loop in float64, and against its closed form: a sum over all steps before."""

import numpy as np
import pytest
from gatescope.recurrent.trace import Engine, trace
from networks import random_network, random_tokens


@pytest.mark.parametrize("engine", ["compiled", "reference"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_it_is_the_loop_and_the_closed_form(engine: Engine, bias: bool) -> None:
    network, tokens = random_network(cell="mingru", bias=bias), random_tokens(25)
    weights = network.weights(0, "forward")
    assert len(weights.w_hh) == 0
    assert weights.b_hh is None
    x = network.embedding.weight.detach().double().numpy()[[token.id for token in tokens]]
    sums = x @ weights.w_ih.detach().double().numpy().T
    sums += weights.b_ih.detach().double().numpy() if bias else 0
    z, n = 1 / (1 + np.exp(-sums[:, :7])), sums[:, 7:]
    loop = [np.zeros(7)]
    for t in range(25):
        loop.append((1 - z[t]) * loop[-1] + z[t] * n[t])
    closed = [sum(np.prod(1 - z[k + 1 : t + 1], axis=0) * z[k] * n[k] for k in range(t + 1)) for t in range(25)]
    np.testing.assert_allclose(loop[1:], closed, rtol=0, atol=1e-12)
    ours = trace(network, tokens, engine=engine).layer()
    assert list(ours.activations) == list("znh")
    for letter, values in {"z": z, "n": n, "h": np.array(closed)}.items():
        np.testing.assert_allclose(ours[letter], values, rtol=1e-6, atol=1e-6, err_msg=letter)
