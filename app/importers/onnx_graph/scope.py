"""A graph with the graphs around it, and what of it is constant: computed by ONNX's own evaluator, node by node."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper
from onnx.reference import ReferenceEvaluator

from ..found import ImportRefusedError
from .reading import MOST_NUMBERS, array_of, attributes, called, described, is_own, opset, subgraphs

Array = NDArray[Any]


Given = Mapping[str, Any]  # attributes


def _all(inputs: Sequence[Array], _: Given) -> int:
    return sum(each.size for each in inputs)


def _broadcast(inputs: Sequence[Array], _: Given) -> int:
    return math.prod(np.broadcast_shapes(*(each.shape for each in inputs)))


def _gathered(inputs: Sequence[Array], given: Given) -> int:
    data, indices = inputs
    return int(indices.size * data.size // max(data.shape[given.get("axis", 0)], 1))


def _shape_given(inputs: Sequence[Array], _: Given) -> int:
    return math.prod(max(int(size), 1) for size in inputs[-1].ravel()) * (inputs[0].size if len(inputs) > 1 else 1)


MOST_IN: dict[str, Callable[[Sequence[Array], Given], int]] = {
    **dict.fromkeys(
        ("Concat", "Constant", "Identity", "Unsqueeze", "Squeeze", "Transpose", "Reshape", "Flatten"), _all
    ),
    **dict.fromkeys(("Slice", "Split", "Cast", "Shape", "Neg", "Dropout", "DequantizeLinear"), _all),
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), _broadcast),
    "Gather": _gathered,
    **dict.fromkeys(("Expand", "Tile", "ConstantOfShape"), _shape_given),
}
"""The operators that are computed where all that they see is constant, and how many numbers they may give."""
ZERO_STAYS = {"Identity", "Unsqueeze", "Squeeze", "Transpose", "Reshape", "Slice", "Split", "Cast", "Gather"} | {
    "Expand",
    "Tile",
    "Flatten",
}
"""Of zeros these make zeros, whatever else they see."""


class Place(NamedTuple):
    """A name in a scope."""

    scope: "Scope"
    name: str


class Scope:
    """A graph, and the one around it whose names it may use."""

    def __init__(self, graph: GraphProto, outer: "Scope | None" = None, inside: str = "") -> None:
        self.graph, self.outer, self.inside = graph, outer, inside
        self.tensors: dict[str, TensorProto] = {each.name: each for each in graph.initializer}
        self.producers: dict[str, NodeProto] = {name: node for node in graph.node for name in node.output if name}
        self.inputs = {each.name for each in graph.input} - self.tensors.keys()
        self.outputs = {each.name for each in graph.output}
        self.consumers: dict[str, list[NodeProto]] = defaultdict(list)
        for node in graph.node:
            for name in filter(None, dict.fromkeys(node.input)):
                self.consumers[name].append(node)

    def owner(self, name: str) -> "Scope | None":
        """Return the scope, this one or one around it, that defines ``name``."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.tensors or name in scope.producers or name in scope.inputs:
                return scope
            scope = scope.outer
        return None

    def inner(self, kinds: Sequence[str]) -> Iterator["Scope"]:
        """Yield the graphs inside nodes of these kinds."""
        for node in self.graph.node:
            if node.op_type in kinds and is_own(node):
                for name, graph in subgraphs(node):
                    yield Scope(graph, self, f"the {name} of {described(node)}")

    def branches(self, node: NodeProto, name: str) -> list[Place]:
        """Return what becomes the output ``name`` of an If of this graph, in each of its branches."""
        at = list(node.output).index(name)
        inner = [Scope(graph, self) for _, graph in subgraphs(node)]
        return [Place(each, each.graph.output[at].name if at < len(each.graph.output) else "") for each in inner]


