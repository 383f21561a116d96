"""The recurrent network of a file of ONNX: its operators, one of the networks they form, and what is around it."""

from collections.abc import Iterator, Sequence
from math import prod

from onnx import GraphProto, ModelProto, NodeProto, TensorProto

from .. import Request
from ..found import Found, ImportRefusedError
from .conversion import Converted, converted
from .directions import Pair, joined, merge, pairs_of
from .ends import Ends, Head
from .operator import KINDS, Operator, found_in, found_in_loops
from .paths import Paths
from .reading import described, is_own, read, subgraphs, word
from .references import Layer, references
from .scope import Constants, Scope
from .stacks import Stack, chosen, stacks_of


def network(request: Request) -> Found:
    """Return the recurrent network of a file. Raises ImportRefusedError if there is none that can be imported."""
    try:
        return _network(request)
    except RecursionError:
        raise ImportRefusedError(f"{request.path.name} has graphs inside graphs, too deep to be read") from None


def _network(request: Request) -> Found:
    model = read(request.path)
    scope, constants = Scope(model.graph), Constants(model, request.path.parent)
    operators, in_loops = found_in(scope), found_in_loops(scope)
    pairs, apart = pairs_of(operators, Paths(model, constants), constants)
    if pairs:
        for pair in pairs:
            merge(pair, model)
        scope, constants = Scope(model.graph), Constants(model, request.path.parent)
        operators, in_loops = found_in(scope), found_in_loops(scope)
    for each in in_loops:
        if not operators or request.module == each.name:
            raise each.refused(f"is inside {each.scope.inside}, which runs it at each of its own steps: it is not read")
    if not operators:
        raise ImportRefusedError(_nothing(request.path.name, model))
    paths = Paths(model, constants)
    stack = chosen(stacks_of(operators, paths, constants), request.module)
    layers = [Layer(each, each.weights(constants)) for each in stack.operators]
    made = [converted(each, weights, at, constants, apart) for at, (each, weights) in enumerate(layers)]
    _require_fitting(stack, made)
    ends = Ends(paths, constants, made[0].weights["forward"].w_ih.dtype, request.answers)
    return _found(model, stack, layers, made, ends, in_loops, pairs)


def _found(
    model: ModelProto,
    stack: Stack,
    layers: Sequence[Layer],
    made: Sequence[Converted],
    ends: Ends,
    others: Sequence[Operator],
    pairs: Sequence[Pair],
) -> Found:
    first, last = stack.operators[0], stack.operators[-1]
    embedding = ends.embedding(first)
    head = ends.head(last, last.directions * layers[-1].weights.R.shape[2])
    placed = [each for layer in made for each in layer.placed]
    remarks = [each for layer in made for each in layer.remarks]
    if first.scope.inside:
        remarks.append(f"{first.name} is inside {first.scope.inside}: what decides on it is not imported")
    remarks += [f"{each.name} is not read, as it is inside {each.scope.inside}" for each in others]
    remarks += [each for each in (embedding, head) if isinstance(each, str)]
    used = {name for layer in made for name in layer.used}
    if not isinstance(embedding, str):
        placed.insert(0, embedding.placed)
        used |= {*embedding.used}
    if isinstance(head, Head):
        placed += head.placed
        remarks += head.remarks
        used |= {*head.used}
    return Found(
        format="ONNX",
        name=stack.name,
        cell=made[0].cell,
        layers=[each.weights for each in made],
        embedding=None if isinstance(embedding, str) else embedding.weight,
        readout=head.readout if isinstance(head, Head) else None,
        placed=placed,
        conventions=[
            *made[0].conventions,
            *joined(pairs, stack),
            *(head.conventions if isinstance(head, Head) else ()),
        ],
        unused=[name for name in _tensors(model.graph) if name not in used],
        remarks=list(dict.fromkeys(filter(None, remarks))),
        references=references(layers),
    )


def _require_fitting(stack: Stack, made: Sequence[Converted]) -> None:
    """Raise ImportRefusedError where the layers of a stack are not of one cell, or their sizes do not fit."""
    first = made[0].weights["forward"]
    size = first.w_hh.shape[1]
    for operator, layer in zip(stack.operators[1:], made[1:], strict=True):
        inputs = layer.weights["forward"].w_ih.shape[1]
        if layer.cell is not made[0].cell or inputs != size * operator.directions:
            raise operator.refused(f"reads {inputs} numbers, and is not a layer like {stack.name!r} below it")
        if layer.weights["forward"].w_ih.dtype != first.w_ih.dtype:
            raise operator.refused(f"has weights in another dtype than {stack.name!r} below it")


def _tensors(graph: GraphProto) -> Iterator[str]:
    """Yield the names of the tensors of a graph and of those inside it, but for single numbers, shapes and axes."""
    for tensor in graph.initializer:
        is_shape = len(tensor.dims) < 2 and tensor.data_type in (TensorProto.INT32, TensorProto.INT64)
        if prod(tensor.dims) > 1 and not is_shape:
            yield tensor.name
    for node in graph.node:
        for _, inner in subgraphs(node):
            yield from _tensors(inner)


def _nodes(graph: GraphProto) -> Iterator[NodeProto]:
    for node in graph.node:
        yield node
        for _, inner in subgraphs(node):
            yield from _nodes(inner)


def _nothing(name: str, model: ModelProto) -> str:
    """Say that there is no recurrent operator in a file, and what there is instead."""
    nodes = list(_nodes(model.graph))
    if like := [node for node in nodes if not is_own(node) and any(kind in node.op_type for kind in KINDS)]:
        return f"{name}: {described(like[0])} is of the domain {like[0].domain!r}: only ONNX's own are read"
    functions = {(each.domain, each.name) for each in model.functions}
    inside = [each for function in model.functions for each in function.node if each.op_type in KINDS]
    if inside and functions & {(node.domain, node.op_type) for node in nodes}:
        return f"{name}: {described(inside[0])} is inside a function of the file: inline it before (onnx.inliner)"
    if loops := [node for node in nodes if node.op_type in ("Loop", "Scan")]:
        return (
            f"{name} has no LSTM, GRU or RNN: if {described(loops[0])} is one written out, export the layer as it is, "
            "so that it becomes an operator"
        )
    kinds = sorted({word(node.op_type) for node in nodes})
    said = f"its operators are {', '.join(kinds[:6])}" + (f" and {len(kinds) - 6} more" if len(kinds) > 6 else "")
    if "Tanh" in kinds:
        said += "; if these are one written out, export the layer as it is, so that it becomes an operator"
        said += "" if "Sigmoid" in kinds else " (torch.onnx.export does so for nn.RNN with dynamo=False)"
    return f"{name} has no LSTM, GRU or RNN: {said}"
