"""The coupled LSTM against a loop over its equations in float64, written out unit by unit."""

import math

import pytest
from gatescope.recurrent.trace import Engine, trace
from networks import random_network, random_tokens


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


@pytest.mark.parametrize("engine", ["compiled", "reference"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_every_activation_is_that_of_a_loop_over_single_numbers(engine: Engine, bias: bool) -> None:
    network, tokens = random_network(cell="coupled_lstm", bias=bias), random_tokens(25)
    weights = network.weights(0, "forward")
    w_ih, w_hh = weights.w_ih.tolist(), weights.w_hh.tolist()
    b_ih, b_hh = (each.tolist() if each is not None else [0.0] * 21 for each in (weights.b_ih, weights.b_hh))
    ours, c, h = trace(network, tokens, engine=engine).layer(), [0.0] * 7, [0.0] * 7
    for t, token in enumerate(tokens):
        x = network.embedding.weight[token.id].tolist()
        sums = [
            sum(map(float.__mul__, w_ih[row], x)) + b_ih[row] + sum(map(float.__mul__, w_hh[row], h)) + b_hh[row]
            for row in range(21)
        ]
        f, g, o = [sigmoid(a) for a in sums[:7]], [math.tanh(a) for a in sums[7:14]], [sigmoid(a) for a in sums[14:]]
        c = [f[j] * c[j] + (1 - f[j]) * g[j] for j in range(7)]
        h = [o[j] * math.tanh(c[j]) for j in range(7)]
        for letter, values in {"f": f, "g": g, "o": o, "c": c, "h": h}.items():
            assert ours[letter][t].tolist() == pytest.approx(values, abs=1e-6), (t, letter)
    assert list(ours.activations) == list("fgoch")
