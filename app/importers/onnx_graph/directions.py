"""An operator that runs forward, and one that runs in reverse, which are one layer where the graph joins their h."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, helper

from ..found import Convention
from .operator import Operator
from .paths import MOST_NODES, MOVES, Paths, random
from .reading import described, is_own, opset, shortened, word
from .scope import Constants
from .stacks import Stack, as_output, hidden_size

Array = NDArray[Any]

LISTS = ("activations", "activation_alpha", "activation_beta")  # attributes with entries for each direction
SPLIT_COUNTS = 18  # the opset from which on a Split says into how many parts
Y, Y_H = 0, 1  # places of h among the outputs of an operator: of every step, and of the last


class Pair(NamedTuple):
    """Two operators that are one layer."""

    forward: Operator
    reverse: Operator


def pairs_of(operators: Sequence[Operator], paths: Paths, constants: Constants) -> tuple[list[Pair], dict[str, str]]:
    """Return the pairs that are one layer, and why operators in reverse, by name, are none with another."""
    pairs, apart, taken = list[Pair](), dict[str, str](), set[int]()
    for reverse in (each for each in operators if each.direction == "reverse"):
        for forward, is_joined in _joined(reverse, operators, paths, constants):
            why = _difference(forward, reverse, constants)
            if not why and not is_joined:
                why = "as a layer gives h of both joined unit by unit, that of the forward one first"
            if why:
                apart[reverse.name] = f"it is not one layer with {described(forward.node)}, {why}"
            elif id(forward) not in taken:
                taken.add(id(forward))
                apart.pop(reverse.name, None)
                pairs.append(Pair(forward, reverse))
                break
    return pairs, apart


def _joined(
    reverse: Operator, operators: Sequence[Operator], paths: Paths, constants: Constants
) -> Iterator[tuple[Operator, bool]]:
    """Yield each operator whose h is joined with that of ``reverse``; and whether it is as one layer joins its own."""
    size = hidden_size(reverse, constants)
    for at in (Y, Y_H):
        own = _output(reverse, at)
        others = {
            name: each
            for each in operators
            if each.scope is reverse.scope and each.direction == "forward" and (name := _output(each, at))
        }
        for end in _ends(reverse, own) if own and size > 0 else ():
            way = paths.back(reverse.scope, end, {own, *others})
            starts = [] if way is None else [name for name in way.starts if name != own]
            if way is None or len(way.starts) != 2 or len(starts) != 1:
                continue
            forward = others[starts[0]]
            shapes = paths.sizes(2 * size)
            yield forward, any(_is_joined(Pair(forward, reverse), at, end, sizes, paths, size) for sizes in shapes)


def _is_joined(pair: Pair, at: int, end: str, sizes: tuple[int, int], paths: Paths, size: int) -> bool:
    """Return whether ``end`` is h of both, joined as one layer gives it: tried out with random numbers."""
    steps, batch = (1, sizes[1]) if at == Y_H else sizes
    h = random(steps, batch, 2 * size)  # (T, B, 2·H)
    ways = [_in_form(part, operator, at) for part, operator in zip(np.split(h, 2, axis=2), pair, strict=True)]
    start = {_output(operator, at): value for operator, value in zip(pair, ways, strict=True)}
    way = paths.back(pair.forward.scope, end, start)
    found = None if way is None else paths.result(pair.forward.scope, way, start, end)
    apart = h.reshape(steps, batch, 2, size)
    forms = (h, h.swapaxes(0, 1), apart.transpose(0, 2, 1, 3), apart.transpose(1, 0, 2, 3))
    return found is not None and any(np.array_equal(np.squeeze(found), np.squeeze(each)) for each in forms)


def _in_form(h: Array, operator: Operator, at: int) -> Array:
    """Return h (T, B, H) of one direction in the form of an output of its operator."""
    if at == Y:
        return as_output(h, operator)
    return h[0][:, None] if operator.layout else h[:1]  # (B, 1, H) or (1, B, H)


def _ends(operator: Operator, name: str) -> Iterator[str]:
    """Yield what the Concats give that read ``name``, as it is or moved."""
    stack, seen = [name], set[str]()
    while stack and len(seen) < MOST_NODES:
        if (at := stack.pop()) in seen:
            continue
        seen.add(at)
        for node in operator.scope.consumers[at]:
            if is_own(node) and node.op_type == "Concat":
                yield from node.output[:1]
            elif is_own(node) and node.op_type in MOVES - {"Shape"}:
                stack += [each for each in node.output if each]


def _output(operator: Operator, at: int) -> str:
    return operator.node.output[at] if len(operator.node.output) > at else ""


def _difference(forward: Operator, reverse: Operator, constants: Constants) -> str:
    """Return in what two operators differ that one layer has in common; empty if in nothing."""
    if forward.node.op_type != reverse.node.op_type:
        return f"as their kinds differ: {forward.node.op_type} and {reverse.node.op_type}"
    if forward.input("X") != reverse.input("X"):
        return f"as their inputs differ: {shortened(forward.input('X'))!r} and {shortened(reverse.input('X'))!r}"
    if forward.input("sequence_lens") != reverse.input("sequence_lens"):
        return "as their sequence_lens differ"
    for name in ("B", "P", "initial_h", "initial_c"):
        if bool(forward.input(name)) != bool(reverse.input(name)):
            return f"as only one has {name}"
    if hidden_size(forward, constants) != hidden_size(reverse, constants):
        return "as their hidden sizes differ"
    different = {"direction", "hidden_size"}
    given = [
        {name: str(each) for name, each in one.given.items() if name not in different} for one in (forward, reverse)
    ]
    names = [name for name in {**given[0], **given[1]} if given[0].get(name) != given[1].get(name)]
    return f"as their attributes {word(names[0])} differ" if names else ""


def merge(pair: Pair, model: ModelProto) -> None:
    """Put one operator in the place of a pair in the graph: it gives what both give, of which each takes its part."""
    graph, (forward, reverse) = pair.forward.scope.graph, pair
    stem, version = f"{forward.name} and {reverse.name}", opset(model)
    made, inputs = list[NodeProto](), dict[str, str]()
    for name in forward.kind.inputs:
        first, second = forward.input(name), reverse.input(name)
        inputs[name] = first
        if first and name not in ("X", "sequence_lens"):
            axis = forward.layout if name.startswith("initial") else 0
            inputs[name] = f"{stem}: {name}"
            made.append(helper.make_node("Concat", [first, second], [inputs[name]], axis=axis))
    outputs, parts = list[str](), list[NodeProto]()
    for at in range(max(len(forward.node.output), len(reverse.node.output))):
        names = [_output(each, at) for each in pair]
        outputs.append(f"{stem}: output {at}" if any(names) else "")
        axis = (2 if forward.layout else 1) if at == Y else forward.layout
        count: dict[str, Any] = {"num_outputs": 2} if version >= SPLIT_COUNTS else {}
        if any(names):
            named = [name or f"{outputs[at]} {place}" for place, name in enumerate(names)]
            parts.append(helper.make_node("Split", [outputs[at]], named, axis=axis, **count))
    both = helper.make_node(
        forward.node.op_type, list(inputs.values()), outputs, forward.name, direction="bidirectional"
    )
    for each in forward.node.attribute:
        if each.name != "direction":
            given = both.attribute.add()
            given.CopyFrom(each)
            if each.name in LISTS:
                given.floats.extend(list(each.floats))
                given.strings.extend(list(each.strings))
    _replace(graph.node, pair, [*made, both, *parts])


def _replace(nodes: Any, pair: Pair, made: Sequence[NodeProto]) -> None:
    """Put nodes in the place of the first of a pair, and remove the second."""
    names = [list(each.node.output) for each in pair]
    places = [at for at, node in enumerate(nodes) if list(node.output) in names]
    for at in reversed(places):
        del nodes[at]
    for node in reversed(made):
        nodes.insert(places[0], node)


def joined(pairs: Sequence[Pair], stack: Stack) -> list[Convention]:
    """Return which layers of a network are pairs."""
    names = {each.name for each in stack.operators}
    return [
        Convention("both directions", f"{forward.name} and {reverse.name}", "they read the same, and their h is joined")
        for forward, reverse in pairs
        if forward.name in names
    ]
