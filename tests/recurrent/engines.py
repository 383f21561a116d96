"""Two engines that know nothing of ours, for the weights of our networks: PyTorch's fused modules and onnxruntime.

Each gives the states of every layer and direction, which a ``Trace`` must agree with. What neither shows, the gates,
``gates`` computes from those states in NumPy; ``error`` is the measure of agreement.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from gatescope.recurrent.cells.cell import CellWeights
from gatescope.recurrent.engine import stepped
from gatescope.recurrent.modules import Direction
from gatescope.recurrent.network import Network
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import LayerTrace
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[np.floating]
States = dict[str, Array]  # letter → (T, H)
LayerStates = dict[tuple[int, Direction], States]

# The row blocks of ONNX's operators in our letters (its LSTM calls the candidate c, its GRU calls it h).
ONNX_BLOCKS = {"lstm": "iofg", "gru": "zrn", "rnn": "h"}


def error(ours: Array, theirs: Array) -> float:
    """Largest difference, relative where the reference, such as an LSTM's cell state, exceeds 1."""
    assert ours.shape == theirs.shape
    return float((np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))).max())


def last(layer: LayerTrace, letter: str) -> Array:
    """The state after the last step that was taken: of token 0 in a backward layer."""
    return layer[letter][-1 if layer.direction == "forward" else 0]


def embedded(network: Network, tokens: list[Token]) -> torch.Tensor:
    """The input of the first layer, (T, E)."""
    if network.embedding is None:
        return torch.tensor([token.values for token in tokens], dtype=network.dtype)
    return network.embedding(torch.tensor([token.id for token in tokens]))


@torch.inference_mode()
def fused_states(network: Network, tokens: list[Token]) -> LayerStates:
    """States of every step from torch.nn, by running one fused module for each layer and direction step by step.

    A cell that torch.nn does not have is stepped in PyTorch: how far float32 carries it, not what is right.
    """
    x, states_by_layer = embedded(network, tokens), {}
    for layer in range(network.config.layers):
        outputs = []
        for direction in network.config.directions:
            ordered = x if direction == "forward" else x.flip(0)
            if (cell := network.config.cell_definition).module is None:
                weights = network.weights(layer, direction)
                whole = stepped.unroll(cell, weights, ordered[:, None], [len(x)], None, reverse=False)
                states = {letter: whole[letter][:, 0] for letter in cell.states}
            else:
                states = _step_by_step(_fused_layer(network, layer, direction), ordered)
            if direction == "backward":
                states = {letter: array.flip(0) for letter, array in states.items()}
            outputs.append(states["h"])
            states_by_layer[layer, direction] = {letter: array.numpy() for letter, array in states.items()}
        x = torch.cat(outputs, dim=-1)
    return states_by_layer


def _fused_layer(network: Network, layer: int, direction: Direction) -> torch.nn.RNNBase:
    weights = network.weights(layer, direction)
    options = {"nonlinearity": network.config.nonlinearity} if network.config.cell == "rnn" else {}
    hidden, inputs = weights.w_hh.shape[1], weights.w_ih.shape[1]
    module = type(network.recurrent)(inputs, hidden, bias=network.config.bias, dtype=weights.w_ih.dtype, **options)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    module.load_state_dict({name: w for name, w in zip(names, weights[:4], strict=True) if w is not None})
    return module


def _step_by_step(module: torch.nn.RNNBase, x: torch.Tensor) -> dict[str, torch.Tensor]:
    steps: list[tuple[torch.Tensor, ...]] = []
    state = None
    for x_t in x:
        _, state = module(x_t[None], state)
        steps.append(state if isinstance(state, tuple) else (state,))
    return dict(zip("hc", map(torch.cat, zip(*steps, strict=True)), strict=False))


def onnx_states(network: Network, tokens: list[Token]) -> LayerStates:
    """``h`` of every step and ``c`` of the last, (1, H), from onnxruntime."""
    config = network.config
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx_model(network).SerializeToString(), options, ["CPUExecutionProvider"])
    x = embedded(network, tokens).detach().numpy()[:, None]  # (T, 1, E)
    answers = dict(zip([output.name for output in session.get_outputs()], session.run(None, {"x0": x}), strict=True))
    states: LayerStates = {}
    for layer, direction in network.layers():
        at = config.directions.index(direction)
        states[layer, direction] = {"h": answers[f"h{layer}"][:, at, 0]}  # of (T, directions, 1, H)
        if config.cell == "lstm":
            states[layer, direction]["c"] = answers[f"c{layer}"][at]  # of (directions, 1, H)
    return states


