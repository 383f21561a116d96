"""Numbers at the ends of the range of floats: right to the last place, or refused."""

import copy
import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import trace_module
from gatescope.recurrent.network import Network
from gatescope.recurrent.overflow import RangeError
from gatescope.recurrent.trace import ENGINES, Engine, trace, trace_in_chunks
from networks import VARIANTS, random_network, random_tokens, tokens_of
from torch import nn

from .engines import embedded, fused_states

LEAST = float(np.finfo(np.float32).smallest_subnormal)

each_engine = pytest.mark.parametrize("engine", ENGINES)


def with_bias(cell: type[nn.RNNBase], block: int, bias: float) -> nn.RNNBase:
    """A module of one unit whose weights are 0; one block of it has this bias."""
    module = cell(1, 1)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
        module.bias_ih_l0[block] = bias  # type: ignore[index]
    return module


@each_engine
@pytest.mark.parametrize("bias", [-80, -88.5, -89, -95, -103, -103.9, -104, -120, -1e30, 30, 90, 1e30])
@pytest.mark.parametrize(("cell", "block", "letter"), [(nn.LSTM, 1, "f"), (nn.LSTM, 0, "i"), (nn.GRU, 1, "z")])
def test_gates_are_those_of_float64_to_the_last_places(
    cell: type[nn.RNNBase], block: int, letter: str, bias: float, engine: Engine
) -> None:
    exact = 1 / (1 + np.exp(-np.float64(np.float32(bias)))) if bias > -700 else 0.0
    gate = trace_module(with_bias(cell, block, bias), torch.zeros(1, 1), engine=engine).layer()[letter].item()
    assert abs(gate - exact) <= max(3e-7 * exact, LEAST)


@each_engine
def test_a_shut_forget_gate_forgets_whatever_the_cell_held(engine: Engine) -> None:
    for bias, expected in ((-120, 0.0), (-90, 1e38 * np.exp(-90.0))):
        start = torch.zeros(1, 1), torch.full((1, 1), 1e38)
        c = trace_module(with_bias(nn.LSTM, 1, bias), torch.zeros(1, 1), start, engine=engine).layer()["c"].item()
        assert c == pytest.approx(expected, rel=1e-5, abs=1e-10)


# Overflow.


def growing(factor: float, **options: Any) -> nn.RNN:
    """A relu RNN of two units, of which the second is ``factor`` times as large after each step."""
    module = nn.RNN(1, 2, nonlinearity="relu", bias=False, **options)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.diag(torch.tensor([0.5, factor])) if "hh" in name else torch.ones_like(parameter))
    return module


def first_beyond(factor: float, most: float) -> int:
    """The first step at which the second unit of ``growing`` is beyond ``most``, for inputs of 1."""
    h, step = 1.0, 0
    while h <= most:
        h, step = 1 + factor * h, step + 1
    return step


