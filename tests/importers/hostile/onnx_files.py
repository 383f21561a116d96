"""Hostile files of ONNX."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper

from importers.onnx_models import model_of, saved, single

from . import Make, Table, holding
from .any_files import noise, picture

node = helper.make_node
WHOLE = single("LSTM", size=2, inputs=1, p=True, direction="bidirectional").SerializeToString()
NOT_WHOLE = "model.onnx is not a whole file of ONNX: it is truncated or of another kind, export or copy it anew"


def transformer() -> ModelProto:
    """Attention: products and a softmax, and no recurrence."""
    nodes = [
        node("MatMul", ["x", "w"], ["q"]),
        node("Transpose", ["q"], ["k"], perm=[0, 2, 1]),
        node("MatMul", ["q", "k"], ["a"]),
        node("Softmax", ["a"], ["p"]),
        node("MatMul", ["p", "q"], ["y"]),
    ]
    return model_of(nodes, {"w": np.eye(3, dtype=np.float32)}, {"x": ["B", "T", 3]}, ["y"])


def claiming(count: int) -> ModelProto:
    """An LSTM whose W says that it has so many rows, and holds none."""
    model = single("LSTM")
    [w] = [each for each in model.graph.initializer if each.name == "cell.W"]
    w.dims[1] = count
    return model


def in_another_domain() -> ModelProto:
    model = single("LSTM")
    model.graph.node[0].op_type, model.graph.node[0].domain = "DynamicQuantizeLSTM", "com.microsoft"
    return model


def in_a_function() -> ModelProto:
    model = single("LSTM")
    [cell] = model.graph.node
    function = helper.make_function("own", "Encoder", list(cell.input), ["y"], [cell], [helper.make_opsetid("", 14)])
    call = node("Encoder", list(cell.input), ["y"], domain="own")
    del model.graph.node[:]
    model.graph.node.append(call)
    model.functions.append(function)
    return model


def written_out() -> ModelProto:
    body = helper.make_graph([node("Tanh", ["s"], ["t"])], "body", [], [helper.make_empty_tensor_value_info("t")])
    scan = node("Scan", ["x"], ["y"], name="steps", body=body, num_scan_inputs=1)
    return model_of([scan], {}, {"x": ["T", 3]}, ["y"])


def unrolled() -> ModelProto:
    """Steps of a cell as an exporter writes them that knows no such layer."""
    kinds = ("Add", "Gemm", "MatMul", "Mul", "Sigmoid", "Split", "Tanh")
    return model_of([node(kind, ["x"], [kind]) for kind in kinds], {}, {"x": ["T", 3]}, ["Tanh"])


def with_a_string() -> ModelProto:
    model = single("LSTM")
    [w] = [each for each in model.graph.initializer if each.name == "cell.W"]
    w.CopyFrom(helper.make_tensor("cell.W", TensorProto.STRING, [1], [b"numbers"]))
    return model


def nested(depth: int) -> bytes:
    """Graphs inside graphs, deeper than protobuf itself would write them."""

    def field(number: int, content: bytes) -> bytes:
        size, prefix = len(content), bytes([number << 3 | 2])
        while size > 127:
            prefix, size = prefix + bytes([size & 127 | 128]), size >> 7
        return prefix + bytes([size]) + content

    graph = b""
    for _ in range(depth):  # a node whose attribute is a graph
        graph = field(1, field(5, field(6, graph)))
    return b"\x08\x08" + field(7, graph)


def with_nan() -> ModelProto:
    """NaN in R."""
    model = single("LSTM")
    [r] = [each for each in model.graph.initializer if each.name == "cell.R"]
    numbers = numpy_helper.to_array(r).copy()
    numbers[0, 2, 1] = np.nan
    r.CopyFrom(numpy_helper.from_array(numbers, "cell.R"))
    return model


def of_shape(name: str, *shape: int) -> ModelProto:
    """A weight of another shape."""
    model = single("LSTM")
    [tensor] = [each for each in model.graph.initializer if each.name == name]
    tensor.CopyFrom(numpy_helper.from_array(np.ones(shape, np.float32), name))
    return model


def without(name: str) -> ModelProto:
    """A model without one of its tensors."""
    model = single("LSTM")
    [at] = [at for at, each in enumerate(model.graph.initializer) if each.name == name]
    del model.graph.initializer[at]
    return model


def external(location: str, **more: str) -> ModelProto:
    """An LSTM whose W is in a file of its own."""
    model = single("LSTM")
    [w] = [each for each in model.graph.initializer if each.name == "cell.W"]
    w.ClearField("raw_data")
    w.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **more}.items():
        w.external_data.add(key=key, value=value)
    return model


def linked(folder: Path) -> Path:
    """A model whose external data are a link to a file outside."""
    (folder / "data.bin").symlink_to(folder.parent / "outside.bin")
    (folder.parent / "outside.bin").write_bytes(bytes(192))
    return saved(folder, external("data.bin"))


def in_circles() -> ModelProto:
    """W is computed from itself."""
    model = without("cell.W")
    model.graph.node.insert(0, node("Identity", ["cell.W"], ["cell.W"]))
    return model


def growing() -> ModelProto:
    """W is a constant of 10¹² numbers, computed from three."""
    model = without("cell.W")
    model.graph.initializer.append(numpy_helper.from_array(np.array([1, 10**12, 3]), "shape"))
    model.graph.node.insert(0, node("ConstantOfShape", ["shape"], ["cell.W"]))
    return model


def of(model: Callable[[], ModelProto]) -> Make:
    """A file of such a model."""
    return lambda folder: saved(folder, model())


SIZES = "claims the shape (1, {}, 3): at most 134,217,728 numbers are read"
FILES: Table = {
    "empty": (holding("model.onnx", lambda: b""), "model.onnx is empty: it is not a file of ONNX"),
    "truncated": (holding("model.onnx", lambda: WHOLE[: len(WHOLE) // 2]), NOT_WHOLE),
    "random bytes": (holding("model.onnx", noise), NOT_WHOLE),
    "picture": (holding("model.onnx", picture), NOT_WHOLE),
    "text": (holding("model.onnx", lambda: b"import torch\n"), NOT_WHOLE),
    "no graph": (of(ModelProto), "model.onnx is empty: it is not a file of ONNX"),
    "empty graph": (
        of(lambda: model_of([], {}, {}, [])),
        "model.onnx is not a file of ONNX, or holds an empty graph",
    ),
    "old": (
        of(lambda: single("LSTM", opset=6)),
        "model.onnx is of opset 6: LSTM, GRU and RNN are read from opset 7 on, export it anew",
    ),
    "transformer": (
        of(transformer),
        "model.onnx has no LSTM, GRU or RNN: its operators are MatMul, Softmax, Transpose",
    ),
    "other domain": (
        of(in_another_domain),
        "model.onnx: the DynamicQuantizeLSTM 'cell' is of the domain 'com.microsoft': only ONNX's own are read",
    ),
    "function": (
        of(in_a_function),
        "model.onnx: the LSTM 'cell' is inside a function of the file: inline it before (onnx.inliner)",
    ),
    "scan": (
        of(written_out),
        "model.onnx has no LSTM, GRU or RNN: if the Scan 'steps' is one written out, export the layer as it is, so "
        "that it becomes an operator",
    ),
    "unrolled": (
        of(unrolled),
        "model.onnx has no LSTM, GRU or RNN: its operators are Add, Gemm, MatMul, Mul, Sigmoid, Split and 1 more; if "
        "these are one written out, export the layer as it is, so that it becomes an operator",
    ),
    "10¹² rows": (of(lambda: claiming(10**12)), "the tensor 'cell.W' " + SIZES.format(10**12)),
    "a million rows": (
        of(lambda: claiming(10**6)),
        "the tensor 'cell.W' does not hold the numbers that its shape (1, 1000000, 3) claims",
    ),
    "negative rows": (of(lambda: claiming(-16)), "the tensor 'cell.W' " + SIZES.format(-16)),
    "words": (of(with_a_string), "the LSTM 'cell' has W in object: bfloat16, float16, float32, float64 are read"),
    "nested": (holding("model.onnx", lambda: nested(120)), NOT_WHOLE),
    "NaN": (of(with_nan), "the LSTM 'cell' has NaN or infinity in its R ('cell.R')"),
    "a wrong shape": (
        of(partial(of_shape, "cell.R", 1, 16, 5)),
        "the LSTM 'cell' has W of shape (1, 16, 3): R asks for (1, 20, 3)",
    ),
    "a wrong bias": (
        of(partial(of_shape, "cell.B", 1, 31)),
        "the LSTM 'cell' has B of shape (1, 31): R asks for (1, 32)",
    ),
    "a weight of one axis": (
        of(partial(of_shape, "cell.W", 48)),
        "the LSTM 'cell' has weights W of shape (48,) and R of shape (1, 16, 4): both need three axes",
    ),
    "a missing tensor": (
        of(partial(without, "cell.R")),
        "the LSTM 'cell' takes its R from 'cell.R', which is not constant: nothing in the file gives it",
    ),
    "no bytes for a tensor outside": (
        of(partial(external, "missing.bin")),
        "the numbers of the tensor 'cell.W' are in 'missing.bin', which is not in its folder",
    ),
    "path traversal": (
        of(partial(external, "../outside.bin")),
        "the tensor 'cell.W' points to '../outside.bin', outside the model's folder: only files in it are read",
    ),
    "an absolute path": (
        of(partial(external, "/etc/passwd")),
        "the tensor 'cell.W' points to '/etc/passwd', outside the model's folder: only files in it are read",
    ),
    "external data behind a link": (
        linked,
        "the tensor 'cell.W' points to 'data.bin', outside the model's folder: only files in it are read",
    ),
    "a weight computed from itself": (
        of(in_circles),
        "the LSTM 'cell' takes its W from 'cell.W', which is not constant: it comes from the Identity 'cell.W'",
    ),
    "a weight computed to 10¹² rows": (
        of(growing),
        "the ConstantOfShape 'cell.W' would make the constants more than 134,217,728 numbers",
    ),
}
