"""Weights behind operators, in other files and inside branches: found by computing what is constant, or refused."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.importers import Request
from gatescope.importers.found import Found, ImportRefusedError
from gatescope.importers.onnx_file import IMPORTER
from onnx import ModelProto, TensorProto, helper, numpy_helper

from ..hostile.onnx_files import external
from ..onnx_models import gap_to_references, imported, model_of, saved, single, weights_of

WEIGHTS = weights_of("LSTM")
INTS = dict(zip("abcd", (np.array([each]) for each in (0, 1, 16, -1)), strict=True)) | {"shape": np.array([1, 16, 3])}


def behind(nodes: Any, tensors: dict[str, Any], start: Any = None) -> ModelProto:
    """An LSTM whose W is what ``nodes`` make of "start"."""
    model = single("LSTM")
    kept = [each for each in model.graph.initializer if each.name != "cell.W"]
    del model.graph.initializer[:]
    given = tensors | ({} if start is None else {"start": start})
    model.graph.initializer.extend([*kept, *(numpy_helper.from_array(array, name) for name, array in given.items())])
    [cell] = model.graph.node
    del model.graph.node[:]
    model.graph.node.extend([*nodes, cell])
    return model


W = WEIGHTS["W"]
node = helper.make_node


@pytest.mark.parametrize(
    ("nodes", "start"),
    [
        ([node("Identity", ["start"], ["cell.W"])], W),
        ([node("Unsqueeze", ["start", "a"], ["cell.W"])], W[0]),
        ([node("Squeeze", ["start", "a"], ["cell.W"])], W[None]),
        ([node("Concat", ["part", "part2"], ["cell.W"], axis=1), node("Identity", ["b"], ["z"])], None),
        ([node("Slice", ["start", "a", "c", "b"], ["cell.W"])], np.concatenate([W, 1 - W], axis=1)),
        ([node("Transpose", ["start"], ["cell.W"], perm=[2, 1, 0])], W.transpose(2, 1, 0).copy()),
        ([node("Reshape", ["start", "shape"], ["cell.W"])], W.ravel()),
        ([node("Cast", ["start"], ["cell.W"], to=TensorProto.FLOAT)], W.astype(np.float64)),
        ([node("Split", ["start"], ["cell.W", "rest"], axis=0)], np.concatenate([W, 1 - W])),
        ([node("Gather", ["start", "a"], ["cell.W"], axis=0)], np.concatenate([W, 1 - W])),
        ([node("Neg", ["start"], ["cell.W"])], -W),
        ([node("Constant", [], ["cell.W"], value=numpy_helper.from_array(W))], None),
        (
            [
                node("Transpose", ["start"], ["t"], perm=[1, 0]),
                node("Identity", ["t"], ["u"]),
                node("Unsqueeze", ["u", "a"], ["cell.W"]),
            ],
            W[0].T.copy(),
        ),
    ],
    ids=lambda value: "+".join(each.op_type for each in value) if isinstance(value, list) else "",
)
def test_weights_behind_operators_are_found(tmp_path: Path, nodes: Any, start: Any) -> None:
    halves = {"part": W[:, :7], "part2": W[:, 7:]} if nodes[0].op_type == "Concat" else {}
    model = behind(nodes, INTS | halves, start)
    found, plain = imported(tmp_path, model), imported(tmp_path, single("LSTM"))
    same(found, plain)
    [source] = [each.source for each in found.placed if each.target == "layer 0 forward, W_ih"]
    expected = {"Concat": "part and part2", "Constant": "cell.W"}.get(nodes[0].op_type)
    assert source == expected if expected else source.startswith("start")


def same(found: Found, plain: Found) -> None:
    """Whether two networks have the same weights."""
    for ours, theirs in zip(found.layers[0]["forward"], plain.layers[0]["forward"], strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None and theirs is not None:
            assert torch.equal(ours, theirs)
    assert max(gap_to_references(found).values()) < 1e-6


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        ([node("Softmax", ["start"], ["cell.W"])], "is not constant: it comes from the Softmax 'cell.W'"),
        ([node("MatMul", ["x", "x"], ["cell.W"])], "is not constant: it comes from the MatMul 'cell.W'"),
        ([node("Identity", ["x"], ["cell.W"])], "is not constant: it comes from the Identity 'cell.W'"),
        (
            [node("Identity", ["q"], ["cell.W"]), node("Neg", ["cell.W"], ["q"])],
            "is not constant: it comes from the Iden",
        ),
        ([node("Identity", ["missing"], ["cell.W"])], "is not constant: it comes from the Identity 'cell.W'"),
    ],
    ids=["not computed", "product", "input", "circle", "nothing"],
)
def test_weights_that_are_not_constant_are_refused(tmp_path: Path, nodes: Any, why: str) -> None:
    with pytest.raises(ImportRefusedError, match=f"takes its W from 'cell.W', which {why}"):
        imported(tmp_path, behind(nodes, INTS, W))


def doubling(count: int) -> list[Any]:
    """Nodes of which each is twice as large as the one before."""
    names = ["start", *(f"d{at}" for at in range(count)), "cell.W"]
    return [node("Concat", [name, name], [after], axis=1) for name, after in pairwise(names)]


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        (doubling(40), "^the Concat 'd13' would make the constants more than 1,000,000 numbers$"),
        ([node("ConstantOfShape", ["big"], ["cell.W"])], "^the ConstantOfShape 'cell.W' would make the constants more"),
        ([node("Expand", ["start", "big"], ["cell.W"])], "^the Expand 'cell.W' would make the constants more"),
        ([node("Tile", ["start", "big"], ["cell.W"])], "^the Tile 'cell.W' would make the constants more"),
        ([node("Gather", ["start", "many"], ["cell.W"])], "^the Gather 'cell.W' would make the constants more"),
        ([node("Add", ["start", "big"], ["cell.W"])], "^the Add 'cell.W' cannot be computed: its inputs do not fit "),
        ([node("Reshape", ["start", "shape5"], ["cell.W"])], "^the Reshape 'cell.W' cannot be computed: "),
        ([node("Transpose", ["start"], ["cell.W"], perm=[7, 7, 7])], "^the Transpose 'cell.W' cannot be computed: "),
        ([node("Cast", ["start"], ["cell.W"], to=99)], "^the Cast 'cell.W' cannot be computed: "),
        ([node("Concat", ["start", "shape5"], ["cell.W"], axis=0)], "^the Concat 'cell.W' cannot be computed: "),
    ],
    ids=lambda value: value[1:20] if isinstance(value, str) else "",
)
def test_what_would_grow_without_bound_or_cannot_be_computed_is_refused(
    tmp_path: Path, nodes: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatescope.importers.onnx_graph.scope.MOST_NUMBERS", 10**6)
    tensors = {"big": np.array([10**6, 10**6]), "many": np.zeros(4 * 10**5, np.int64), "shape5": np.array([5, 5])}
    with pytest.raises(ImportRefusedError, match=message):
        imported(tmp_path, behind(nodes, tensors, W[0]))


@pytest.mark.parametrize("offset", [0, 64])
def test_external_data_in_the_models_folder_is_read(tmp_path: Path, offset: int) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "weights.bin").write_bytes(bytes(offset) + W.tobytes())
    same(imported(tmp_path, external("data/weights.bin", offset=str(offset))), imported(tmp_path, single("LSTM")))


OUTSIDE = "the tensor 'cell.W' points to {!r}, outside the model's folder: only files in it are read"


@pytest.mark.parametrize(
    ("location", "more", "message"),
    [
        ("../secret.bin", {}, OUTSIDE),
        ("/etc/passwd", {}, OUTSIDE),
        ("data/../../secret.bin", {}, OUTSIDE),
        ("link.bin", {}, OUTSIDE),
        ("", {}, OUTSIDE),
        ("missing.bin", {}, "the numbers of the tensor 'cell.W' are in {!r}, which is not in its folder"),
        ("circle.bin", {}, "the numbers of the tensor 'cell.W' are in {!r}, which is not in its folder"),
        ("short.bin", {}, "the tensor 'cell.W' claims 192 bytes from 0 on of {!r}, which is shorter"),
        ("whole.bin", {"offset": "1"}, "the tensor 'cell.W' claims 192 bytes from 1 on of {!r}, which is shorter"),
        ("whole.bin", {"offset": "-1"}, "the tensor 'cell.W' claims 192 bytes from -1 on of {!r}, which is shorter"),
        ("whole.bin", {"length": "9"}, "the tensor 'cell.W' claims 192 bytes from 0 on of {!r}, which is shorter"),
        (
            "whole.bin",
            {"offset": "x"},
            "the tensor 'cell.W' does not hold the numbers that its shape (1, 16, 3) claims",
        ),
    ],
)
def test_other_external_data_is_refused(tmp_path: Path, location: str, more: dict[str, str], message: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(W.tobytes())
    (folder / "whole.bin").write_bytes(W.tobytes())
    (folder / "short.bin").write_bytes(W.tobytes()[:-1])
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    (folder / "circle.bin").symlink_to("circle.bin")
    with pytest.raises(ImportRefusedError) as raised:
        imported(folder, external(location, **more))
    assert str(raised.value) == message.format(location)


def branching(kind: str, wrap: Callable[[Any], Any]) -> ModelProto:
    """An LSTM inside a graph that is an attribute of a node, with its weights outside."""
    [cell], tensors = single("LSTM").graph.node, {f"cell.{name}": array for name, array in WEIGHTS.items()}
    inner = helper.make_graph([cell], "inner", [], [helper.make_empty_tensor_value_info("y")])
    other = helper.make_graph([node("Identity", ["x"], ["z"])], "other", [], [helper.make_empty_tensor_value_info("z")])
    outer = node(kind, ["flag"], ["out"], name="choice", **wrap((inner, other)))
    return model_of([outer], {**tensors, "flag": np.array(True)}, {"x": ["T", "B", 3]}, ["out"])


def test_an_operator_inside_an_if_is_found(tmp_path: Path) -> None:
    model = branching("If", lambda graphs: dict(zip(("then_branch", "else_branch"), graphs, strict=True)))
    found = imported(tmp_path, model)
    same(found, imported(tmp_path, single("LSTM")))
    assert "cell is inside the then_branch of the If 'choice': what decides on it is not imported" in found.remarks


@pytest.mark.parametrize("kind", ["Loop", "Scan"])
def test_an_operator_inside_a_loop_is_refused_by_name(tmp_path: Path, kind: str) -> None:
    model = branching(kind, lambda graphs: {"body": graphs[0]} | ({"num_scan_inputs": 1} if kind == "Scan" else {}))
    where = f"the body of the {kind} 'choice'"
    why = f"^the LSTM 'cell' is inside {where}, which runs it at each of its own steps: it is not read$"
    with pytest.raises(ImportRefusedError, match=why):
        imported(tmp_path, model)
    model.graph.node.append(single("GRU", "free").graph.node[0])
    model.graph.initializer.extend(single("GRU", "free").graph.initializer)
    found = imported(tmp_path, model)
    assert found.name == "free"
    assert f"cell is not read, as it is inside {where}" in found.remarks
    with pytest.raises(ImportRefusedError, match=why):
        imported(tmp_path, model, "cell")


def test_the_file_is_not_read_again_for_its_other_tensors(tmp_path: Path) -> None:
    model = single("LSTM")
    model.graph.initializer.append(numpy_helper.from_array(np.zeros(3, np.float32), "other"))
    model.graph.initializer[-1].ClearField("raw_data")  # holds nothing, and nobody asks for it
    assert IMPORTER.open(Request(saved(tmp_path, model))).unused == ["other"]
