"""The cells, held to PyTorch's fused modules, to onnxruntime and to published figures."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.recurrent.cells.cell import Activations, Cell, CellWeights
from gatescope.recurrent.cells.gru import GRU, RESET_BEFORE_GRU
from gatescope.recurrent.cells.lstm import LSTM
from gatescope.recurrent.network import Network
from gatescope.recurrent.trace import Engine, Trace, trace
from networks import FUSED, GATED, VARIANTS, random_network, random_tokens
from torch import Tensor

from ..engines import embedded, error, fused_states, gates, last, onnx_states

PUBLISHED = json.loads((Path(__file__).parent / "published_cases.json").read_text(encoding="utf-8"))
PRINTED = 5e-8  # 8 decimals of float32 arithmetic, of whose rounding they show a little
TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}

each_engine = pytest.mark.parametrize(
    ("engine", "dtype"),
    [("compiled", torch.float32), ("reference", torch.float32), ("reference", torch.float64)],
    ids=["compiled", "reference", "reference in float64"],
)
each_depth = pytest.mark.parametrize("layers", [1, 2, 3])
each_direction = pytest.mark.parametrize("bidirectional", [False, True], ids=["unidirectional", "bidirectional"])
with_and_without_bias = pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])


def each(variants: dict[str, dict[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("variant", variants.values(), ids=variants.keys())


def error_against_torch(network: Network, ours: Trace) -> float:
    """Error of the last layer's ``h`` at every step and of every layer's last states."""
    with torch.inference_mode():
        output, last_states = network.recurrent(embedded(network, list(ours.tokens)))
    top = [layer["h"] for layer in ours.layers if layer.layer == network.config.layers - 1]
    errors = [error(np.concatenate(top, axis=-1), output.numpy())]
    for letter, theirs in zip("hc", last_states if isinstance(last_states, tuple) else (last_states,), strict=False):
        errors.append(error(np.stack([last(layer, letter) for layer in ours.layers]), theirs.numpy()))
    return float(np.max(errors))  # NaN if one is


@each(FUSED)
@with_and_without_bias
@each_depth
@each_direction
@each_engine
@pytest.mark.parametrize("steps", [1, 30])
def test_states_agree_with_torch(
    variant: dict[str, Any],
    bias: bool,
    layers: int,
    bidirectional: bool,
    engine: Engine,
    dtype: torch.dtype,
    steps: int,
) -> None:
    network = random_network(dtype=dtype, layers=layers, bidirectional=bidirectional, bias=bias, **variant)
    ours = trace(network, random_tokens(steps), engine=engine)
    assert all(array.dtype == str(dtype).removeprefix("torch.") for array in ours.layers[0].activations.values())
    assert error_against_torch(network, ours) <= TOLERANCE[dtype]


@each(FUSED)
@each_engine
def test_states_agree_with_torch_over_2000_steps(variant: dict[str, Any], engine: Engine, dtype: torch.dtype) -> None:
    network = random_network(dtype=dtype, hidden_size=32, layers=2, **variant)
    ours = trace(network, random_tokens(2000), engine=engine)
    assert error_against_torch(network, ours) <= TOLERANCE[dtype]


@each(FUSED)
@with_and_without_bias
@each_direction
@each_engine
def test_every_activation_of_every_layer_follows_from_the_states_of_torch(
    variant: dict[str, Any], bias: bool, bidirectional: bool, engine: Engine, dtype: torch.dtype
) -> None:
    network = random_network(dtype=dtype, layers=3, bidirectional=bidirectional, bias=bias, **variant)
    tokens = random_tokens(30)
    ours, states = trace(network, tokens, engine=engine), fused_states(network, tokens)
    x = embedded(network, tokens).detach().numpy()
    for depth, group in itertools.groupby(ours.layers, key=lambda layer: layer.layer):
        for layer in group:
            theirs = dict(states[depth, layer.direction])
            if network.config.cell != "rnn":
                theirs |= gates(network, depth, layer.direction, x, theirs["h"])
            assert layer.activations.keys() == theirs.keys()
            for letter, array in theirs.items():
                assert error(layer[letter], array) <= TOLERANCE[dtype], (depth, layer.direction, letter)
        x = np.concatenate([states[depth, direction]["h"] for direction in network.config.directions], axis=-1)


@each(FUSED | {"reset-before gru": VARIANTS["reset-before gru"]})
@with_and_without_bias
@each_depth
@each_direction
@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_states_agree_with_onnxruntime(
    variant: dict[str, Any], bias: bool, layers: int, bidirectional: bool, engine: Engine
) -> None:
    network = random_network(layers=layers, bidirectional=bidirectional, bias=bias, **variant)
    tokens = random_tokens(30)
    theirs = onnx_states(network, tokens)
    for ours in trace(network, tokens, engine=engine).layers:
        states = theirs[ours.layer, ours.direction]
        assert error(ours["h"], states["h"]) <= 1e-6
        if "c" in states:
            assert error(last(ours, "c"), states["c"][0]) <= 1e-6


@pytest.mark.parametrize("engine", ["compiled", "reference"])
def test_gates_of_the_gru_that_resets_before_follow_from_the_states_of_onnxruntime(engine: Engine) -> None:
    network = random_network(**VARIANTS["reset-before gru"])
    tokens = random_tokens(30)
    h = onnx_states(network, tokens)[0, "forward"]["h"]
    ours = trace(network, tokens, engine=engine).layer()
    for letter, array in gates(network, 0, "forward", embedded(network, tokens).detach().numpy(), h).items():
        assert error(ours[letter], array) <= 1e-6, letter


@each(GATED)
def test_a_step_takes_any_leading_dimensions(variant: dict[str, Any]) -> None:
    network = random_network(**variant, dtype=torch.float64)
    cell, weights = network.config.cell_definition, network.weights(0, "forward")
    x = torch.randn(3, 4, 5, dtype=torch.float64)
    previous = {letter: torch.randn(3, 4, 7, dtype=torch.float64) for letter in cell.states}
    batch = cell.step(x, previous, weights)
    one = cell.step(x[2, 1], {letter: state[2, 1] for letter, state in previous.items()}, weights)
    for letter in cell.activations:
        assert batch[letter].shape == (3, 4, 7)
        torch.testing.assert_close(batch[letter][2, 1], one[letter], rtol=0, atol=1e-12)


def test_published_lstm() -> None:
    case = PUBLISHED["onnxruntime_lstm"]
    weights = CellWeights(in_our_order(case["W"], "iofg", LSTM), in_our_order(case["R"], "iofg", LSTM))
    steps = unroll(LSTM, case["inputs"], weights, zeros(2, 3))
    np.testing.assert_allclose([step["h"] for step in steps], case["Y"], rtol=0, atol=PRINTED)
    np.testing.assert_allclose(steps[-1]["c"], case["Y_c"], rtol=0, atol=PRINTED)


@pytest.mark.parametrize(("cell", "form"), [(GRU, 1), (RESET_BEFORE_GRU, 0)], ids=["reset after", "reset before"])
def test_published_gru_in_both_forms(cell: Cell, form: int) -> None:
    case = PUBLISHED["onnxruntime_gru"]
    weights = CellWeights(*(in_our_order(case[name], "zrn", cell) for name in ("W", "R", "W_bias", "R_bias")))
    outputs = [step["h"] for step in unroll(cell, case["inputs"], weights, zeros(3))]
    np.testing.assert_allclose(outputs, case[f"Y_linear_before_reset_{form}"], rtol=0, atol=PRINTED)


def test_published_gates_of_a_gru() -> None:
    case = PUBLISHED["madmom_gru"]
    weights = madmom_weights(case)
    step = GRU.step(double(case["inputs"][0]), {"h": double(case["h0_for_gates"])}, weights)
    np.testing.assert_allclose(step["r"], case["r"], rtol=0, atol=PRINTED)
    np.testing.assert_allclose(1 - step["z"], case["u"], rtol=0, atol=PRINTED)
    outputs = [step["h"] for step in unroll(GRU, case["inputs"], weights, zeros(2))]
    np.testing.assert_allclose(outputs, case["outputs"], rtol=0, atol=PRINTED)


def madmom_weights(case: dict[str, Any]) -> CellWeights:
    """Our r z n from madmom's r u c: its u lets the candidate in where our z keeps the state, u = σ(a) = 1 − σ(−a)."""
    signs = {"r": 1, "u": -1, "c": 1}
    w_x, w_h, b = (
        torch.cat([sign * double(case[name + block]) for block, sign in signs.items()], dim=-1)
        for name in ("W_x", "W_h", "b_")
    )
    return CellWeights(w_x.T, w_h.T, b)


def in_our_order(rows: list[Any], order: str, cell: Cell) -> Tensor:
    """Rows whose blocks stand in ``order``, in the order of ``cell``."""
    blocks = dict(zip(order, double(rows).chunk(len(order)), strict=True))
    return torch.cat([blocks[letter] for letter in cell.blocks])


def unroll(cell: Cell, inputs: list[Any], weights: CellWeights, initial: Tensor) -> list[Activations]:
    """The activations of every step over ``inputs``, from ``initial`` for each state."""
    step: Activations = dict.fromkeys(cell.states, initial)
    return [step := cell.step(x, step, weights) for x in double(inputs)]


def zeros(*shape: int) -> Tensor:
    return torch.zeros(shape, dtype=torch.float64)


def double(numbers: Any) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)