class Constants:
    """The constants of a model, computed when they are asked for."""

    def __init__(self, model: ModelProto, folder: Path) -> None:
        self._opsets = [helper.make_opsetid("", opset(model))]
        self._folder, self._left = folder, MOST_NUMBERS
        self._values: dict[tuple[int, str], Array | None] = {}
        self._leaves: dict[tuple[int, str], tuple[str, ...]] = {}
        self._scopes: list[Scope] = []  # kept, so that their ids stay theirs

    def of(self, scope: Scope, name: str) -> Array | None:
        """Return the numbers of ``name``; None if they depend on what the network is given, or are not computed."""
        order, stack, seen = [], [(scope, name, False)], set()
        while stack:
            at, wanted, is_ready = stack.pop()
            owner = at.owner(wanted)
            if owner is None:
                return None
            key = (id(owner), wanted)
            if is_ready:
                order.append(Place(owner, wanted))
            elif key not in seen and key not in self._values:
                seen.add(key)
                stack.append((owner, wanted, True))
                node = None if wanted in owner.tensors else owner.producers.get(wanted)
                if node is not None and is_own(node) and node.op_type in MOST_IN:
                    stack += [(owner, each, False) for each in node.input if each]
        for place in order:
            key = (id(place.scope), place.name)
            if key not in self._values:
                self._scopes.append(place.scope)
                self._values[key], self._leaves[key] = self._computed(place)
        found = scope.owner(name)
        return None if found is None else self._values.get((id(found), name))

    def leaves(self, scope: Scope, name: str) -> tuple[str, ...]:
        """Return the names of the file's tensors from which ``name`` was computed."""
        owner = scope.owner(name)
        return () if owner is None else self._leaves.get((id(owner), name), ())

    def source(self, scope: Scope, name: str) -> str:
        """Return the same in words."""
        return " and ".join(self.leaves(scope, name)) or name

    def is_zero(self, scope: Scope, name: str) -> bool:
        """Return whether all numbers of ``name`` are 0, though their count may depend on the input."""
        stack, seen = [(scope, name)], set()
        while stack:
            at, wanted = stack.pop()
            owner = at.owner(wanted)
            if owner is None:
                return False
            if (id(owner), wanted) in seen:
                continue
            seen.add((id(owner), wanted))
            value = self.of(owner, wanted)
            if value is not None:
                if value.any():
                    return False
                continue
            node = owner.producers.get(wanted)
            if node is None or not is_own(node):
                return False
            if node.op_type == "ConstantOfShape":
                filled = attributes(node).get("value")
                if filled is not None and array_of(filled, self._folder).any():
                    return False
            elif node.op_type in ZERO_STAYS:
                stack.append((owner, node.input[0] if node.input else ""))
            elif node.op_type == "Concat":
                stack += [(owner, each) for each in node.input]
            else:
                return False
        return True

    def _computed(self, place: Place) -> tuple[Array | None, tuple[str, ...]]:
        scope, name = place
        if (tensor := scope.tensors.get(name)) is not None:
            return array_of(tensor, self._folder), (name,)
        node = scope.producers.get(name)
        if node is None or not is_own(node) or node.op_type not in MOST_IN:
            return None, ()
        inputs: dict[str, Array] = {}
        leaves: list[str] = []
        for each in filter(None, node.input):
            owner = scope.owner(each)
            value = None if owner is None else self._values.get((id(owner), each))
            if owner is None or value is None:
                return None, ()
            inputs[each] = value
            leaves += self._leaves[id(owner), each]
        if node.op_type == "Constant":
            leaves.append(called(node))
        self._left -= most_numbers(node, [inputs[each] for each in node.input if each])
        if self._left < 0:
            raise ImportRefusedError(f"{described(node)} would make the constants more than {MOST_NUMBERS:,} numbers")
        [value] = evaluated([node], inputs, [name], self._opsets)
        return value, tuple(dict.fromkeys(leaves))


def most_numbers(node: NodeProto, inputs: Sequence[Array]) -> int:
    """Return how many numbers a node may make of ``inputs``. Raises ImportRefusedError if these do not fit."""
    try:
        return MOST_IN[node.op_type](inputs, attributes(node))
    except (ValueError, IndexError, TypeError, OverflowError):
        raise ImportRefusedError(f"{described(node)} cannot be computed: its inputs do not fit each other") from None


def evaluated(
    nodes: Sequence[NodeProto], inputs: dict[str, Array], names: Sequence[str], opsets: Sequence[Any]
) -> list[Array]:
    """Return what ``nodes`` make of ``inputs``, by their names. Raises ImportRefusedError where they cannot."""
    given, wanted = ([ValueInfoProto(name=name) for name in each] for each in (inputs, names))
    graph = helper.make_graph(list(nodes), "part", given, wanted)
    model = helper.make_model(graph, opset_imports=list(opsets))
    try:
        with np.errstate(all="ignore"):
            return [np.asarray(each) for each in ReferenceEvaluator(model).run(None, inputs)]
    except Exception as error:  # what the evaluator raises for a node that is wrong has no common class
        raise ImportRefusedError(f"{described(nodes[-1])} cannot be computed: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
