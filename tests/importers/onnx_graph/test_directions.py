"""An operator for each direction: one layer where the graph joins their h as a layer does, by ONNX Runtime."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from gatescope.importers.building import build
from gatescope.importers.found import ImportRefusedError
from gatescope.importers.proof import h_of
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, ValueInfoProto, helper

from ..onnx_models import imported, model_of, recurrent, weights_of

Array = NDArray[Any]
ONLY = "has direction=reverse: only layers that run forward or both ways are read"
AXES = {"one": np.array([1]), "joined": np.array([0, 0, -1]), "zero": np.array([0])}


def squeezed(*names: str) -> list[NodeProto]:
    return [helper.make_node("Squeeze", [name, "one"], [f"{name}.h"]) for name in names]


def apart(first: str, second: str, to: str) -> list[NodeProto]:
    """(T, B, H) of each, joined."""
    joined = helper.make_node("Concat", [f"{first}.h", f"{second}.h"], [to], axis=-1)
    return [*squeezed(first, second), joined]


def before(first: str, second: str, to: str) -> list[NodeProto]:
    """(T, 1, B, 2·H), then without the direction."""
    joined = helper.make_node("Concat", [first, second], [f"{to}.both"], axis=3)
    return [joined, helper.make_node("Squeeze", [f"{to}.both", "one"], [to])]


def stacked(first: str, second: str, to: str) -> list[NodeProto]:
    """(T, 2, B, H), as one operator gives it, then what exporters write after that."""
    return [
        helper.make_node("Concat", [first, second], [f"{to}.both"], axis=1),
        helper.make_node("Transpose", [f"{to}.both"], [f"{to}.moved"], perm=[0, 2, 1, 3]),
        helper.make_node("Reshape", [f"{to}.moved", "joined"], [to]),
    ]


def two_layers(
    op: str, join: Callable[[str, str, str], list[NodeProto]], opset: int = 14, **attributes: Any
) -> ModelProto:
    """A network of two layers, each of which is two operators."""
    nodes, tensors = [], dict[str, Array](AXES)
    for at, (x, size) in enumerate((("x", 3), ("x1", 8))):
        for n, (name, direction) in enumerate((("there", "forward"), ("back", "reverse"))):
            given = weights_of(op, inputs=size, seed=2 * at + n, p=op == "LSTM")
            tensors |= {f"{name}{at}.{key}": array for key, array in given.items()}
            nodes.append(
                recurrent(op, x, f"{name}{at}.Y", f"{name}{at}", list(given), direction=direction, **attributes)
            )
        nodes += join(f"there{at}.Y", f"back{at}.Y", f"x{at + 1}")
    return model_of(nodes, tensors, {"x": ["T", "B", 3]}, ["x2"], opset)


def by_onnxruntime(model: ModelProto, x: Array) -> Sequence[Array]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})  # type: ignore[no-any-return]


@pytest.mark.parametrize("opset", [14, 21])
@pytest.mark.parametrize("join", [apart, before, stacked])
@pytest.mark.parametrize(
    ("op", "given"),
    [
        ("LSTM", {"hidden_size": 4}),
        ("GRU", {"hidden_size": 4, "linear_before_reset": 1}),
        ("RNN", {"hidden_size": 4, "activations": ["Relu"]}),
    ],
)
def test_two_operators_whose_h_is_joined_are_one_layer(
    op: str, given: Mapping[str, Any], join: Callable[[str, str, str], list[NodeProto]], opset: int, tmp_path: Path
) -> None:
    model = two_layers(op, join, opset, **given)
    found = imported(tmp_path, model)
    assert [[*layer] for layer in found.layers] == [["forward", "backward"]] * 2
    x = np.random.default_rng(5).standard_normal((9, 3)).astype(np.float32)
    [theirs] = by_onnxruntime(model, x[:, None])
    np.testing.assert_allclose(h_of(found, build(found).network, x), theirs[:, 0], rtol=2e-6, atol=1e-6)
    for reference in found.references:
        np.testing.assert_allclose(reference.run(x), theirs[:, 0], rtol=2e-6, atol=1e-6)
    said = [(each.answer, each.reason) for each in found.conventions if each.question == "both directions"]
    assert said == [(f"there{at} and back{at}", "they read the same, and their h is joined") for at in (0, 1)]
    assert found.name == "there0"
    assert (found.unused, [each for each in found.remarks if "direction" in each]) == ([], [])
    assert ("there0.R and back0.R", "layer 0 backward, W_hh") in {(each.source, each.target) for each in found.placed}


def last_states(first: str, second: str, *, size: int = 4) -> ModelProto:
    """A classifier that reads the last h of both directions."""
    tensors = {f"{name}.{key}": array for name in ("there", "back") for key, array in weights_of("GRU").items()}
    tensors |= {"weight": np.random.default_rng(9).standard_normal((2 * size, 5)).astype(np.float32), **AXES}
    nodes = [
        recurrent("GRU", "x", "", "there", hidden_size=4, linear_before_reset=1),
        recurrent("GRU", "x", "", "back", hidden_size=4, linear_before_reset=1, direction="reverse"),
    ]
    for node in nodes:
        node.output.append(f"{node.name}.last")
    nodes += [
        helper.make_node("Concat", [f"{first}.last", f"{second}.last"], ["both"], axis=2),
        helper.make_node("Squeeze", ["both", "zero"], ["last"]),
        helper.make_node("MatMul", ["last", "weight"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["y"], axis=-1),
    ]
    return model_of(nodes, tensors, {"x": ["T", "B", 3]}, ["y"])


def test_the_last_h_of_both_may_be_joined(tmp_path: Path) -> None:
    model = last_states("there", "back")
    model.graph.output.append(ValueInfoProto(name="last"))
    found = imported(tmp_path, model)
    x = np.random.default_rng(5).standard_normal((9, 3)).astype(np.float32)
    h = h_of(found, build(found).network, x)
    _, [theirs] = by_onnxruntime(model, x[:, None])
    np.testing.assert_allclose(np.concatenate([h[-1, :4], h[0, 4:]]), theirs, atol=1e-6)
    assert "the MatMul 'scores' does not read h of there at single steps: no head is imported" in found.remarks


def test_h_that_is_joined_in_the_other_order_is_not_that_of_one_layer(tmp_path: Path) -> None:
    first = "it is not one layer with the GRU 'there', as a layer gives h of both joined unit by unit, that of the "
    with pytest.raises(ImportRefusedError) as refused:
        imported(tmp_path, last_states("back", "there"), "back")
    assert str(refused.value) == f"the GRU 'back' {ONLY}; {first}forward one first"


def pair(change: Mapping[str, Any], own: Sequence[str] = ("W", "R", "B"), x: str = "x", size: int = 4) -> ModelProto:
    """Two operators whose h is joined, of which that in reverse differs from the other."""
    both = {"there": weights_of("GRU"), "back": weights_of("GRU", size=size)}
    tensors = {f"{name}.{key}": array for name, each in both.items() for key, array in each.items()}
    back: dict[str, Any] = {"hidden_size": size, "linear_before_reset": 1, "direction": "reverse", **change}
    nodes = [
        helper.make_node("Identity", ["x"], ["other"]),
        recurrent("GRU", "x", "y0", "there", hidden_size=4, linear_before_reset=1),
        recurrent("GRU", x, "y1", "back", own, **back),
        helper.make_node("Concat", ["y0", "y1"], ["y"], axis=3),
    ]
    return model_of(nodes, tensors, {"x": ["T", "B", 3]}, ["y"])


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (pair({"linear_before_reset": 0}), "as their attributes linear_before_reset differ"),
        (pair({"clip": 200.0}), "as their attributes clip differ"),
        (pair({}, own=("W", "R")), "as only one has B"),
        (pair({}, x="other"), "as their inputs differ: 'x' and 'other'"),
        (pair({}, size=2), "as their hidden sizes differ"),
    ],
)
def test_operators_that_differ_are_not_one_layer_and_the_refusal_says_in_what(
    model: ModelProto, why: str, tmp_path: Path
) -> None:
    with pytest.raises(ImportRefusedError) as refused:
        imported(tmp_path, model, "back")
    assert str(refused.value) == f"the GRU 'back' {ONLY}; it is not one layer with the GRU 'there', {why}"
    assert [*imported(tmp_path, model, "there").layers[0]] == ["forward"]


def test_operators_whose_h_is_not_joined_are_two_networks(tmp_path: Path) -> None:
    tensors = {f"{name}.{key}": array for name in ("there", "back") for key, array in weights_of("GRU").items()}
    nodes = [
        recurrent("GRU", "x", "y0", "there", hidden_size=4, linear_before_reset=1),
        recurrent("GRU", "x", "y1", "back", hidden_size=4, linear_before_reset=1, direction="reverse"),
        helper.make_node("Add", ["y0", "y1"], ["y"]),
    ]
    model = model_of(nodes, tensors, {"x": ["T", "B", 3]}, ["y"])
    found = imported(tmp_path, model, "there")
    assert [*found.layers[0]] == ["forward"]
    assert "the GRU 'back' reads the same as there in the other direction, and is not imported" in found.remarks
    with pytest.raises(ImportRefusedError) as refused:
        imported(tmp_path, model, "back")
    assert str(refused.value) == (
        f"the GRU 'back' {ONLY}; if it and the GRU 'there' are one layer that runs both ways, export them as one "
        "operator"
    )


def test_states_that_each_direction_is_given_are_joined_too(tmp_path: Path) -> None:
    model = pair({})
    for node in model.graph.node:
        if node.op_type == "GRU":
            node.input[5] = f"h0.{node.name}"
            model.graph.input.append(helper.make_tensor_value_info(f"h0.{node.name}", 1, [1, "B", 4]))
    found = imported(tmp_path, model)
    assert [*found.layers[0]] == ["forward", "backward"]
    assert any("from the graph's input" in each and "traces start from zero" in each for each in found.remarks)
