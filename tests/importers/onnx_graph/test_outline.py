"""What is read of a file of ONNX: all of it, or, where no operator of it is ours, all but its weights."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from gatescope.importers.onnx_graph.outline import needed_of
from onnx import ModelProto, TensorProto, helper, numpy_helper

from importers.onnx_models import single


def written(folder: Path, data: bytes) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(data)
    return path


def other(size: int = 1_000) -> ModelProto:
    """A model of another kind, of so many weights."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "xy")
    weights = [numpy_helper.from_array(np.ones((size, 1), "f4"), "w")]
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "graph", [x], [y], weights)
    return helper.make_model(graph, producer_name="someone", opset_imports=[helper.make_opsetid("", 14)])


def test_weights_are_left_out_where_no_operator_is_ours(tmp_path: Path) -> None:
    model = other()
    outline = onnx.load_model_from_string(needed_of(written(tmp_path, model.SerializeToString())))
    del model.graph.initializer[:]
    assert outline == model


def test_all_is_read_where_one_is(tmp_path: Path) -> None:
    data = single("LSTM").SerializeToString()
    assert needed_of(written(tmp_path, data)) == data


def test_a_message_that_comes_in_parts_is_merged_as_protobuf_merges_it(tmp_path: Path) -> None:
    model = other()
    data = model.SerializeToString() + ModelProto(graph=other(3).graph, domain="late").SerializeToString()
    outline, whole = (onnx.load_model_from_string(each) for each in (needed_of(written(tmp_path, data)), data))
    assert len(whole.graph.node) == 2
    del whole.graph.initializer[:]
    assert outline == whole


@pytest.mark.parametrize(
    "damage", [b"\x3a\xff\xff", b"\x0b", b"\x3a" + b"\xff" * 11, b"\x09\0", b"\x0d\0", b"\x3a\x02\x2a\x7f"]
)
def test_what_is_damaged_is_left_to_protobuf(tmp_path: Path, damage: bytes) -> None:
    data = other().SerializeToString() + damage
    assert needed_of(written(tmp_path, data)) == data
