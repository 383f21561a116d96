"""The LSTM with peepholes against a loop in float64, onnxruntime, and the plain LSTM where the peepholes are 0."""

import math
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from gatescope.recurrent.cells.cell import CellWeights
from gatescope.recurrent.cells.lstm import LSTM
from gatescope.recurrent.cells.peephole_lstm import PEEPHOLE_LSTM
from gatescope.recurrent.engine import compiled, stepped
from gatescope.recurrent.trace import Engine, trace
from networks import random_network, random_tokens
from onnx import TensorProto, helper

H = 7


def sigmoid(a: float) -> float:
    return 1 / (1 + math.exp(-a))


@pytest.mark.parametrize("engine", ["compiled", "reference"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_every_activation_is_that_of_a_loop_over_single_numbers(engine: Engine, bias: bool) -> None:
    network, tokens = random_network(cell="lstm", peepholes=True, bias=bias, scale=3), random_tokens(25)
    weights = network.weights(0, "forward")
    assert weights.w_ch is not None
    w_ih, w_hh, (p_i, p_f, p_o) = weights.w_ih.tolist(), weights.w_hh.tolist(), weights.w_ch.tolist()
    b_ih, b_hh = (each.tolist() if each is not None else [0.0] * 28 for each in (weights.b_ih, weights.b_hh))
    ours, c, h = trace(network, tokens, engine=engine).layer(), [0.0] * H, [0.0] * H
    for t, token in enumerate(tokens):
        x = network.embedding.weight[token.id].tolist()
        a = [
            sum(map(float.__mul__, w_ih[row], x)) + b_ih[row] + sum(map(float.__mul__, w_hh[row], h)) + b_hh[row]
            for row in range(4 * H)
        ]
        i = [sigmoid(a[j] + p_i[j] * c[j]) for j in range(H)]
        f = [sigmoid(a[H + j] + p_f[j] * c[j]) for j in range(H)]
        g = [math.tanh(a[2 * H + j]) for j in range(H)]
        c = [f[j] * c[j] + i[j] * g[j] for j in range(H)]
        o = [sigmoid(a[3 * H + j] + p_o[j] * c[j]) for j in range(H)]
        h = [o[j] * math.tanh(c[j]) for j in range(H)]
        for letter, values in {"i": i, "f": f, "g": g, "o": o, "c": c, "h": h}.items():
            assert ours[letter][t].tolist() == pytest.approx(values, abs=5e-6), (t, letter)
    assert list(ours.activations) == list("ifgcoh")


def random_weights(peepholes: bool = True) -> CellWeights:
    generator = torch.Generator().manual_seed(0)
    shapes = ((4 * H, 5), (4 * H, H), (4 * H,), (4 * H,))
    return CellWeights(
        *(torch.randn(shape, generator=generator) for shape in shapes),
        w_ch=torch.randn(3, H, generator=generator) if peepholes else None,
    )


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "backward"])
def test_onnxruntime_computes_the_same(reverse: bool) -> None:
    w, x = random_weights(), torch.randn(12, 1, 5, generator=torch.Generator().manual_seed(1))
    assert w.b_ih is not None
    assert w.b_hh is not None
    assert w.w_ch is not None

    def iofc(each: torch.Tensor) -> Any:
        i, f, g, o = each.chunk(4)
        return torch.cat([i, o, f, g])[None].numpy()

    p_i, p_f, p_o = w.w_ch
    given = {
        "W": iofc(w.w_ih),
        "R": iofc(w.w_hh),
        "B": np.concatenate([iofc(w.b_ih), iofc(w.b_hh)], axis=1),
        "P": torch.cat([p_i, p_o, p_f])[None].numpy(),
    }
    node = helper.make_node(
        "LSTM",
        ["x", "W", "R", "B", "", "", "", "P"],
        ["h", "", "c"],
        hidden_size=H,
        direction="reverse" if reverse else "forward",
    )
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("x", *given, "h", "c")]
    graph = helper.make_graph([node], "peepholes", values[:-2], values[-2:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    h, c = session.run(None, {"x": x.numpy(), **given})
    ours = compiled.unroll(PEEPHOLE_LSTM, compiled.arrays_of(PEEPHOLE_LSTM, w), x, [12], None, reverse=reverse)
    np.testing.assert_allclose(ours["h"][:, 0], h[:, 0, 0], atol=2e-6)
    np.testing.assert_allclose(ours["c"][0 if reverse else -1, 0], c[0, 0], atol=2e-6)


def test_without_peepholes_it_is_the_lstm() -> None:
    x = torch.randn(9, 2, 5, generator=torch.Generator().manual_seed(1))
    bare = random_weights(peepholes=False)
    expected = stepped.unroll(LSTM, bare, x, [9, 4], None, reverse=False)
    for weights in (bare, bare._replace(w_ch=torch.zeros(3, H))):
        ours = stepped.unroll(PEEPHOLE_LSTM, weights, x, [9, 4], None, reverse=False)
        assert all(torch.equal(ours[letter], expected[letter]) for letter in "ifgoch")
