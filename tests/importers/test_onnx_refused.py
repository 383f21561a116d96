"""Files that cannot be imported: each is refused with one sentence, whatever its bytes."""

import os
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gatescope.importers import Request
from gatescope.importers.found import Found, ImportRefusedError
from gatescope.importers.onnx_file import IMPORTER
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper, numpy_helper

from .onnx_models import model_of, saved, single, weights_of

node = helper.make_node
WHOLE = single("LSTM", size=2, inputs=1, p=True, direction="bidirectional").SerializeToString()
NOT_WHOLE = "model.onnx is not a whole file of ONNX: it is truncated or of another kind"


def opened(path: Path) -> Found:
    return IMPORTER.open(Request(path))


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


def picture() -> bytes:
    """A PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


SIZES = "claims the shape (1, {}, 3): at most 134,217,728 numbers are read"
FILES: dict[str, tuple[Callable[[], Any], str]] = {
    "empty": (lambda: b"", "model.onnx is empty: it is not a file of ONNX"),
    "truncated": (lambda: WHOLE[: len(WHOLE) // 2], NOT_WHOLE),
    "random bytes": (lambda: np.random.default_rng(0).bytes(4000), NOT_WHOLE),
    "picture": (picture, NOT_WHOLE),
    "text": (lambda: b"import torch\n", NOT_WHOLE),
    "pickle": (lambda: b"\x80\x04\x95\x1c\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.", NOT_WHOLE),
    "no graph": (ModelProto, "model.onnx is empty: it is not a file of ONNX"),
    "empty graph": (
        lambda: model_of([], {}, {}, []),
        "model.onnx is not a file of ONNX, or holds an empty graph",
    ),
    "old": (
        lambda: single("LSTM", opset=6),
        "model.onnx is of opset 6: LSTM, GRU and RNN are read from opset 7 on, export it anew",
    ),
    "transformer": (transformer, "model.onnx has no LSTM, GRU or RNN: its operators are MatMul, Softmax, Transpose"),
    "other domain": (
        in_another_domain,
        "model.onnx: the DynamicQuantizeLSTM 'cell' is of the domain 'com.microsoft': only ONNX's own are read",
    ),
    "function": (
        in_a_function,
        "model.onnx: the LSTM 'cell' is inside a function of the file: inline it before (onnx.inliner)",
    ),
    "scan": (
        written_out,
        "model.onnx has no LSTM, GRU or RNN: if the Scan 'steps' is one written out, export the layer as it is, so "
        "that it becomes an operator",
    ),
    "unrolled": (
        unrolled,
        "model.onnx has no LSTM, GRU or RNN: its operators are Add, Gemm, MatMul, Mul, Sigmoid, Split and 1 more; if "
        "these are one written out, export the layer as it is, so that it becomes an operator",
    ),
    "10¹² rows": (lambda: claiming(10**12), "the tensor 'cell.W' " + SIZES.format(10**12)),
    "a million rows": (
        lambda: claiming(10**6),
        "the tensor 'cell.W' does not hold the numbers that its shape (1, 1000000, 3) claims",
    ),
    "negative rows": (lambda: claiming(-16), "the tensor 'cell.W' " + SIZES.format(-16)),
    "words": (with_a_string, "the LSTM 'cell' has W in object: bfloat16, float16, float32, float64 are read"),
    "nested": (lambda: nested(120), NOT_WHOLE),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_refused_with_one_sentence(tmp_path: Path, name: str) -> None:
    made, message = FILES[name]
    content = made()
    path = tmp_path / "model.onnx"
    path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ImportRefusedError) as raised:
        opened(path)
    assert str(raised.value) == message
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, ModelProto.FromString(WHOLE))
    assert opened(path).cell.name == "lstm"
    assert path.stat().st_size == len(WHOLE) < 4096
    for end in reversed(range(len(WHOLE))):  # the version of the operators comes last: without it nothing is read
        os.truncate(path, end)
        with pytest.raises(ImportRefusedError, match=r"^[^\n]+$"):
            opened(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=4)), min_size=1, max_size=6))
def test_damaged_bytes_are_refused_or_read(tmp_path: Path, damage: list[tuple[int, bytes]]) -> None:
    data = bytearray(WHOLE)
    for start, new in damage:
        data[start : start + len(new)] = new
    path = tmp_path / "model.onnx"
    path.write_bytes(bytes(data))
    with suppress(ImportRefusedError):
        assert opened(path).cell.name == "lstm"


def test_a_claim_of_10_to_the_12_numbers_takes_no_memory(tmp_path: Path) -> None:
    path = saved(tmp_path, claiming(10**12))
    tracemalloc.start()
    try:
        with pytest.raises(ImportRefusedError):
            opened(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_names_of_any_length_and_letters_fit_a_sentence(tmp_path: Path) -> None:
    model = single("LSTM", name="a\n" * 5000, clip=1.0)
    with pytest.raises(ImportRefusedError) as raised:
        opened(saved(tmp_path, model))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400
    for attribute in ({"one\nmore": 1}, {"direction": "for\nward"}, {"activations": ["a\nb"] * 3}):
        with pytest.raises(ImportRefusedError, match=r"^the LSTM 'cell' has [^\n]+$"):
            opened(saved(tmp_path, single("LSTM", **attribute)))
    tanh = model_of([node("Tanh\n", ["x"], ["y"])], {}, {"x": [1]}, ["y"])
    with pytest.raises(ImportRefusedError, match=r"^model\.onnx has no LSTM, GRU or RNN: its operators are 'Tanh\\n'$"):
        opened(saved(tmp_path, tanh))


def test_names_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(WHOLE.replace(b"cell.W", b"cel\xff.W"))
    with pytest.raises(ImportRefusedError, match=r"^model\.onnx has names that are not text: it is damaged$"):
        opened(path)


def test_a_chain_of_operators_as_long_as_a_file_holds_is_followed(tmp_path: Path) -> None:
    model = single("RNN")
    [cell] = model.graph.node
    steps = 1500
    names = ["cell.W", *(f"n{at}" for at in range(steps))]
    for before, after in pairwise(names):
        model.graph.node.insert(0, node("Identity", [before], [after]))
    model.graph.node[-1].input[1] = names[-1]
    found = opened(saved(tmp_path, model))
    np.testing.assert_array_equal(found.layers[0]["forward"].w_ih.numpy(), weights_of("RNN")["W"][0])
    assert cell.op_type == "RNN"
    assert numpy_helper.to_array(model.graph.initializer[0]).shape == (1, 4, 3)
