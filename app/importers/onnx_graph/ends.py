"""What stands before and after the recurrent layers, where it is unambiguous: an embedding, and a linear head."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import NodeProto

from ..answers import HeadFunction, function_of_last
from ..found import Convention, Placed, Readout
from .operator import Operator
from .paths import MOVES, Paths, random
from .reading import attributes, described, first_output, is_own
from .scope import Constants, Scope
from .stacks import as_output

Array = NDArray[Any]

PASSED = {"Identity", "Cast", "Dropout"}  # what may stand between a head and its function
RESHAPED = {"Squeeze", "Unsqueeze", "Reshape", "Transpose", "Flatten"}


class Embedding(NamedTuple):
    """An embedding that was found."""

    weight: torch.Tensor  # (V, E)
    placed: Placed
    used: Collection[str]  # names of tensors of the file


class Head(NamedTuple):
    """A head that was found."""

    readout: Readout
    placed: Sequence[Placed]
    conventions: Sequence[Convention]
    remarks: Sequence[str]
    used: Collection[str]  # names of tensors of the file


class Ends:
    """What stands before and after the layers of one network."""

    def __init__(self, paths: Paths, constants: Constants, dtype: torch.dtype, answers: Mapping[str, str]) -> None:
        self._paths, self._constants, self._dtype, self._answers = paths, constants, dtype, answers

    def embedding(self, first: Operator) -> Embedding | str:
        """Return the embedding that ``first`` reads; or a sentence on what it reads instead, empty for an input."""
        scope, end = first.scope, first.input("X")
        way = self._paths.back(scope, end, scope.inputs)
        if way is None:
            return f"{first.name} reads what {self._paths.obstacle(scope, end)} gives: nothing before it is imported"
        gathers = [node for node in way.nodes if self._is_embedding(scope, node)]
        if not gathers:
            return ""
        if len(gathers) > 1 or len(way.starts) > 1:
            return f"{first.name} reads more than one embedding: none is imported"
        weight, [ids] = self._constants.of(scope, gathers[0].input[0]), way.starts
        if weight is None or not self._looks_up(first, weight, ids):
            return f"{first.name} does not read rows of {gathers[0].input[0]!r} as they are: no embedding is imported"
        given = gathers[0].input[0]
        placed = Placed(self._constants.source(scope, given), weight.shape, "embedding")
        return Embedding(self._tensor(weight), placed, self._constants.leaves(scope, given))

    def _is_embedding(self, scope: Scope, node: NodeProto) -> bool:
        if node.op_type != "Gather" or len(node.input) < 2 or attributes(node).get("axis", 0) != 0:
            return False
        data = self._constants.of(scope, node.input[0])
        return (
            data is not None
            and data.ndim == 2
            and data.dtype.kind == "f"
            and self._constants.of(scope, node.input[1]) is None
        )

    def _looks_up(self, first: Operator, weight: Array, ids: str) -> bool:
        """Return whether ``first`` reads, at each step, the row of ``weight`` that the input ``ids`` names."""
        way = self._paths.back(first.scope, first.input("X"), {ids})
        for steps, batch in self._paths.sizes(weight.shape[1]) if way is not None else ():
            for shape in ((batch, steps), (steps,)):
                tokens = np.random.default_rng(0).integers(0, len(weight), shape)
                found = self._paths.result(first.scope, way, {ids: tokens}, first.input("X")) if way else None
                if found is None:
                    continue
                x = found.swapaxes(0, 1) if first.layout and found.ndim > 1 else found
                rows = weight[tokens] if tokens.ndim == 2 else weight[tokens][:, None]
                if any(np.array_equal(x, each) for each in (rows, rows.swapaxes(0, 1))):
                    return True
        return False

    def head(self, last: Operator, size: int) -> Head | str:
        """Return the head that reads h of ``last``, ``size`` numbers; or a sentence on why there is none, or empty."""
        scope, readers = last.scope, list(self._readers(last))
        linear = [node for node in readers if node.op_type in ("MatMul", "Gemm") and is_own(node)]
        if not readers:
            return ""
        if len(readers) > 1 or not linear:
            listed = ", ".join(dict.fromkeys(map(described, readers[:3])))
            return f"h of {last.name} is read by {listed}: no head is imported"
        [node] = linear
        weight = self._weight(scope, node)
        if weight is None or weight.shape[1] != size:
            return f"{described(node)} is not a linear layer over h of {last.name}: no head is imported"
        if not self._reads_h(last, node.input[0], size):
            return f"{described(node)} does not read h of {last.name} at single steps: no head is imported"
        is_transposed = node.op_type == "MatMul" or not attributes(node).get("transB", 0)
        shape, change = (weight.shape[::-1], "transposed") if is_transposed else (weight.shape, "")
        placed = [Placed(self._constants.source(scope, node.input[1]), shape, "head, weight", change)]
        used = [*self._constants.leaves(scope, node.input[1])]
        bias, given, end = self._bias(scope, node, len(weight))
        if bias is not None:
            placed.append(Placed(self._constants.source(scope, given), bias.shape, "head, bias"))
            used += self._constants.leaves(scope, given)
        known = self._function(scope, end, is_flat=node.op_type == "Gemm")
        function, conventions, remarks = known or function_of_last(self._answers, placed[0].source, len(weight))
        readout = Readout(self._tensor(weight), None if bias is None else self._tensor(bias), function)
        return Head(readout, placed, conventions, remarks, used)

    def _readers(self, last: Operator) -> Collection[NodeProto]:
        """Return the nodes that compute something of h of ``last``."""
        stack, seen, found = [name for name in last.node.output[:2] if name], set[str](), dict[int, NodeProto]()
        while stack:
            if (name := stack.pop()) in seen:
                continue
            seen.add(name)
            for node in last.scope.consumers[name]:
                if node.op_type == "Shape":
                    continue
                if node.op_type in MOVES and is_own(node):
                    stack += node.output
                else:
                    found[id(node)] = node
        return found.values()

    def _weight(self, scope: Scope, node: NodeProto) -> Array | None:
        """Return the weight (outputs, inputs) of a linear layer; None if it is another product."""
        if len(node.input) < 2 or (weight := self._constants.of(scope, node.input[1])) is None or weight.ndim != 2:
            return None
        given = attributes(node)
        if node.op_type == "MatMul":
            return weight.T
        if given.get("transA", 0) or given.get("alpha", 1.0) != 1 or given.get("beta", 1.0) != 1:
            return None
        return weight if given.get("transB", 0) else weight.T

    def _reads_h(self, last: Operator, end: str, size: int) -> bool:
        """Return whether each row of ``end`` is h (D·H,) of one step of one sequence."""
        way = self._paths.back(last.scope, end, {name for name in last.node.output[:2] if name})
        for steps, batch in self._paths.sizes(size) if way is not None else ():
            h = random(steps, batch, size)
            ends = np.split(h, last.directions, axis=2)
            final = np.stack([ends[0][-1], *(each[0] for each in ends[1:])])  # (D, B, H)
            values = [as_output(h, last), final.swapaxes(0, 1) if last.layout else final]
            start = {name: value for name, value in zip(last.node.output, values, strict=False) if name}
            found = self._paths.result(last.scope, way, start, end) if way else None
            known = {row.tobytes() for row in h.reshape(-1, size)}
            rows = [] if found is None or found.shape[-1:] != (size,) else list(found.reshape(-1, size))
            if rows and all(row.tobytes() in known for row in rows):
                return True
        return False

    def _bias(self, scope: Scope, node: NodeProto, outputs: int) -> tuple[Array | None, str, str]:
        """Return the bias (outputs,) of a linear layer, its name in the graph, and that of what the layer gives."""
        end = first_output(node)
        if node.op_type == "Gemm":
            given = node.input[2] if len(node.input) > 2 else ""
            value = self._constants.of(scope, given) if given else None
            return (None, "", end) if value is None or value.size != outputs else (value.reshape(-1), given, end)
        consumers = scope.consumers[end]
        if len(consumers) == 1 and consumers[0].op_type == "Add" and is_own(consumers[0]):
            for given in consumers[0].input:
                value = self._constants.of(scope, given)
                if value is not None and value.size == outputs and value.shape[-1:] == (outputs,):
                    return value.reshape(-1), given, first_output(consumers[0])
        return None, "", end

    def _function(self, scope: Scope, end: str, *, is_flat: bool) -> HeadFunction | None:
        """Return the function of a head that gives ``end``; None if nothing follows."""
        is_reshaped = False
        for _ in range(len(scope.graph.node)):
            consumers = [node for node in scope.consumers[end] if node.op_type != "Shape"]
            if not consumers:
                break
            node = consumers[0]
            if len(consumers) == 1 and is_own(node):
                if node.op_type in PASSED | RESHAPED:
                    is_reshaped |= node.op_type in RESHAPED
                    end = first_output(node)
                    continue
                if node.op_type == "Sigmoid":
                    return HeadFunction("sigmoid")
                if node.op_type in ("Softmax", "LogSoftmax"):
                    axis = attributes(node).get("axis", -1)
                    if not is_reshaped and (axis in (-1, 2) or (axis == 1 and is_flat)):
                        return HeadFunction("softmax")
            what = ", ".join(dict.fromkeys(map(described, consumers[:3])))
            remark = f"the head is not complete: after its linear layer comes {what}, which is not imported"
            return HeadFunction("", remarks=[remark])
        if scope.inside:
            return HeadFunction("", remarks=[f"the head is not complete: what follows {scope.inside} is not read"])
        return None

    def _tensor(self, array: Array) -> torch.Tensor:
        return torch.from_numpy(array.astype(np.float64)).to(self._dtype)