@each_engine
@pytest.mark.parametrize("batch", [(), (3,), (8,)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_module_whose_states_overflow_is_refused(engine: Engine, batch: tuple[int, ...], dtype: torch.dtype) -> None:
    step, name = first_beyond(10.0, torch.finfo(dtype).max), str(dtype).removeprefix("torch.")
    module = growing(10.0).to(dtype)
    trace_module(module, torch.ones(step, *batch, 1, dtype=dtype), engine=engine)
    with pytest.raises(OverflowError, match=rf"^h of layer 0 forward leaves the range of {name} at step {step}$"):
        trace_module(module, torch.ones(step + 9, *batch, 1, dtype=dtype), engine=engine)


@each_engine
def test_an_overflow_that_relu_hides_again_is_refused(engine: Engine) -> None:
    """−10 · ∞ is −∞, which relu makes 0: the last states are finite."""
    module = growing(-10.0)
    start, x = torch.full((1, 2), 1e38), torch.zeros(3, 1)
    with torch.no_grad():
        module.weight_hh_l0.copy_(torch.tensor([[10.0, 0.0], [0.0, 0.0]]))
        x[1] = -torch.finfo(torch.float32).max
    with pytest.raises(OverflowError, match=r"^h of layer 0 forward leaves the range of float32 at step 0$"):
        trace_module(module, x, start, engine=engine)


@each_engine
def test_a_backward_layer_is_refused_at_the_step_where_it_overflows(engine: Engine) -> None:
    steps, taken = 60, first_beyond(10.0, torch.finfo(torch.float32).max)
    module = growing(10.0, bidirectional=True)
    with torch.no_grad():
        module.weight_hh_l0.zero_()
    at = steps - 1 - taken
    with pytest.raises(OverflowError, match=f"^h of layer 0 backward leaves the range of float32 at step {at}$"):
        trace_module(module, torch.ones(steps, 1), engine=engine)


@each_engine
@pytest.mark.parametrize("cell", [nn.RNN, nn.LSTM, nn.GRU])
def test_sums_that_are_infinite_in_both_senses_are_refused(cell: type[nn.RNNBase], engine: Engine) -> None:
    module = cell(2, 3)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.fill_(-3e38 if "hh" in name else 3e38)
    h = torch.ones(1, 3)
    with pytest.raises(OverflowError, match=r"^. of layer 0 forward leaves the range of float32 at step 0$"):
        trace_module(module, torch.full((4, 2), 9.0), (h, h) if cell is nn.LSTM else h, engine=engine)


def relu_network(factor: float, dtype: torch.dtype = torch.float32) -> Network:
    """A network around ``growing``."""
    network = random_network(
        cell="rnn", nonlinearity="relu", hidden_size=2, embedding_size=1, outputs=3, head="softmax", bias=False
    )
    network.recurrent.load_state_dict(growing(factor).state_dict())
    torch.nn.init.ones_(network.embedding.weight)
    return network.to(dtype)


@each_engine
@pytest.mark.parametrize("size", [4, 100])
def test_a_trace_in_chunks_is_refused_before_its_first_chunk(engine: Engine, size: int) -> None:
    step = first_beyond(10.0, torch.finfo(torch.float32).max)
    with pytest.raises(RangeError, match=f"at step {step}$") as refused:
        next(trace_in_chunks(relu_network(10.0), random_tokens(60), size, engine, False, "refuse"))
    assert refused.value.step == step


def test_an_overflow_that_is_kept_is_pytorchs() -> None:
    network, tokens = relu_network(10.0), random_tokens(60)
    with np.errstate(all="ignore"):
        theirs = fused_states(network, tokens)[0, "forward"]["h"]
    np.testing.assert_allclose(trace(network, tokens).layer()["h"], theirs, rtol=1e-5)


# What the head makes of the states.


def exact_outputs(network: Network, h: Any) -> Any:
    """The probabilities that the head gives for hidden states (T, H), in float64."""
    head = copy.deepcopy(network.head).double()
    logits = head(torch.from_numpy(h).double())
    exact = torch.softmax(logits, -1) if network.config.head == "softmax" else torch.sigmoid(logits)
    return exact.detach().numpy()


def with_head(head: str) -> Network:
    """The network around ``growing`` with this head."""
    network = relu_network(10.0)
    network.config = dataclasses.replace(network.config, head=head)
    return network


@pytest.mark.parametrize("head", ["sigmoid", "softmax"])
def test_probabilities_are_those_of_float64_where_a_sum_overflows(head: str) -> None:
    network = with_head(head)
    with torch.no_grad():
        network.head.weight.copy_(torch.tensor([[9.0, -9.0], [-50.0, 60.0], [30.0, 20.0]]))
    ours = trace(network, random_tokens(38), overflow="refuse")
    assert not network.head(torch.from_numpy(ours.layer()["h"])).isfinite().all()
    np.testing.assert_allclose(ours.outputs, exact_outputs(network, ours.layer()["h"]), rtol=1e-5, atol=LEAST)


@pytest.mark.parametrize("head", ["sigmoid", "softmax"])
def test_a_small_probability_is_no_0(head: str) -> None:
    network = with_head(head)
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor([-95.0, 0.0, 0.0]))
    ours = trace(network, random_tokens(2))
    np.testing.assert_allclose(ours.outputs, exact_outputs(network, ours.layer()["h"]), rtol=1e-5, atol=LEAST)
    assert (ours.outputs > 0).all()


# Pre-activations.

SHAPES = [{}, {"layers": 2, "bidirectional": True}, {"bias": False}]


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("scale", [1.0, 9.0])
@each_engine
def test_pre_activations_are_what_autograd_sees(
    variant: dict[str, Any], shape: dict[str, Any], scale: float, engine: Engine
) -> None:
    """A hand-written float64 loop over the trace's own states gives the same sums, also where h is ±1 to float32."""
    network, tokens = random_network(**variant, **shape, scale=scale), random_tokens(9)
    ours = trace(network, tokens, engine=engine, pre_activations=True)
    plain = trace(network, tokens, engine=engine)
    x = embedded(network, tokens).detach().double()
    below: list[np.ndarray] = []
    for layer, without in zip(ours.layers, plain.layers, strict=True):
        if layer.layer > 0 and layer.direction == "forward":
            x, below = torch.from_numpy(np.concatenate(below, axis=1)).double(), []
        below.append(layer["h"])
        h = np.zeros((10, 7))
        h[:9] = layer["h"]
        earlier = [t + 1 if layer.direction == "backward" else t - 1 for t in range(9)]  # row −1 and row 9 are zeros
        before = torch.from_numpy(h[earlier])
        weights = [None if w is None else w.detach().double() for w in network.weights(layer.layer, layer.direction)]
        w_ih, w_hh, b_ih, b_hh, _, w_ch = weights
        zero = torch.zeros(len(w_ih), dtype=torch.float64)
        b_ih, b_hh = (zero if b is None else b for b in (b_ih, b_hh))
        from_x = x @ w_ih.T + b_ih
        from_h = before @ w_hh.T + b_hh if len(w_hh) > 0 else torch.zeros_like(from_x)
        blocks = network.config.cell_definition.blocks
        exact = dict(zip(blocks, (from_x + from_h).chunk(len(blocks), dim=1), strict=True))
        if "r" in blocks:
            r = torch.sigmoid(exact["r"])
            by_h = from_h if network.config.reset_after else None
            n_h = r * by_h[:, 14:] if by_h is not None else (r * before) @ w_hh[14:].T + b_hh[14:]
            exact["n"] = from_x[:, 14:] + n_h
        if w_ch is not None:
            c = np.zeros((10, 7))
            c[:9] = layer["c"]
            for letter, p, seen in zip("ifo", w_ch, (c[earlier], c[earlier], c[:9]), strict=True):
                exact[letter] = exact[letter] + p * torch.from_numpy(seen)
        assert {f"a_{letter}" for letter in exact} == layer.activations.keys() - without.activations.keys()
        for letter, sums in exact.items():
            np.testing.assert_allclose(layer[f"a_{letter}"], sums.numpy(), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_pre_activations_in_chunks_are_those_of_the_whole(variant: dict[str, Any]) -> None:
    network, tokens = random_network(**variant, layers=2), random_tokens(9)
    whole = trace(network, tokens, pre_activations=True)
    parts = list(trace_in_chunks(network, tokens, 4, "compiled", True))
    for at, layer in enumerate(whole.layers):
        for letter, array in layer.activations.items():
            joined = np.concatenate([part.layers[at][letter] for part in parts])
            np.testing.assert_allclose(joined, array, rtol=1e-5, atol=1e-5)


def test_the_sum_behind_a_saturated_unit_is_not_lost() -> None:
    """1 − tanh(9) is 3·10⁻⁸: from a float32 h, atanh gives ∞."""
    network = random_network(cell="rnn", hidden_size=1, embedding_size=1, outputs=1)
    with torch.no_grad():
        for parameter, value in zip(network.recurrent.parameters(), (1.0, 0.25, -8.117, 0.0), strict=True):
            parameter.fill_(value)
        network.embedding.weight.zero_()
    rows = trace(network, tokens_of([3, 3]), pre_activations=True).layer()
    assert rows["a_h"][:, 0] == pytest.approx([-8.117, -8.117 - 0.25 * np.tanh(8.117)], rel=1e-6)


def test_pre_activations_of_a_float64_network_keep_its_digits() -> None:
    network, tokens = random_network(cell="lstm", dtype=torch.float64), random_tokens(5)
    single = trace(copy.deepcopy(network).float(), tokens, pre_activations=True).layer()["a_f"]
    double = trace(network, tokens, pre_activations=True).layer()["a_f"]
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    np.testing.assert_allclose(single, double, rtol=1e-5, atol=1e-6)
