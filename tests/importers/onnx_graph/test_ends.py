"""The embedding before the recurrent layers and the head after them: read where unambiguous, otherwise said."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.importers.found import Found, ImportRefusedError
from onnx import TensorProto, helper

from ..onnx_models import Array, imported, model_of, recurrent, weights_of

node = helper.make_node
RANDOM = np.random.default_rng(5)
V, E, H, OUTPUTS = 7, 3, 4, 2
TABLE = RANDOM.standard_normal((V, E)).astype(np.float32)
WEIGHT = RANDOM.standard_normal((OUTPUTS, H)).astype(np.float32)
BIAS = RANDOM.standard_normal(OUTPUTS).astype(np.float32)
CONSTANTS: dict[str, Array] = {
    "table": TABLE,
    "weight": WEIGHT,
    "weight_t": WEIGHT.T.copy(),
    "bias": BIAS,
    "wide": np.zeros((9, OUTPUTS), np.float32),
    "zero": np.array([0]),
    "one": np.array([1]),
    "last": np.array(-1),
    "swapped": np.array([0, 0, 4]),
}


def around(before: Any, after: Any, *, ids: Any = None, output: str = "out", **options: Any) -> Any:
    """A GRU between nodes that make "x" of "ids" (or nothing before it), and others that read its "y" and "y_h"."""
    directions = 2 if options.get("direction") == "bidirectional" else 1
    own = weights_of("GRU", directions=directions)
    cell = recurrent("GRU", "x", "y", "cell", hidden_size=H, linear_before_reset=1, **options)
    cell.output.append("y_h")
    model = model_of(
        [*before, cell, *after],
        CONSTANTS | {f"cell.{name}": array for name, array in own.items()},
        {} if before else {"x": ["T", "B", E]},
        [output],
    )
    if before:
        model.graph.input.append(helper.make_tensor_value_info("ids", TensorProto.INT64, ids or ["B", "T"]))
    return model


LOOKED_UP = node("Gather", ["table", "ids"], ["e"])


@pytest.mark.parametrize(
    ("before", "options"),
    [
        ([LOOKED_UP, node("Transpose", ["e"], ["x"], perm=[1, 0, 2])], {}),
        ([node("Gather", ["table", "ids"], ["x"])], {}),
        ([node("Transpose", ["ids"], ["t"], perm=[1, 0]), node("Gather", ["table", "t"], ["x"])], {}),
        ([node("Cast", ["ids"], ["c"], to=TensorProto.INT32), node("Gather", ["table", "c"], ["x"])], {}),
        ([LOOKED_UP, node("Unsqueeze", ["e", "one"], ["x"])], {"ids": ["T"]}),
        ([LOOKED_UP, node("Dropout", ["e"], ["x"])], {"layout": 1}),
    ],
    ids=["sequences first", "steps first", "words exchanged", "cast", "one sequence", "layout=1"],
)
def test_an_embedding_is_read(tmp_path: Path, before: Any, options: dict[str, Any]) -> None:
    found = imported(tmp_path, around(before, [], output="y", **options))
    assert found.embedding is not None
    np.testing.assert_array_equal(found.embedding.numpy(), TABLE)
    assert tuple(found.placed[0]) == ("table", (V, E), "embedding", "")
    assert "table" not in found.unused


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (
            [LOOKED_UP, node("Tanh", ["e"], ["x"])],
            "cell reads what the Tanh 'x' gives: nothing before it is imported",
        ),
        (
            [node("Add", ["ids", "one"], ["more"]), node("Gather", ["table", "more"], ["x"])],
            "cell reads what the Add 'more' gives: nothing before it is imported",
        ),
        (
            [LOOKED_UP, node("Slice", ["e", "zero", "one", "one"], ["s"]), node("Concat", ["e", "s"], ["x"], axis=1)],
            "cell does not read rows of 'table' as they are: no embedding is imported",
        ),
        (
            [LOOKED_UP, node("Gather", ["table", "ids"], ["f"]), node("Concat", ["e", "f"], ["x"], axis=0)],
            "cell reads more than one embedding: none is imported",
        ),
    ],
    ids=["a function", "other ids", "more steps", "two"],
)
def test_what_is_not_quite_an_embedding_is_not_read(tmp_path: Path, before: Any, said: str) -> None:
    found = imported(tmp_path, around(before, [], output="y"))
    assert found.embedding is None
    assert found.remarks == [said]
    assert "table" in found.unused


SQUEEZED = node("Squeeze", ["y", "one"], ["h"])
PRODUCT = [SQUEEZED, node("MatMul", ["h", "weight_t"], ["m"]), node("Add", ["m", "bias"], ["out"])]
GEMM = node("Gemm", ["h", "weight", "bias"], ["out"], transB=1)
NO_FUNCTION = (
    "the head is not complete: weight_t gives 2 numbers, of which nothing in the file makes probabilities, so the "
    "model has no outputs; if it is a probability for each output, say so by the answer function=sigmoid or "
    "function=softmax"
)


@pytest.mark.parametrize(
    ("after", "function", "has_bias"),
    [
        (PRODUCT, "", True),
        ([*PRODUCT[:2], node("Add", ["bias", "m"], ["out"])], "", True),
        ([SQUEEZED, node("MatMul", ["h", "weight_t"], ["out"])], "", False),
        ([*PRODUCT, node("Sigmoid", ["out"], ["p"])], "sigmoid", True),
        ([*PRODUCT, node("Softmax", ["out"], ["p"], axis=2)], "softmax", True),
        ([*PRODUCT, node("LogSoftmax", ["out"], ["p"])], "softmax", True),
        ([*PRODUCT, node("Squeeze", ["out"], ["s"]), node("Sigmoid", ["s"], ["p"])], "sigmoid", True),
        ([SQUEEZED, node("Gather", ["h", "last"], ["l"], axis=0), node("Gemm", ["l", "weight_t"], ["out"])], "", False),
        ([node("Squeeze", ["y_h", "zero"], ["h"]), GEMM, node("Softmax", ["out"], ["p"], axis=1)], "softmax", True),
    ],
    ids=[
        *("product", "bias first", "no bias", "sigmoid", "softmax", "log softmax", "reshaped"),
        *("the last step", "the final state"),
    ],
)
def test_a_head_is_read(tmp_path: Path, after: Any, function: str, has_bias: bool) -> None:
    found = imported(tmp_path, around([], after))
    readout = found.readout
    assert readout is not None
    np.testing.assert_array_equal(readout.weight.numpy(), WEIGHT)
    assert (readout.bias is not None) is has_bias
    if readout.bias is not None:
        np.testing.assert_array_equal(readout.bias.numpy(), BIAS)
    assert (readout.function, found.remarks) == (function, [] if function else [NO_FUNCTION])


def test_the_function_of_a_head_that_ends_the_graph_may_be_answered(tmp_path: Path) -> None:
    found = imported(tmp_path, around([], PRODUCT), function="softmax")
    assert found.readout is not None
    assert (found.readout.function, found.remarks) == ("softmax", [])
    assert found.conventions[-1] == ("function", "softmax", "so it was answered; the file does not say")
    with pytest.raises(ImportRefusedError, match=r"^the answer function=relu is none of sigmoid, softmax, none$"):
        imported(tmp_path, around([], PRODUCT), function="relu")


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ([node("ReduceMean", ["y"], ["out"])], "h of cell is read by the ReduceMean 'out': no head is imported"),
        (
            [*PRODUCT, node("MatMul", ["h", "weight_t"], ["other"])],
            "h of cell is read by the MatMul 'm', the MatMul 'other': no head is imported",
        ),
        (
            [SQUEEZED, node("Gemm", ["h", "weight", "bias"], ["out"], transB=1, alpha=0.5)],
            "the Gemm 'out' is not a linear layer over h of cell: no head is imported",
        ),
        (
            [SQUEEZED, node("MatMul", ["h", "wide"], ["out"])],
            "the MatMul 'out' is not a linear layer over h of cell: no head is imported",
        ),
        (
            [SQUEEZED, node("Transpose", ["h"], ["t"], perm=[0, 2, 1]), node("MatMul", ["t", "weight_t"], ["out"])],
            "the MatMul 'out' does not read h of cell at single steps: no head is imported",
        ),
    ],
    ids=["a mean", "two", "scaled", "another size", "axes exchanged"],
)
def test_what_is_not_quite_a_head_is_not_read(tmp_path: Path, after: Any, said: str) -> None:
    found = imported(tmp_path, around([], after))
    assert found.readout is None
    assert found.remarks == [said]
    assert {"weight", "bias"} <= set(found.unused)


def test_both_ends_of_a_sequence_are_not_h_of_one_step(tmp_path: Path) -> None:
    joined = [
        node("Transpose", ["y_h"], ["t"], perm=[1, 0, 2]),
        node("Reshape", ["t", "rows"], ["h"]),
        node("MatMul", ["h", "both"], ["out"]),
    ]
    model = around([], joined, direction="bidirectional")
    for name, array in (("rows", np.array([-1, 2 * H])), ("both", np.ones((2 * H, 1), np.float32))):
        model.graph.initializer.append(helper.make_tensor(name, 7 if name == "rows" else 1, array.shape, array.ravel()))
    found: Found = imported(tmp_path, model)
    assert found.readout is None
    assert found.remarks == ["the MatMul 'out' does not read h of cell at single steps: no head is imported"]


@pytest.mark.parametrize(
    ("following", "what"),
    [
        ([node("Relu", ["out"], ["r"])], "the Relu 'r'"),
        ([node("Transpose", ["out"], ["t"], perm=[0, 2, 1]), node("Softmax", ["t"], ["p"], axis=2)], "the Softmax 'p'"),
        ([node("Softmax", ["out"], ["p"], axis=0)], "the Softmax 'p'"),
        ([node("Relu", ["out"], ["r"]), node("Sigmoid", ["out"], ["s"])], "the Relu 'r', the Sigmoid 's'"),
    ],
    ids=["relu", "exchanged", "another axis", "two"],
)
def test_a_head_that_is_not_complete_says_what_follows(tmp_path: Path, following: Any, what: str) -> None:
    found = imported(tmp_path, around([], [*PRODUCT, *following]))
    assert found.readout is not None
    assert found.readout.function == ""
    said = f"the head is not complete: after its linear layer comes {what}, which is not imported"
    assert found.remarks == [said]


def test_nodes_that_give_nothing_are_the_end(tmp_path: Path) -> None:
    for after in ([SQUEEZED, node("MatMul", ["h", "weight_t"], [])], [*PRODUCT, node("Identity", ["out"], [])]):
        found = imported(tmp_path, around([], after))
        assert found.readout is not None
        assert (found.readout.function, found.remarks) == ("", [NO_FUNCTION])


def test_numbers_need_no_embedding_and_states_no_head(tmp_path: Path) -> None:
    found = imported(tmp_path, around([], [], output="y"))
    assert (found.embedding, found.readout, found.remarks) == (None, None, [])
    assert torch.is_tensor(found.layers[0]["forward"].w_ih)
