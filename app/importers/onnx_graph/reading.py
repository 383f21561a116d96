"""Read a file of ONNX without its external data, and tensors of it when they are asked for."""

import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from ..found import ImportRefusedError
from .outline import needed_of

OLDEST = 7
"""The opset from which on LSTM, GRU and RNN mean what they do today."""
MOST_BYTES = 2**31  # that a message of protobuf may have
MOST_NUMBERS = 2**27
"""In a tensor that is read, and in all that are computed together: 1 GB in float64."""

MOST_LETTERS = 100  # of a name in a message

Array = NDArray[Any]


def read(path: Path) -> ModelProto:
    """Return the model of a file. Raises ImportRefusedError if it is not a whole one, or too old."""
    size = path.stat().st_size
    if size == 0:
        raise ImportRefusedError(f"{path.name} is empty: it is not a file of ONNX")
    if size >= MOST_BYTES:
        raise ImportRefusedError(
            f"{path.name} has {size:,} bytes, which no reader of protobuf takes: export it with external data"
        )
    try:
        model = onnx.load_model_from_string(needed_of(path))
    except Exception:  # protobuf's DecodeError, which onnx does not export
        raise ImportRefusedError(
            f"{path.name} is not a whole file of ONNX: it is truncated or of another kind, export or copy it anew"
        ) from None
    if not model.HasField("graph") or not model.graph.node:
        raise ImportRefusedError(f"{path.name} is not a file of ONNX, or holds an empty graph")
    if not all(isinstance(each, str) for each in _names(model.graph)):
        raise ImportRefusedError(f"{path.name} has names that are not text: it is damaged, export or copy it anew")
    version = opset(model)
    if version < OLDEST:
        raise ImportRefusedError(
            f"{path.name} is of opset {version}: LSTM, GRU and RNN are read from opset {OLDEST} on, export it anew"
        )
    return model


def _names(graph: GraphProto) -> Iterator[object]:
    """Yield the names in a graph and those inside it, which protobuf gives as bytes where they are not UTF-8."""
    yield from (each.name for part in (graph.initializer, graph.input, graph.output) for each in part)
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from (each.name for each in node.attribute)
        for _, inner in subgraphs(node):
            yield from _names(inner)


def opset(model: ModelProto) -> int:
    """Return the version of ONNX's own operators that a model uses."""
    return max((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), default=1)


def called(node: NodeProto) -> str:
    """Return the name of a node: its own, or that of what it first gives."""
    return node.name or next((name for name in node.output if name), node.op_type)


def described(node: NodeProto) -> str:
    """Return the kind and the name of a node, for messages."""
    return f"the {word(node.op_type)} {shortened(called(node))!r}"


def word(text: str) -> str:
    """Return a name of the file as it stands in a sentence: in quotes unless it is one word."""
    return text if text.isidentifier() and len(text) <= MOST_LETTERS else repr(shortened(text))


def shortened(text: str) -> str:
    """Return a name of the file, cut where it is too long for a message."""
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}…"


def first_output(node: NodeProto) -> str:
    """Return the name of what a node first gives; empty if that is nothing."""
    return node.output[0] if node.output else ""


def is_own(node: NodeProto) -> bool:
    """Return whether a node is of one of ONNX's own operators."""
    return node.domain in ("", "ai.onnx")


def attributes(node: NodeProto) -> dict[str, Any]:
    """Return the attributes of a node by name. Raises ImportRefusedError for one without a value."""
    found = {}
    for each in node.attribute:
        try:
            found[each.name] = helper.get_attribute_value(each)
        except (TypeError, ValueError):
            raise ImportRefusedError(f"{described(node)} has an attribute {each.name!r} without a value") from None
    return found


def subgraphs(node: NodeProto) -> Iterator[tuple[str, GraphProto]]:
    """Yield the graphs inside a node, such as the branches of an If, by the names of their attributes."""
    for each in node.attribute:
        if each.type == AttributeProto.GRAPH:
            yield each.name, each.g
        for graph in each.graphs:
            yield each.name, graph


def array_of(tensor: TensorProto, folder: Path) -> Array:
    """Return the numbers of a tensor, whose external data must be in ``folder``.

    Raises ImportRefusedError if it does not hold what it claims to.
    """
    name, shape = shortened(tensor.name or "(a constant)"), tuple(tensor.dims)
    if any(size < 0 for size in shape) or math.prod(shape) > MOST_NUMBERS:
        raise ImportRefusedError(
            f"the tensor {name!r} claims the shape {shape}: at most {MOST_NUMBERS:,} numbers are read"
        )
    try:
        kind = helper.tensor_dtype_to_np_dtype(tensor.data_type)
        if tensor.data_location == TensorProto.EXTERNAL:
            return np.frombuffer(_external(tensor, folder, kind.itemsize), kind.newbyteorder("<")).reshape(shape)
        return numpy_helper.to_array(tensor)
    except ImportRefusedError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, OSError):
        raise ImportRefusedError(
            f"the tensor {name!r} does not hold the numbers that its shape {shape} claims"
        ) from None


def _external(tensor: TensorProto, folder: Path, itemsize: int) -> bytes:
    """Return the bytes of a tensor that are in a file of their own."""
    given = {each.key: each.value for each in tensor.external_data}
    location, offset = given.get("location", ""), int(given.get("offset", "0") or 0)
    wanted = itemsize * math.prod(tensor.dims)
    root = os.path.realpath(folder)
    path = Path(os.path.realpath(Path(root, location)))  # where links lead in circles, Path.resolve raises an error
    if not location or Path(location).is_absolute() or not path.is_relative_to(root):
        raise ImportRefusedError(
            f"the tensor {tensor.name!r} points to {location!r}, outside the model's folder: only files in it are read"
        )
    if not path.is_file():
        raise ImportRefusedError(
            f"the numbers of the tensor {tensor.name!r} are in {location!r}, which is not in its folder"
        )
    length = int(given.get("length", "") or wanted)
    if length != wanted or offset < 0 or offset + length > path.stat().st_size:
        raise ImportRefusedError(
            f"the tensor {tensor.name!r} claims {wanted:,} bytes from {offset:,} on of {location!r}, which is shorter"
        )
    with path.open("rb") as file:
        file.seek(offset, os.SEEK_SET)
        data: bytes = file.read(length)
    return data
