"""Ways through a recurrent module of torch.nn: its own forward pass, ONNX Runtime's, and two that keep every gate."""

import copy
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
import torch
from gatescope import trace_module
from gatescope.recurrent.cells import cell_of
from gatescope.recurrent.cells.cell import Activations
from gatescope.recurrent.modules import weights_of
from onnx import helper, numpy_helper
from torch import Tensor, nn

ONNX_BLOCKS = {"lstm": "iofg", "gru": "zrn"}  # row blocks of its weights, in our letters


def contestants(module: nn.RNNBase, x: Tensor, threads: int = 1) -> dict[str, Callable[[], object]]:
    """Return a call for each way, all over the same tensors.

    ``ours``, ``checked`` and ``loop`` give every gate, the others only the states. ``checked`` traces a module that has
    a hook, and is therefore called and compared first.
    """
    batch = x if x.dim() == 3 else x[:, None]
    hooked = copy.deepcopy(module)
    hooked.register_forward_hook(lambda *_: None)
    session, inputs = onnx_session(module, threads), {"x": batch.numpy()}
    return {
        "ours": lambda: trace_module(module, x),
        "checked": lambda: trace_module(hooked, x),
        "loop": lambda: loop(module, batch),
        "onnxruntime": lambda: session.run(None, inputs),
        "forward": lambda: module(x),
    }


def loop(module: nn.RNNBase, x: Tensor) -> Activations:
    """What people write to see the gates: a cell's equations, step by step over (T, B, E), stacked in the end."""
    cell, weights = cell_of(module), weights_of(module, 0, "forward")
    activations: Activations = dict.fromkeys(cell.states, x.new_zeros(x.shape[1], module.hidden_size))
    steps = []
    for x_t in x:
        activations = cell.step(x_t, activations, weights)
        steps.append(activations)
    return {letter: torch.stack([step[letter] for step in steps]) for letter in cell.activations}


def onnx_session(module: nn.RNNBase, threads: int) -> onnxruntime.InferenceSession:
    """ONNX's operator of the same name with the weights of ``module``, which must have one layer and one direction."""
    cell = cell_of(module)
    attributes = {"hidden_size": module.hidden_size} | ({"linear_before_reset": 1} if cell.name == "gru" else {})
    states = ["h", "last_h", "last_c"][: 1 + len(cell.states)]

    def ordered(weight: Tensor) -> np.ndarray:
        blocks = dict(zip(cell.blocks, weight.detach().chunk(len(cell.blocks)), strict=True))
        return torch.cat([blocks[letter] for letter in ONNX_BLOCKS[cell.name]])[None].numpy()

    w_ih, w_hh, b_ih, b_hh = (ordered(weight) for weight in weights_of(module, 0, "forward")[:4])
    weights = {"w": w_ih, "r": w_hh, "b": np.concatenate([b_ih, b_hh], axis=1)}
    graph = helper.make_graph(
        [helper.make_node(cell.name.upper(), ["x", *weights], states, **attributes)],
        cell.name,
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ("T", "B", module.input_size))],
        [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in states],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
