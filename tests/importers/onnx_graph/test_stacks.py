"""Which operators are layers of one network, and how one of several networks is chosen."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gatescope.importers.found import ImportRefusedError
from onnx import ModelProto, helper

from ..onnx_models import gap_to_references, imported, model_of, recurrent, weights_of

node = helper.make_node
CONSTANTS = {
    "joined": np.array([0, 0, -1]),
    "fixed": np.array([5, 1, 4]),
    "one": np.array([1]),
    "two": np.array([2]),
    "flat": np.array([0, 0, 8]),
    "zero": np.array([0]),
    "ones": np.ones(1, np.float32),
    "four": np.array([4]),
}


def chained(
    between: Sequence[Any],
    *,
    upper: dict[str, Any] | None = None,
    inputs: int = 4,
    shape: Sequence[Any] = ("T", "B", 3),
    **options: Any,
) -> ModelProto:
    """Two GRUs; ``between`` makes "x1" of the first one's output "y0"."""
    tensors = dict(CONSTANTS)
    directions = 2 if options.get("direction") == "bidirectional" else 1
    for name, size in (("first", 3), ("second", inputs)):
        own = weights_of("GRU", inputs=size, directions=directions, seed=size)
        tensors |= {f"{name}.{key}": array for key, array in own.items()}
    options = {"hidden_size": 4, "linear_before_reset": 1, **options}
    nodes = [
        recurrent("GRU", "x", "y0", "first", **options),
        *between,
        recurrent("GRU", "x1", "y1", "second", **{**options, **(upper or {})}),
    ]
    return model_of(nodes, tensors, {"x": shape}, ["y1"])


BOTH = {"direction": "bidirectional", "inputs": 8}


@pytest.mark.parametrize(
    ("between", "options"),
    [
        ([node("Squeeze", ["y0", "one"], ["x1"])], {}),
        ([node("Transpose", ["y0"], ["t"], perm=[0, 2, 1, 3]), node("Reshape", ["t", "joined"], ["x1"])], {}),
        ([node("Transpose", ["y0"], ["t"], perm=[0, 2, 1, 3]), node("Reshape", ["t", "joined"], ["x1"])], BOTH),
        ([node("Transpose", ["y0"], ["t"], perm=[0, 2, 1, 3]), node("Reshape", ["t", "flat"], ["x1"])], BOTH),
        ([node("Reshape", ["y0", "fixed"], ["x1"])], {"shape": (5, 1, 3)}),
        ([node("Squeeze", ["y0", "two"], ["x1"])], {"layout": 1}),
        (
            [
                node("Squeeze", ["y0", "one"], ["s"]),
                node("Transpose", ["s"], ["t"], perm=[1, 0, 2]),
                node("Dropout", ["t"], ["d"]),
                node("Identity", ["d"], ["e"]),
                node("Transpose", ["e"], ["x1"], perm=[1, 0, 2]),
            ],
            {},
        ),
        (
            [
                node("Transpose", ["y0"], ["t"], perm=[0, 2, 1, 3]),
                node("Shape", ["t"], ["s"]),
                node("Slice", ["s", "zero", "two"], ["front"]),
                node("Gather", ["s", "two"], ["d"]),
                node("Mul", ["d", "four"], ["width"]),
                node("Concat", ["front", "width"], ["shape"], axis=0),
                node("Reshape", ["t", "shape"], ["x1"]),
            ],
            BOTH,
        ),
    ],
    ids=[
        *("squeezed", "reshaped", "both ways", "both ways by size", "fixed sizes", "batch first", "there and back"),
        "a shape that is computed",
    ],
)
def test_layers_that_read_each_other_are_stacked(tmp_path: Path, between: Any, options: dict[str, Any]) -> None:
    found = imported(tmp_path, chained(between, **options))
    assert (found.name, len(found.layers)) == ("first", 2)
    assert max(gap_to_references(found).values()) < 2e-6
    assert {each.target.split(",")[0] for each in found.placed} >= {"layer 0 forward", "layer 1 forward"}
    assert imported(tmp_path, chained(between, **options), "second").name == "first"


SQUEEZED = [node("Squeeze", ["y0", "one"], ["x1"])]


@pytest.mark.parametrize(
    ("between", "options"),
    [
        ([node("Squeeze", ["y0", "one"], ["s"]), node("Relu", ["s"], ["x1"])], {}),
        ([node("Squeeze", ["y0", "one"], ["s"]), node("Mul", ["s", "ones"], ["x1"])], {}),
        ([node("Squeeze", ["y0", "one"], ["s"]), node("Transpose", ["s"], ["x1"], perm=[1, 0, 2])], {}),
        ([node("Reshape", ["y0", "joined"], ["x1"])], BOTH),
        (SQUEEZED, {"upper": {"linear_before_reset": 0}}),
        (SQUEEZED, {"upper": {"clip": 500.0}}),
        ([node("Identity", ["x"], ["x1"])], {"inputs": 3}),
    ],
    ids=[
        "a function between",
        "a product between",
        "axes exchanged",
        "directions mixed up",
        "another form",
        "another clip",
        "side by side",
    ],
)
def test_others_are_chosen_by_name(tmp_path: Path, between: Any, options: dict[str, Any]) -> None:
    model = chained(between, **options)
    which = "say which by --module first or --module second$"
    message = rf"^there are 2 recurrent networks, 'first' \(GRU\), 'second' \(GRU\): {which}"
    with pytest.raises(ImportRefusedError, match=message):
        imported(tmp_path, model)
    for name in ("first", "second"):
        found = imported(tmp_path, model, name)
        assert (found.name, len(found.layers)) == (name, 1)
        assert max(gap_to_references(found).values()) < 1e-6
    message = f"^no recurrent network is called 'third': {which}"
    with pytest.raises(ImportRefusedError, match=message):
        imported(tmp_path, model, "third")


def test_weights_that_do_not_fit_the_layer_below_are_refused(tmp_path: Path) -> None:
    message = "^the GRU 'second' reads 6 numbers, and is not a layer like 'first' below it$"
    with pytest.raises(ImportRefusedError, match=message):
        imported(tmp_path, chained(SQUEEZED, inputs=6))
