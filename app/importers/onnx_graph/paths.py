"""Ways between tensors of a graph on which numbers are only moved, tried out with random ones."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper

from ..found import ImportRefusedError
from .reading import described, is_own, opset
from .scope import Constants, Scope, evaluated, most_numbers

Array = NDArray[Any]

MOVES = {
    *("Identity", "Unsqueeze", "Squeeze", "Transpose", "Reshape", "Flatten", "Slice", "Split", "Gather", "Cast"),
    *("Dropout", "Shape", "Concat", "Constant", "Expand"),
}
"""Operators that may stand on such a way, or compute shapes for it."""
_SHAPED = ("Reshape", "Expand")  # whose second input is a shape
_IN_SHAPES = ("Mul",)  # operators that may also compute shapes
MOST_NODES = 64
SIZES = (3, 2)
"""Steps and sequences of what is tried out, where the file does not fix them."""
MOST_TRIED = 2**22
"""How many numbers are tried out at once."""


class Way(NamedTuple):
    """A way on which numbers are only moved."""

    starts: tuple[str, ...]  # where it begins
    nodes: Sequence[NodeProto]  # in the order of the graph


class Paths:
    """The ways through one model."""

    def __init__(self, model: ModelProto, constants: Constants) -> None:
        self._opsets, self._constants = [helper.make_opsetid("", opset(model))], constants
        self._model = model

    def sizes(self, width: int) -> Iterator[tuple[int, int]]:
        """Yield what T and B may be, the likeliest first: files may fix them, in the input's shape.

        T·B·``width`` is at most MOST_TRIED.
        """
        pairs = [SIZES]
        for given in self._model.graph.input:
            dims = [each.dim_value for each in given.type.tensor_type.shape.dim][:2]
            if len(dims) == len(SIZES):
                first, second = (size if size > 0 else other for size, other in zip(dims, SIZES, strict=True))
                pairs += [(first, second), (second, first)]
        yield from ((steps, batch) for steps, batch in dict.fromkeys(pairs) if steps * batch * width <= MOST_TRIED)

    def back(self, scope: Scope, end: str, starts: Collection[str]) -> Way | None:
        """Return the way from ``starts`` and constants to ``end``; None if it leads past anything that computes."""
        stack, seen, needed, reached = [(end, False)], set[tuple[str, bool]](), set[str](), list[str]()
        while stack:
            name, is_shape = stack.pop()
            if (name, is_shape) in seen or not name:
                continue
            seen.add((name, is_shape))
            needed.add(name)
            if name in starts:
                reached += [] if name in reached else [name]
                continue
            if self._constants.of(scope, name) is not None:
                continue
            node = scope.producers.get(name)
            allowed = {*MOVES, *_IN_SHAPES} if is_shape else MOVES
            if node is None or not is_own(node) or node.op_type not in allowed or len(needed) > MOST_NODES:
                return None
            stack += [(each, is_shape or (at == 1 and node.op_type in _SHAPED)) for at, each in enumerate(node.input)]
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
        values, left = dict(start), MOST_NODES * MOST_TRIED
        try:
            for node in way.nodes:
                given = {name: self._value(scope, values, name) for name in node.input if name}
                left -= most_numbers(node, [given[name] for name in node.input if name])
                if left < 0:
                    return None
                names = [name for name in node.output if name]
                values |= zip(names, evaluated([node], given, names, self._opsets), strict=True)
            return self._value(scope, values, end)
        except (ImportRefusedError, KeyError):
            return None

    def _value(self, scope: Scope, values: Mapping[str, Array], name: str) -> Array:
        """Return the numbers of ``name``: given, or constant. Raises KeyError if it is neither."""
        constant = None if name in values else self._constants.of(scope, name)
        return values[name] if constant is None else constant


def random(*shape: int) -> Array:
    """Return random numbers, of which no two are the same."""
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)
