"""Ways between tensors of a graph on which numbers are only moved, tried out with random ones."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper

from ..found import ImportRefusedError
from .reading import described, is_own, opset
from .scope import Constants, Scope, evaluated

Array = NDArray[Any]

MOVES = {
    *("Identity", "Unsqueeze", "Squeeze", "Transpose", "Reshape", "Flatten", "Slice", "Split", "Gather", "Cast"),
    *("Dropout", "Shape", "Concat", "Constant", "Expand"),
}
"""Operators that may stand on such a way, or compute shapes for it."""
MOST_NODES = 64
SIZES = (3, 2)
"""Steps and sequences of what is tried out, where the file does not fix them."""


class Way(NamedTuple):
    """A way on which numbers are only moved."""

    starts: tuple[str, ...]  # where it begins
    nodes: Sequence[NodeProto]  # in the order of the graph


class Paths:
    """The ways through one model."""

    def __init__(self, model: ModelProto, constants: Constants) -> None:
        self._opsets, self._constants = [helper.make_opsetid("", opset(model))], constants
        self._model = model

    def sizes(self) -> Iterator[tuple[int, int]]:
        """Yield what T and B may be, the likeliest first: files may fix them, in the input's shape."""
        yield SIZES
        for given in self._model.graph.input:
            dims = [each.dim_value for each in given.type.tensor_type.shape.dim]
            if len(dims) >= 2:
                first, second = (
                    size if 0 < size <= 4096 else default for size, default in zip(dims, SIZES, strict=False)
                )
                yield first, second
                yield second, first

    def back(self, scope: Scope, end: str, starts: Collection[str]) -> Way | None:
        """Return the way from ``starts`` and constants to ``end``; None if it leads past anything that computes."""
        stack, needed, reached = [end], set[str](), list[str]()
        while stack:
            name = stack.pop()
            if name in needed or not name:
                continue
            needed.add(name)
            if name in starts:
                reached.append(name)
                continue
            if self._constants.of(scope, name) is not None:
                continue
            node = scope.producers.get(name)
            if node is None or not is_own(node) or node.op_type not in MOVES or len(needed) > MOST_NODES:
                return None
            stack += node.input
        made = {name for name in needed if name not in reached and self._constants.of(scope, name) is None}
        return Way(tuple(reached), [node for node in scope.graph.node if made & set(node.output)])

    def obstacle(self, scope: Scope, end: str) -> str:
        """Say what computes ``end``, once what only moves numbers is left out."""
        name = end
        for _ in range(MOST_NODES):
            node = scope.producers.get(name)
            if node is None or not is_own(node) or node.op_type not in MOVES:
                return f"the value {name!r}" if node is None else described(node)
            name = next((each for each in node.input if each and self._constants.of(scope, each) is None), "")
        return f"the value {name!r}"

    def result(self, scope: Scope, way: Way, start: Mapping[str, Array], end: str) -> Array | None:
        """Return what a way makes of the arrays ``start``; None if it does not take them."""
        nodes = way.nodes
        if not nodes:
            return start.get(end)
        given = {name: value for name, value in start.items() if any(name in node.input for node in nodes)}
        for name in {each for node in nodes for each in node.input if each}:
            if (constant := self._constants.of(scope, name)) is not None:
                given[name] = constant
        try:
            return evaluated(nodes, given, [end], self._opsets)[0]
        except ImportRefusedError:
            return None


def random(*shape: int) -> Array:
    """Return random numbers, of which no two are the same."""
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)
