"""What an imported network is compared with: ONNX Runtime, and ONNX's formulas, over the weights of the file."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper

from ..found import Reference
from .equations import hidden_states
from .operator import Operator, Weights

Array = NDArray[Any]

OPSET, IR_VERSION = 14, 8  # which every version of ONNX Runtime since 2021 reads


class Layer(NamedTuple):
    """One layer as the file has it."""

    operator: Operator
    weights: Weights


def references(layers: Sequence[Layer]) -> list[Reference]:
    """Return what computes the same from the tensors of the file; ONNX Runtime only where it is installed."""
    layers = [Layer(each.operator.apart(), each.weights) for each in layers]
    name = f"the equations of ONNX's {layers[0].operator.node.op_type} in float64"
    found = [Reference(name, "equations", lambda x: _equations(layers, x))]
    if find_spec("onnxruntime") is not None:
        import onnxruntime

        found.insert(0, Reference(f"onnxruntime {onnxruntime.__version__}", "engine", lambda x: _run(layers, x)))
    return found


def _equations(layers: Sequence[Layer], x: Array) -> Array:
    for operator, weights in layers:
        x = hidden_states(operator, weights, x)
    return x


def _run(layers: Sequence[Layer], x: Array) -> Array:
    """Return h of the last layer, (T, D·H), by ONNX Runtime, from zero states."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    model, arrays = _model(layers)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    [h] = session.run(None, {"x0": x[:, None].astype(np.float32), **arrays})
    return np.asarray(h)[:, 0]


def _model(layers: Sequence[Layer]) -> tuple[bytes, dict[str, Array]]:
    """Return a model of only these layers, which reads x (T, 1, E), and the arrays that it reads, too.

    As inputs, weights are where they are: in the model, each would be copied into it, and by ONNX Runtime out of it.
    """
    nodes: list[NodeProto] = []
    arrays = dict[str, Array]()
    for at, (operator, weights) in enumerate(layers):
        inputs = {"X": f"x{at}"}
        for name, array in weights._asdict().items():
            if array is not None:
                inputs[name] = f"{name}{at}"
                arrays[inputs[name]] = array.astype(np.float32, "C", copy=False)
        given = {name: value for name, value in operator.given.items() if name != "layout"}
        given["hidden_size"] = weights.R.shape[2]
        nodes += [
            helper.make_node(
                operator.node.op_type, [inputs.get(name, "") for name in operator.kind.inputs], [f"y{at}"], **given
            ),
            helper.make_node("Transpose", [f"y{at}"], [f"transposed{at}"], perm=[0, 2, 1, 3]),
            helper.make_node("Reshape", [f"transposed{at}", "joined"], [f"x{at + 1}"]),
        ]
    given_x = [helper.make_tensor_value_info("x0", TensorProto.FLOAT, ["T", 1, layers[0].weights.W.shape[2]])]
    given_x += [helper.make_tensor_value_info(name, TensorProto.FLOAT, each.shape) for name, each in arrays.items()]
    h = helper.make_tensor_value_info(f"x{len(layers)}", TensorProto.FLOAT, None)
    joined = numpy_helper.from_array(np.array([0, 0, -1]), "joined")
    graph = helper.make_graph(nodes, "recurrent", given_x, [h], [joined])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    return model.SerializeToString(), arrays
