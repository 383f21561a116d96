"""Operators as cells: published cases, each right or refused as the documentation says; and every attribute."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from documentation import ROOT
from gatescope.importers.found import ImportRefusedError
from onnx import ValueInfoProto, helper, numpy_helper

from ..onnx_models import gap_to_references, imported, recurrent, run, single, weights_of
from ..operator_cases import OperatorCase, backend_cases, runtime_cases

PAGE = (ROOT / "docs/importing-onnx.md").read_text(encoding="utf-8")
BACKEND, RUNTIME = list(backend_cases()), list(runtime_cases())
# Their Y is published with an error of 6e-5, by which ONNX Runtime 1.32 differs from it as well.
INEXACT = {"LSTMTest.ONNXRuntime_TestLSTMShorterSeqInMiddle", "LSTMTest.ONNXRuntime_TestLSTMZeroSeqInMiddle"}


def outcome(case: OperatorCase, folder: Path) -> str:
    """What becomes of a case: its cell, once it is right, or the reason why it is refused."""
    try:
        found = imported(folder, case.model())
    except ImportRefusedError as error:
        return str(error)
    assert case.error(found) < (1e-4 if case.name in INEXACT else 2e-6), case
    return found.cell.variant


def table(heading: str) -> list[list[str]]:
    """The cells of the table below a heading of the documentation."""
    lines = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0].splitlines()
    rows = [
        [cell.strip().strip("`") for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("|")
    ]
    return rows[2:]


def test_the_documentation_says_what_becomes_of_the_cases_of_onnx(tmp_path: Path) -> None:
    assert {case.op for case in BACKEND} == {"LSTM", "GRU", "RNN"}
    assert table("The cases of onnx") == [
        [case.name, outcome(case, tmp_path)] for case in sorted(BACKEND, key=lambda case: case.name)
    ]


def test_the_documentation_counts_what_becomes_of_the_cases_of_onnx_runtime(tmp_path: Path) -> None:
    counted = Counter((case.op, outcome(case, tmp_path)) for case in RUNTIME)
    assert sorted(map(tuple, table("The cases of ONNX Runtime"))) == sorted(
        (op, what, str(count)) for (op, what), count in counted.items()
    )
    assert f"{len(RUNTIME)} cases" in PAGE


@pytest.mark.parametrize(
    ("op", "options", "variant"),
    [
        ("LSTM", {}, "lstm"),
        ("LSTM", {"direction": "bidirectional"}, "lstm"),
        ("LSTM", {"p": True}, "peephole lstm"),
        ("LSTM", {"p": True, "direction": "bidirectional"}, "peephole lstm"),
        ("LSTM", {"input_forget": 1}, "coupled_lstm"),
        ("LSTM", {"clip": 104.0}, "lstm"),
        ("LSTM", {"layout": 1, "activations": ["sIgmoid", "TANH", "tanh"]}, "lstm"),
        ("GRU", {"linear_before_reset": 1}, "gru"),
        ("GRU", {"linear_before_reset": 0, "direction": "bidirectional"}, "reset-before gru"),
        ("GRU", {"clip": 200.0}, "reset-before gru"),
        ("RNN", {"direction": "bidirectional"}, "rnn"),
        ("RNN", {"activations": ["Relu"]}, "relu rnn"),
        ("RNN", {"activations": ["Relu", "Relu"], "direction": "bidirectional"}, "relu rnn"),
    ],
    ids=str,
)
def test_a_cell_agrees_with_onnx_runtime_and_the_formulas(
    tmp_path: Path, op: str, options: dict[str, Any], variant: str
) -> None:
    found = imported(tmp_path, single(op, **options))
    assert found.cell.variant == variant
    gaps = gap_to_references(found)
    assert gaps.keys() == {"engine", "equations"}
    assert max(gaps.values()) < 1e-6


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_floats_are_read(tmp_path: Path, dtype: Any) -> None:
    model = single("GRU", linear_before_reset=1)
    for tensor in model.graph.initializer:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(dtype), tensor.name))
    found = imported(tmp_path, model)
    weights = found.layers[0]["forward"]
    assert weights.w_ih.dtype == (torch.float64 if dtype is np.float64 else torch.float32)
    remark = "cell has weights in float16: it is computed in float32"
    assert found.remarks == ([remark] if dtype is np.float16 else [])
    x = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
    h = run(found, x[:, None].astype(weights.w_ih.numpy().dtype))["h"][:, 0]
    gaps = {each.kind: np.abs(each.run(x) - h).max() for each in found.references}
    assert gaps["engine"] < 2e-6
    assert gaps["equations"] < (1e-14 if dtype is np.float64 else 2e-6)


def test_peepholes_that_are_zero_are_none(tmp_path: Path) -> None:
    model = single("LSTM", p=True)
    [p] = [each for each in model.graph.initializer if each.name == "cell.P"]
    p.CopyFrom(numpy_helper.from_array(np.zeros((1, 12), np.float32), p.name))
    found = imported(tmp_path, model)
    assert found.cell.variant == "lstm"
    assert found.remarks == ["cell has peepholes that are all zero: it is imported as an LSTM without"]
    assert max(gap_to_references(found).values()) < 1e-6


def test_what_became_of_each_tensor_is_said(tmp_path: Path) -> None:
    found = imported(tmp_path, single("LSTM", direction="bidirectional", p=True))
    change = "row blocks i o f g → i f g o"
    assert [tuple(each) for each in found.placed] == [
        (f"cell.{name}", shape, f"layer 0 {direction}, {target}", how)
        for direction in ("forward", "backward")
        for name, shape, target, how in (
            ("W", (2, 16, 3), "W_ih", change),
            ("R", (2, 16, 4), "W_hh", change),
            ("B", (2, 32), "b_ih and b_hh", change),
            ("P", (2, 12), "W_ch", "i o f → i f o"),
        )
    ]
    assert [tuple(each) for each in found.conventions] == [("order of the gates", "i o f g", "ONNX's LSTM fixes it")]
    coupled = imported(tmp_path, single("LSTM", input_forget=1, clip=1e4))
    assert {each.change for each in coupled.placed} == {"row blocks i o f g → −i (as f) g o"}
    assert [each.answer for each in coupled.conventions] == ["i o f g", "tied to the forget gate", "without effect"]
    assert coupled.remarks == ["cell has input_forget=1: its rows of the forget gate are not used"]
    gru = imported(tmp_path, single("GRU"))
    assert [each.answer for each in gru.conventions] == ["z r n", "before the recurrent product", "near 1 keeps h"]


REFUSED = [
    ("LSTM", {"direction": "reverse"}, "has direction=reverse: only layers that run forward or both ways are read"),
    ("LSTM", {"direction": "sideways"}, "has direction=sideways: it can be forward, reverse, bidirectional"),
    (
        "GRU",
        {"activations": ["HardSigmoid", "Tanh"], "activation_alpha": [0.2]},
        "has activations=hardsigmoid, tanh: only sigmoid, tanh in each direction, are read",
    ),
    ("GRU", {"activations": ["Sigmoid"]}, "has 1 activations, and needs 2 for each direction"),
    (
        "RNN",
        {"activations": ["Relu", "Tanh"], "direction": "bidirectional"},
        "has activations=relu, tanh: only tanh in each direction, or relu in each, are read",
    ),
    ("LSTM", {"clip": 3.5}, "has clip=3.5, which bounds what goes into its activations: none of our cells does"),
    (
        "RNN",
        {"clip": 900.0, "activations": ["Relu"]},
        "has clip=900, which bounds what goes into its activations: none of ",
    ),
    ("LSTM", {"clip": -1.0}, "has clip=-1: it must be positive"),
    ("LSTM", {"p": True, "input_forget": 1}, "has input_forget=1 and peepholes P: an LSTM with both is not read"),
    ("RNN", {"layout": 2}, "has layout=2: it can be 0 or 1"),
    ("RNN", {"output_sequence": 1}, "has an attribute that is not known: output_sequence"),
    ("GRU", {"clip": "3"}, "has an attribute clip of a wrong type"),
]


@pytest.mark.parametrize(("op", "options", "why"), REFUSED, ids=[why for *_, why in REFUSED])
def test_what_no_cell_computes_is_refused_by_node_and_attribute(
    tmp_path: Path, op: str, options: dict[str, Any], why: str
) -> None:
    with pytest.raises(ImportRefusedError, match="^" + re.escape(f"the {op} 'cell' {why}")):
        imported(tmp_path, single(op, **options))


ZEROS = helper.make_node("ConstantOfShape", ["shape"], ["start"], value=helper.make_tensor("", 1, [1], [0.0]))


def chosen_start(*branches: list[str]) -> Any:
    """An If that gives "start": its branches are an operator and the names of its inputs."""
    graphs = [
        helper.make_graph([helper.make_node(op, given, [f"{op}.y"])], op, [], [ValueInfoProto(name=f"{op}.y")])
        for op, *given in branches
    ]
    names = ("then_branch", "else_branch")
    return [helper.make_node("If", ["is_flat"], ["start"], **dict(zip(names, graphs, strict=True)))]


@pytest.mark.parametrize(
    ("nodes", "tensors", "inputs", "said"),
    [
        ([], {"start": np.zeros((1, 2, 4), np.float32)}, {}, []),
        ([ZEROS], {"shape": np.array([1, 2, 4])}, {}, []),
        (
            [helper.make_node("Shape", ["x"], ["shape"]), ZEROS],
            {},
            {},
            [],
        ),
        (
            [helper.make_node("Expand", ["zero", "x_shape"], ["start"]), helper.make_node("Shape", ["x"], ["x_shape"])],
            {"zero": np.zeros((1, 1, 1), np.float32)},
            {},
            [],
        ),
        (
            [],
            {},
            {"start": [1, "B", 4]},
            ["cell takes initial_h from the graph's input 'start': traces start from zero"],
        ),
        (
            [helper.make_node("Transpose", ["state"], ["start"], perm=[1, 0, 2])],
            {},
            {"state": ["B", 1, 4]},
            ["cell takes initial_h from the graph's input 'state': traces start from zero"],
        ),
        (
            chosen_start(["Unsqueeze", "state", "axis"], ["Identity", "state"]),
            {"is_flat": np.array(True), "axis": np.array([0])},
            {"state": ["B", 4]},
            ["cell takes initial_h from the graph's input 'state': traces start from zero"],
        ),
    ],
    ids=[
        "zeros",
        "zeros by a node",
        "zeros of the input's batch",
        "zeros that are expanded",
        "an input",
        "one that is moved",
        "one that is moved in either branch",
    ],
)
def test_initial_states_of_zero_are_taken_and_inputs_are_said(
    tmp_path: Path, nodes: Any, tensors: Any, inputs: Any, said: list[str]
) -> None:
    model = started(nodes, tensors, inputs)
    found = imported(tmp_path, model)
    assert found.remarks == said
    assert max(gap_to_references(found).values()) < 1e-6


def started(nodes: Any, tensors: Any, inputs: Any) -> Any:
    """A GRU whose initial state is called "start"."""
    model = single("GRU", linear_before_reset=1)
    [cell] = model.graph.node
    cell.input[5] = "start"
    del model.graph.node[:]
    model.graph.node.extend([*nodes, cell])
    model.graph.initializer.extend(numpy_helper.from_array(array, name) for name, array in tensors.items())
    model.graph.input.extend(helper.make_tensor_value_info(name, 1, shape) for name, shape in inputs.items())
    return model


@pytest.mark.parametrize(
    ("nodes", "tensors", "why"),
    [
        (
            [],
            {"start": np.full((1, 2, 4), 0.5, np.float32)},
            "starts from initial_h='start', which is constant and not zero",
        ),
        (
            [helper.make_node("ReduceMean", ["x"], ["mean"]), helper.make_node("Expand", ["mean", "s"], ["start"])],
            {"s": np.array([1, 2, 4])},
            "starts from initial_h='start', which the network computes",
        ),
        (
            chosen_start(["Identity", "x"], ["Relu", "x"]),
            {"is_flat": np.array(True)},
            "starts from initial_h='start', which the network computes",
        ),
    ],
    ids=["constants", "computed", "computed in one branch"],
)
def test_other_initial_states_are_refused(tmp_path: Path, nodes: Any, tensors: Any, why: str) -> None:
    with pytest.raises(ImportRefusedError, match=f"^the GRU 'cell' {re.escape(why)}: traces start from zero$"):
        imported(tmp_path, started(nodes, tensors, {}))


def test_lengths_are_an_input_or_refused(tmp_path: Path) -> None:
    model = single("RNN")
    model.graph.node[0].input[4] = "lengths"
    model.graph.input.append(helper.make_tensor_value_info("lengths", 6, ["B"]))
    said = "cell takes sequence_lens from 'lengths': traces take every step of a sequence"
    assert imported(tmp_path, model).remarks == [said]
    model.graph.initializer.append(numpy_helper.from_array(np.array([3, 2], np.int32), "lengths"))
    why = r"^the RNN 'cell' has fixed sequence_lens \('lengths'\): traces take every step of a sequence$"
    with pytest.raises(ImportRefusedError, match=why):
        imported(tmp_path, model)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"W": np.zeros((1, 16, 3, 1))},
            r"has weights W of shape \(1, 16, 3, 1\) and R of shape \(1, 16, 4\): both need ",
        ),
        ({"W": np.zeros((1, 12, 3))}, r"has W of shape \(1, 12, 3\): R asks for \(1, 16, 3\)"),
        ({"R": np.zeros((2, 16, 4))}, r"has R of shape \(2, 16, 4\): R asks for \(1, 16, 4\)"),
        ({"B": np.zeros((1, 16))}, r"has B of shape \(1, 16\): R asks for \(1, 32\)"),
        ({"W": np.full((1, 16, 3), np.nan)}, r"has NaN or infinity in its W \('cell.W'\)"),
        ({"R": np.full((1, 16, 4), np.inf)}, r"has NaN or infinity in its R \('cell.R'\)"),
        ({"W": np.zeros((1, 16, 0))}, r"has weights without numbers: W is of shape \(1, 16, 0\)"),
        (
            {"R": np.zeros((1, 20, 5)), "W": np.zeros((1, 20, 3)), "B": np.zeros((1, 40))},
            "says hidden_size=4, but its R has 5",
        ),
        ({"W": np.zeros((1, 16, 3), np.int64)}, "has W in int64: bfloat16, float16, float32, float64 are read"),
    ],
    ids=lambda value: str({k: v.shape for k, v in value.items()}) if isinstance(value, dict) else "",
)
def test_weights_that_do_not_fit_are_refused(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    model = single("LSTM")
    for tensor in model.graph.initializer:
        if (array := change.get(tensor.name.removeprefix("cell."))) is not None:
            kind = array.dtype if array.dtype.kind == "i" else np.float32
            tensor.CopyFrom(numpy_helper.from_array(array.astype(kind), tensor.name))
    with pytest.raises(ImportRefusedError, match=f"^the LSTM 'cell' {why}"):
        imported(tmp_path, model)


def test_weights_that_are_given_at_each_call_are_refused(tmp_path: Path) -> None:
    model = single("LSTM")
    [w] = [each for each in model.graph.initializer if each.name == "cell.W"]
    model.graph.initializer.remove(w)
    for origin, extra in (
        ("nothing in the file gives it", lambda: None),
        (
            "it is an input of the graph",
            lambda: model.graph.input.append(helper.make_tensor_value_info("cell.W", 1, None)),
        ),
    ):
        extra()
        why = f"^the LSTM 'cell' takes its W from 'cell.W', which is not constant: {origin}$"
        with pytest.raises(ImportRefusedError, match=why):
            imported(tmp_path, model)


def test_an_operator_without_a_name_is_called_by_what_it_gives(tmp_path: Path) -> None:
    model = single("GRU", linear_before_reset=1)
    model.graph.node[0].ClearField("name")
    assert imported(tmp_path, model).name == "y"
    assert weights_of("GRU").keys() == {"W", "R", "B"}
    assert recurrent("GRU", "x", "y", "cell").op_type == "GRU"
