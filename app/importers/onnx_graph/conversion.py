"""Turn an operator of ONNX into a cell of the table and its weights: other orders of the gates, nothing else."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...recurrent.cells import cell_named
from ...recurrent.cells.cell import Cell, CellWeights
from ...recurrent.modules import Direction
from ..found import Convention, Placed
from .operator import Operator, Weights
from .reading import attributes, described, is_own, word
from .scope import Constants, Place, Scope

Array = NDArray[Any]

WITHOUT_EFFECT = {np.dtype(np.float32): 104.0, np.dtype(np.float64): 746.0}
"""From where on a clip changes nothing: sigmoid and tanh are then rounded to 0 or ±1."""
DIRECTIONS: tuple[Direction, ...] = ("forward", "backward")


class Converted(NamedTuple):
    """One layer in our conventions."""

    cell: Cell
    weights: Mapping[Direction, CellWeights]
    placed: Sequence[Placed]
    conventions: Sequence[Convention]
    remarks: Sequence[str]
    used: Collection[str]  # names of tensors of the file


def converted(
    operator: Operator, weights: Weights, layer: int, constants: Constants, apart: Mapping[str, str]
) -> Converted:
    """Return an operator as a layer; ``apart`` says by name why one in reverse is no part of a layer.

    Raises ImportRefusedError, with node and attribute, if no cell computes it.
    """
    if operator.direction == "reverse":
        twin = _other_way(operator)
        unsure = f"if it and {twin} are one layer that runs both ways, export them as one operator" if twin else ""
        why = apart.get(operator.name, unsure)
        raise operator.refused(
            f"has direction=reverse: only layers that run forward or both ways are read{why and '; '}{why}"
        )
    dtype = np.result_type(np.float32, weights.W.dtype if weights.W.dtype.kind == "f" else np.float32)
    cell, is_coupled = _cell(operator, weights), bool(operator.given.get("input_forget", 0))
    _require_clip_without_effect(operator, dtype)
    order, placed, used = operator.kind.gates, list[Placed](), set[str]()
    layers: dict[Direction, CellWeights] = {}
    own = {"f": "i"} if is_coupled else {}  # the block that becomes ours, times −1
    taken = [order.index(own.get(letter, letter)) for letter in cell.blocks]
    signs = [-1 if letter in own else 1 for letter in cell.blocks]

    def rows(matrix: Array) -> Tensor:
        blocks = np.split(matrix, len(order))
        parts = [-blocks[at] if sign < 0 else blocks[at] for at, sign in zip(taken, signs, strict=True)]
        return torch.from_numpy(np.concatenate(parts, dtype=dtype, casting="unsafe"))

    change = _change(order, cell.blocks, is_coupled)
    for at, direction in enumerate(DIRECTIONS[: operator.directions]):
        biases = [None, None] if weights.B is None else [rows(each) for each in np.split(weights.B[at], 2)]
        peepholes = None
        if cell.peepholes and weights.P is not None:
            p = dict(zip("iof", np.split(weights.P[at].astype(dtype), 3), strict=True))
            peepholes = torch.from_numpy(np.stack([p[letter] for letter in cell.peepholes]))
        layers[direction] = CellWeights(
            rows(weights.W[at]), rows(weights.R[at]), b_ih=biases[0], b_hh=biases[1], w_ch=peepholes
        )
        targets = {"W": ("W_ih", change), "R": ("W_hh", change), "B": ("b_ih and b_hh", change)}
        if cell.peepholes:
            targets["P"] = ("W_ch", "i o f → i f o")
        for name, (target, what) in targets.items():
            if given := operator.input(name):
                array = getattr(weights, name)
                source = constants.source(operator.scope, given)
                used |= {*constants.leaves(operator.scope, given)}
                placed.append(Placed(source, array.shape, f"layer {layer} {direction}, {target}", what))
    return Converted(cell, layers, placed, _conventions(operator), _remarks(operator, weights, constants), used)


def _other_way(operator: Operator) -> str:
    """Return the operator of the same kind that reads the same in the other direction; "" if there is none."""
    wanted = {"forward": b"reverse", "reverse": b"forward"}.get(operator.direction)
    for node in operator.scope.graph.node:
        is_same = node.op_type == operator.node.op_type and is_own(node) and node.input[:1] == operator.node.input[:1]
        if is_same and attributes(node).get("direction", b"forward") == wanted:
            return described(node)
    return ""


def _cell(operator: Operator, weights: Weights) -> Cell:
    given, usual = set(operator.activations), operator.kind.activations
    op = operator.node.op_type
    if op == "RNN" and len(given) == 1 and (name := next(iter(given))[0]) in ("tanh", "relu"):
        return cell_named("rnn", nonlinearity=name)
    if given != {usual}:
        listed = ", ".join(word(each) for direction in operator.activations for each in direction)
        known = f"{', '.join(usual)} in each direction" + (", or relu in each" if op == "RNN" else "")
        raise operator.refused(f"has activations={listed}: only {known}, are read")
    if op == "RNN":
        return cell_named("rnn", nonlinearity="tanh")
    if op == "GRU":
        return cell_named("gru", reset_after=bool(operator.given.get("linear_before_reset", 0)))
    has_peepholes = weights.P is not None and bool(weights.P.any())
    if not operator.given.get("input_forget", 0):
        return cell_named("lstm", peepholes=has_peepholes)
    if has_peepholes:
        raise operator.refused("has input_forget=1 and peepholes P: an LSTM with both is not read")
    return cell_named("coupled_lstm")


def _require_clip_without_effect(operator: Operator, dtype: Any) -> None:
    if operator.clip == float("inf"):
        return
    if any("relu" in each for each in operator.activations) or operator.clip < WITHOUT_EFFECT[np.dtype(dtype)]:
        raise operator.refused(
            f"has clip={operator.clip:g}, which bounds what goes into its activations: none of our cells does"
        )


def _change(order: str, blocks: str, is_coupled: bool) -> str:  # noqa: FBT001
    if order == blocks:
        return ""
    blocks_now = " ".join(f"−i (as {letter})" if is_coupled and letter == "f" else letter for letter in blocks)
    return f"row blocks {' '.join(order)} → {blocks_now}"


def _conventions(operator: Operator) -> Sequence[Convention]:
    op, found = operator.node.op_type, []
    if op != "RNN":
        found.append(Convention("order of the gates", " ".join(operator.kind.gates), f"ONNX's {op} fixes it"))
    if op == "GRU":
        value = int(bool(operator.given.get("linear_before_reset", 0)))
        how = "after" if value else "before"
        found.append(
            Convention(
                "the reset gate", f"{how} the recurrent product", f"{operator.name} has linear_before_reset={value}"
            )
        )
        found.append(Convention("the sense of z", "near 1 keeps h", "ONNX's GRU fixes it"))
    if operator.given.get("input_forget", 0):
        reason = f"{operator.name} has input_forget=1: f = 1 − i = σ(−a_i)"
        found.append(Convention("the input gate", "tied to the forget gate", reason))
    if operator.clip != float("inf"):
        found.append(
            Convention("clip", "without effect", f"{operator.clip:g} is beyond where sigmoid and tanh are 0 or ±1")
        )
    return found


def _remarks(operator: Operator, weights: Weights, constants: Constants) -> Sequence[str]:
    """Return sentences on what the states start from and how many steps are taken, and on what was not used.

    Raises ImportRefusedError if either is fixed in the file in another way than traces have it.
    """
    remarks = []
    if twin := _other_way(operator):
        remarks.append(f"{twin} reads the same as {operator.name} in the other direction, and is not imported")
    for name in ("initial_h", "initial_c"):
        given = operator.input(name)
        if not given or constants.is_zero(operator.scope, given):
            continue
        if constants.of(operator.scope, given) is not None:
            raise operator.refused(
                f"starts from {name}={given!r}, which is constant and not zero: traces start from zero"
            )
        if not (inputs := _inputs(operator.scope, given)):
            raise operator.refused(f"starts from {name}={given!r}, which the network computes: traces start from zero")
        listed = " or ".join(map(repr, inputs))
        remarks.append(f"{operator.name} takes {name} from the graph's input {listed}: traces start from zero")
    if given := operator.input("sequence_lens"):
        if constants.of(operator.scope, given) is not None:
            raise operator.refused(f"has fixed sequence_lens ({given!r}): traces take every step of a sequence")
        remarks.append(f"{operator.name} takes sequence_lens from {given!r}: traces take every step of a sequence")
    if weights.W.dtype.itemsize < 4:
        remarks.append(f"{operator.name} has weights in {weights.W.dtype.name}: it is computed in float32")
    if operator.given.get("input_forget", 0):
        remarks.append(f"{operator.name} has input_forget=1: its rows of the forget gate are not used")
    if weights.P is not None and not weights.P.any():
        remarks.append(f"{operator.name} has peepholes that are all zero: it is imported as an LSTM without")
    if operator.given.get("layout", 0):
        remarks.append(f"{operator.name} has layout=1: its sequences come first, which changes no weight")
    return remarks


def _inputs(scope: Scope, name: str) -> Collection[str]:
    """Return the inputs of the graph that ``name`` is, only reshaped on their way, in any branch; none if it is not."""
    stack, found = [Place(scope, name)], dict[str, None]()
    for _ in range(MOST_FOLLOWED):
        if not stack:
            return found
        at = stack.pop()
        owner = at.scope.owner(at.name)
        if owner is not None and at.name in owner.inputs:
            found[at.name] = None
            continue
        node = None if owner is None else owner.producers.get(at.name)
        if owner is None or node is None or not is_own(node):
            return ()
        if node.op_type == "If":
            stack += owner.branches(node, at.name)
        elif node.op_type in RESHAPES and node.input:
            stack.append(Place(owner, node.input[0]))
        elif node.op_type == "Concat":
            stack += [Place(owner, each) for each in node.input]
        else:
            return ()
    return ()


RESHAPES = {"Identity", "Unsqueeze", "Squeeze", "Transpose", "Reshape", "Slice", "Split", "Gather", "Cast"}
MOST_FOLLOWED = 256
"""How many nodes are looked at on the way back from an initial state."""