def onnx_model(network: Network) -> onnx.ModelProto:
    """The recurrent layers as a graph of ONNX operators, with the states of every layer among its outputs."""
    config, nodes, tensors, outputs = network.config, [], [], []
    directions = len(config.directions)
    attributes: dict[str, Any] = {
        "hidden_size": config.hidden_size,
        "direction": "bidirectional" if config.bidirectional else "forward",
    }
    if config.cell == "gru":
        attributes["linear_before_reset"] = int(config.reset_after)
    if config.cell == "rnn":
        attributes["activations"] = [config.nonlinearity.capitalize()] * directions
    for layer in range(config.layers):
        inputs = []
        for name, array in _onnx_weights(network, layer):
            tensors.append(numpy_helper.from_array(array, f"{name}{layer}"))
            inputs.append(f"{name}{layer}")
        states = [f"h{layer}"] + ([f"last_h{layer}", f"c{layer}"] if config.cell == "lstm" else [])
        outputs.append(_real(f"h{layer}", "T", directions, 1, config.hidden_size))
        if config.cell == "lstm":
            outputs.append(_real(f"c{layer}", directions, 1, config.hidden_size))
        nodes += [
            helper.make_node(config.cell.upper(), [f"x{layer}", *inputs], states, **attributes),
            helper.make_node("Transpose", [f"h{layer}"], [f"transposed{layer}"], perm=[0, 2, 1, 3]),
            helper.make_node("Reshape", [f"transposed{layer}", "joined"], [f"x{layer + 1}"]),
        ]
    tensors.append(numpy_helper.from_array(np.array([0, 0, -1]), "joined"))
    graph = helper.make_graph(nodes, "recurrent", [_real("x0", "T", 1, config.embedding_size)], outputs, tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=10)
    onnx.checker.check_model(model)
    return model


def _real(name: str, *shape: int | str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)


def _onnx_weights(network: Network, layer: int) -> Iterator[tuple[str, Array]]:
    """W, R and, with biases, B of one layer, each (directions, rows, …)."""
    stacks = []
    for direction in network.config.directions:
        w_ih, w_hh, *biases = (_in_onnx_order(network, w) for w in network.weights(layer, direction) if w is not None)
        stacks.append((w_ih, w_hh, np.concatenate(biases)) if biases else (w_ih, w_hh))
    yield from zip("WRB", map(np.stack, zip(*stacks, strict=True)), strict=False)


def _in_onnx_order(network: Network, weight: torch.Tensor) -> Array:
    ours = network.config.cell_definition.blocks
    blocks = dict(zip(ours, np.split(weight.detach().numpy(), len(ours)), strict=True))
    return np.concatenate([blocks[letter] for letter in ONNX_BLOCKS[network.config.cell]])


def gates(network: Network, layer: int, direction: Direction, x: Array, h: Array) -> States:
    """Gates and candidate of one layer for its inputs (T, E) and its hidden states (T, H), in float64."""
    weights = network.weights(layer, direction)
    count, hidden = len(network.config.cell_definition.blocks), weights.w_hh.shape[1]
    h_before = np.zeros_like(h, dtype=np.float64)
    if direction == "forward":
        h_before[1:] = h[:-1]
    else:
        h_before[:-1] = h[1:]
    w_ih, w_hh, b_ih, b_hh = _by_block(weights, count, hidden)
    a = np.einsum("bhe,te->bth", w_ih, x) + b_ih[:, None]
    u = np.einsum("bhk,tk->bth", w_hh, h_before) + b_hh[:, None]
    if network.config.cell == "lstm":
        return {
            "i": _sigmoid(a[0] + u[0]),
            "f": _sigmoid(a[1] + u[1]),
            "g": np.tanh(a[2] + u[2]),
            "o": _sigmoid(a[3] + u[3]),
        }
    r, z = _sigmoid(a[0] + u[0]), _sigmoid(a[1] + u[1])
    if network.config.reset_after:
        return {"r": r, "z": z, "n": np.tanh(a[2] + r * u[2])}
    return {"r": r, "z": z, "n": np.tanh(a[2] + (r * h_before) @ w_hh[2].T + b_hh[2])}


def _by_block(weights: CellWeights, count: int, hidden: int) -> Iterator[Array]:
    for weight in weights[:2]:
        yield weight.detach().numpy().astype(np.float64).reshape(count, hidden, -1)
    for bias in weights[2:4]:
        yield (
            np.zeros((count, hidden))
            if bias is None
            else bias.detach().numpy().astype(np.float64).reshape(count, hidden)
        )


def _sigmoid(a: Array) -> Array:
    return (1 + np.tanh(a / 2)) / 2
