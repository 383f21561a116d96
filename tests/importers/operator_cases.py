"""Published cases of ONNX's recurrent operators: of onnx's own backend tests, and of ONNX Runtime's.

Both give weights and states as inputs of the operator; as files have them, weights become constants here.
"""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from gatescope.importers.found import Found
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx.backend.test.case import node as published
from onnx.backend.test.case.node import gru, lstm, rnn

from .onnx_models import INPUTS, WEIGHTS, error, run

Array = NDArray[Any]
FILE = Path(__file__).parents[1] / "data/onnxruntime_cases.json.gz"


class OperatorCase(NamedTuple):
    """An operator with what it is given, by the names of ONNX, and what must come out."""

    name: str
    op: str
    attributes: dict[str, Any]
    inputs: dict[str, Array]
    outputs: dict[str, Array]  # Y, Y_h, Y_c
    opset: int

    def model(self) -> ModelProto:
        """The same as a file: what is not a weight is an input of the graph."""
        names = [name if name in self.inputs else "" for name in INPUTS]
        node = helper.make_node(self.op, names[: 8 if self.op == "LSTM" else 6], ["Y"], name="cell", **self.attributes)
        kinds = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int32): TensorProto.INT32}
        given = [
            helper.make_tensor_value_info(name, kinds[array.dtype], array.shape)
            for name, array in self.inputs.items()
            if name not in WEIGHTS
        ]
        tensors = [numpy_helper.from_array(array, name) for name, array in self.inputs.items() if name in WEIGHTS]
        y = helper.make_tensor_value_info("Y", TensorProto.FLOAT, None)
        graph = helper.make_graph([node], "case", given, [y], tensors)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)

    def error(self, found: Found) -> float:
        """How far what was found is from what must come out, relative where that exceeds 1."""
        is_batch_first = bool(self.attributes.get("layout", 0))

        def steps_first(name: str) -> Array:
            return self.inputs[name].swapaxes(0, 1) if is_batch_first else self.inputs[name]

        x = steps_first("X")
        steps, batch, count = *x.shape[:2], len(found.layers[0])
        lengths = self.inputs.get("sequence_lens", np.full(batch, steps)).tolist()
        initial = {
            letter: steps_first(name)
            for letter, name in (("h", "initial_h"), ("c", "initial_c"))
            if name in self.inputs
        }
        ours = run(found, x, lengths, initial)
        apart = {letter: each.reshape(steps, batch, count, -1) for letter, each in ours.items()}
        taken = np.arange(steps)[:, None] < np.array(lengths)
        computed = {"Y": (apart["h"] * taken[..., None, None]).transpose(0, 2, 1, 3)}
        for letter, each in apart.items():
            zero = np.zeros((count, batch, each.shape[-1]), np.float32)
            final = initial.get(letter, zero).copy() if not all(lengths) else zero
            for b, length in enumerate(lengths):
                if length:
                    final[0, b] = each[length - 1, b, 0]
                    final[1:, b] = each[0, b, 1:]
                else:
                    final[:, b] = 0
            computed[f"Y_{letter}"] = final
        if is_batch_first:
            computed = {name: np.moveaxis(each, -2, 0) for name, each in computed.items()}
        return max(error(computed[name], expected) for name, expected in self.outputs.items())


def backend_cases() -> Iterator[OperatorCase]:
    """Those of ``onnx.backend.test.case.node``, which come with the installed onnx."""
    assert all((lstm, gru, rnn))  # importing them has made the cases
    for case in published._NodeTestCases:
        if case.model is None or case.model.graph.node[0].op_type not in ("LSTM", "GRU", "RNN"):
            continue
        [node], [(inputs, outputs)] = case.model.graph.node, case.data_sets
        named = dict(zip([name for name in node.input if name], inputs, strict=True))
        position = dict(zip(node.input, INPUTS, strict=False))
        given = {position[name]: np.asarray(array) for name, array in named.items()}
        names = [("Y", "Y_h", "Y_c")[at] for at, name in enumerate(node.output) if name]
        attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
        opset = max(each.version for each in case.model.opset_import)
        yield OperatorCase(
            case.name, node.op_type, attributes, given, dict(zip(names, map(np.asarray, outputs), strict=True)), opset
        )


def runtime_cases() -> Iterator[OperatorCase]:
    """Those of ONNX Runtime that run: two others are about wrong inputs."""
    for case in json.loads(gzip.decompress(FILE.read_bytes())):
        if case["fails"]:
            continue
        inputs, outputs = (
            {
                name: np.array(pair[1], np.int32 if name == "sequence_lens" else np.float32).reshape(pair[0])
                for name, pair in case[key].items()
                if pair is not None
            }
            for key in ("inputs", "outputs")
        )
        attributes = {name: value for name, value in case["attrs"].items() if value != []}
        if "clip" in attributes:
            attributes["clip"] = float(attributes["clip"])
        yield OperatorCase(case["test"], case["op"], attributes, inputs, outputs, 7)
