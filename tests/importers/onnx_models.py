"""Files of ONNX to import, and our cells run over what was found in them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gatescope.importers import Request
from gatescope.importers.found import Found
from gatescope.importers.onnx_file import IMPORTER
from gatescope.recurrent.engine import stepped
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

Array = NDArray[Any]
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
INPUTS = ("X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P")
WEIGHTS = {"W", "R", "B", "P"}


def weights_of(op: str, *, inputs: int = 3, size: int = 4, directions: int = 1, seed: int = 0, p: bool = False) -> Any:
    """Random W, R, B and, if asked for, P."""
    random, rows = np.random.default_rng(seed), GATES[op] * size
    shapes = {"W": (rows, inputs), "R": (rows, size), "B": (2 * rows,)} | ({"P": (3 * size,)} if p else {})
    return {name: random.uniform(-1, 1, (directions, *shape)).astype(np.float32) for name, shape in shapes.items()}


def recurrent(
    op: str, x: str, y: str, name: str, given: Sequence[str] = ("W", "R", "B"), **attributes: Any
) -> NodeProto:
    """A node of a recurrent operator that reads ``x``, whose other inputs are called by their names and its own."""
    names = {each: f"{name}.{each}" for each in given} | {"X": x}
    inputs = [names.get(each, "") for each in INPUTS[: 8 if op == "LSTM" else 6]]
    return helper.make_node(op, inputs, [y], name=name, **attributes)


def model_of(
    nodes: Sequence[NodeProto],
    tensors: Mapping[str, Array],
    inputs: Mapping[str, Sequence[Any]],
    outputs: Sequence[str],
    opset: int = 14,
) -> ModelProto:
    """A model of these nodes, with float inputs of these shapes."""
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
    graph = helper.make_graph(
        list(nodes),
        "graph",
        given,
        [ValueInfoProto(name=name) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in tensors.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def single(op: str, name: str = "cell", opset: int = 14, **options: Any) -> ModelProto:
    """A model of one operator with random weights; ``options`` are its attributes, or those of ``weights_of``."""
    own = {key: options.pop(key) for key in ("inputs", "size", "seed", "p") if key in options}
    directions = 2 if options.get("direction") == "bidirectional" else 1
    weights = weights_of(op, directions=directions, **own)
    node = recurrent(op, "x", "y", name, list(weights), hidden_size=own.get("size", 4), **options)
    tensors = {f"{name}.{key}": array for key, array in weights.items()}
    return model_of([node], tensors, {"x": ["T", "B", own.get("inputs", 3)]}, ["y"], opset)


def pair(op: str = "GRU") -> ModelProto:
    """A model of one layer as two operators, "there" and "back", whose h is joined."""
    both = {"there": weights_of(op, seed=1), "back": weights_of(op, seed=2)}
    tensors = {f"{name}.{key}": array for name, each in both.items() for key, array in each.items()}
    nodes = [
        recurrent(op, "x", "y0", "there", hidden_size=4),
        recurrent(op, "x", "y1", "back", hidden_size=4, direction="reverse"),
        helper.make_node("Concat", ["y0", "y1"], ["y"], axis=3),
    ]
    return model_of(nodes, tensors, {"x": ["T", "B", 3]}, ["y"])


def saved(folder: Path, model: ModelProto, name: str = "model.onnx") -> Path:
    """Write a model into a file."""
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path


def imported(folder: Path, model: ModelProto, module: str = "", **answers: str) -> Found:
    """Import a model by way of a file."""
    path = saved(folder, model)
    assert IMPORTER.matches(path)
    return IMPORTER.open(Request(path, module, answers))


def run(
    found: Found, x: Array, lengths: Sequence[int] | None = None, initial: Mapping[str, Array] | None = None
) -> dict[str, Array]:
    """All states of the last layer, letter → (T, B, D·H), of our cell over ``x`` (T, B, E).

    ``initial`` holds those to start from, (D, B, H), of a network of one layer.
    """
    h, states = torch.from_numpy(np.asarray(x)), {}
    for layer in found.layers:
        runs = []
        for at, (direction, weights) in enumerate(layer.items()):
            start = stepped.zeros(found.cell, weights, h)
            start |= {letter: torch.from_numpy(np.array(each[at])) for letter, each in (initial or {}).items()}
            runs.append(
                stepped.unroll(
                    *(found.cell, weights, h, lengths or [len(x)] * x.shape[1], start), reverse=direction == "backward"
                )
            )
        states = {letter: torch.cat([each[letter] for each in runs], dim=-1).numpy() for letter in found.cell.states}
        h = torch.from_numpy(states["h"])
    return states


def error(ours: Array, theirs: Array) -> float:
    """The largest difference, relative where the reference exceeds 1."""
    assert ours.shape == theirs.shape
    return float((np.abs(ours - theirs) / np.maximum(1, np.abs(theirs))).max(initial=0))


def gap_to_references(found: Found, steps: int = 12, seed: int = 3) -> dict[str, float]:
    """How far our cell is from each reference over random numbers, relative where these exceed 1."""
    x = np.random.default_rng(seed).standard_normal((steps, found.input_size)).astype(np.float32)
    ours = run(found, x[:, None])["h"][:, 0]
    return {each.kind: error(ours, each.run(x)) for each in found.references}
