"""One LSTM, GRU or RNN of a graph: what its attributes say, and its weights as the file has them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import GraphProto, NodeProto

from ..found import ImportRefusedError
from .reading import attributes, called, described, word
from .scope import Constants, Scope

Array = NDArray[Any]


class Kind(NamedTuple):
    """What is fixed for an operator."""

    gates: str  # blocks of W, R and B, in ONNX's order, in our letters
    activations: tuple[str, ...]  # of one direction, by default
    inputs: tuple[str, ...]
    attributes: frozenset[str]


_COMMON = {"activation_alpha", "activation_beta", "activations", "clip", "direction", "hidden_size", "layout"}
_INPUTS = ("X", "W", "R", "B", "sequence_lens", "initial_h")
KINDS: dict[str, Kind] = {
    "LSTM": Kind(
        "iofg", ("sigmoid", "tanh", "tanh"), (*_INPUTS, "initial_c", "P"), frozenset({*_COMMON, "input_forget"})
    ),
    "GRU": Kind("zrn", ("sigmoid", "tanh"), _INPUTS, frozenset({*_COMMON, "linear_before_reset"})),
    "RNN": Kind("h", ("tanh",), _INPUTS, frozenset(_COMMON)),
}
DIRECTIONS = {"forward": 1, "reverse": 1, "bidirectional": 2}
TYPES: dict[str, type] = {
    **dict.fromkeys(("hidden_size", "layout", "input_forget", "linear_before_reset"), int),
    "direction": bytes,
    "clip": float,
    "activations": list,
}
FLOATS = {"float16", "bfloat16", "float32", "float64"}


class Weights(NamedTuple):
    """The weights of an operator, one entry a direction, as the file has them: gates in the order of ``Kind.gates``."""

    W: Array  # (D, gates·H, E)
    R: Array  # (D, gates·H, H)
    B: Array | None  # (D, 2·gates·H): those of W, then those of R
    P: Array | None  # (D, 3·H): of i, o and f


@dataclass(frozen=True, eq=False)
class Operator:
    """An LSTM, GRU or RNN of a graph."""

    node: NodeProto
    scope: Scope
    given: Mapping[str, Any]
    """Its attributes, as the file has them."""

    @classmethod
    def of(cls, node: NodeProto, scope: Scope) -> "Operator":
        """Return the operator of a node. Raises ImportRefusedError for an attribute of a wrong type."""
        operator = cls(node, scope, attributes(node))
        for name, value in operator.given.items():
            if not isinstance(value, TYPES.get(name, object)):
                raise operator.refused(f"has an attribute {name} of a wrong type")
        return operator

    def apart(self) -> "Operator":
        """Return it without the graph around it, all of whose tensors stay in memory as long as one of its nodes."""
        node = NodeProto()
        node.CopyFrom(self.node)
        return Operator(node, Scope(GraphProto()), self.given)

    @property
    def name(self) -> str:
        """Its name in the file."""
        return called(self.node)

    @property
    def kind(self) -> Kind:
        """What is fixed for it."""
        return KINDS[self.node.op_type]

    def input(self, name: str) -> str:
        """Return the name of the value that is given as the input ``name``; empty if there is none."""
        given: dict[str, str] = dict(zip(self.kind.inputs, self.node.input, strict=False))
        return given.get(name, "")

    @property
    def output(self) -> str:
        """The name of Y, the hidden state of every step; empty if it is not given."""
        return self.node.output[0] if self.node.output else ""

    @property
    def direction(self) -> str:
        """In which order it takes the steps."""
        return _text(self.given.get("direction", "forward"))

    @property
    def directions(self) -> int:
        """D."""
        return DIRECTIONS.get(self.direction, 1)

    @property
    def layout(self) -> int:
        """0: the steps come first, (T, B, E); 1: the sequences, (B, T, E)."""
        return int(self.given.get("layout", 0))

    @property
    def clip(self) -> float:
        """The bound of what goes into an activation; infinite if there is none."""
        return float(self.given.get("clip", math.inf))

    @cached_property
    def activations(self) -> tuple[tuple[str, ...], ...]:
        """The activations of each direction, in lower case."""
        count, given = len(self.kind.activations), [_text(each).lower() for each in self.given.get("activations", ())]
        if not given:
            return (self.kind.activations,) * self.directions
        if len(given) != count * self.directions:
            raise self.refused(f"has {len(given)} activations, and needs {count} for each direction")
        return tuple(tuple(given[at : at + count]) for at in range(0, len(given), count))

    @property
    def form(self) -> tuple[Any, ...]:
        """What layers of one network have in common."""
        fixed = {name: str(value) for name, value in self.given.items() if name != "layout"}
        return self.node.op_type, self.input("P") != "", self.input("B") != "", sorted(fixed.items())

    def refused(self, why: str) -> ImportRefusedError:
        """Return the error that names this operator, of which ``why`` is said."""
        return ImportRefusedError(f"{described(self.node)} {why}")

    def weights(self, constants: Constants) -> Weights:
        """Return its weights. Raises ImportRefusedError if they are not constant, or do not fit each other."""
        self._require_attributes()
        w, r, b, p = (self._weight(constants, name) for name in ("W", "R", "B", "P"))
        if w is None or r is None:
            raise self.refused(f"has no weights {'W' if w is None else 'R'}")
        if w.ndim != 3 or r.ndim != 3:
            raise self.refused(f"has weights W of shape {w.shape} and R of shape {r.shape}: both need three axes")
        gates, size, count = len(self.kind.gates), r.shape[2], self.directions
        shapes = {
            "W": (w, (count, gates * size, w.shape[2])),
            "R": (r, (count, gates * size, size)),
            "B": (b, (count, 2 * gates * size)),
            "P": (p, (count, 3 * size)),
        }
        for name, (array, shape) in shapes.items():
            if array is not None and array.shape != shape:
                raise self.refused(f"has {name} of shape {array.shape}: R asks for {shape}")
        if 0 in (*w.shape, *r.shape):
            raise self.refused(f"has weights without numbers: W is of shape {w.shape}")
        if self.given.get("hidden_size", size) != size:
            raise self.refused(f"says hidden_size={self.given['hidden_size']}, but its R has {size} units")
        return Weights(w, r, b, p)

    def _weight(self, constants: Constants, name: str) -> Array | None:
        if not (given := self.input(name)):
            return None
        array = constants.of(self.scope, given)
        if array is None:
            raise self.refused(f"takes its {name} from {given!r}, which is not constant: {self._origin(given)}")
        if array.dtype.name not in FLOATS:
            raise self.refused(f"has {name} in {array.dtype.name}: {', '.join(sorted(FLOATS))} are read")
        if not np.isfinite(array.astype(np.float32 if array.dtype.itemsize < 4 else array.dtype)).all():
            raise self.refused(f"has NaN or infinity in its {name} ({given!r})")
        return array

    def _origin(self, name: str) -> str:
        owner = self.scope.owner(name)
        if owner is None:
            return "nothing in the file gives it"
        node = owner.producers.get(name)
        return "it is an input of the graph" if node is None else f"it comes from {described(node)}"

    def _require_attributes(self) -> None:
        """Raise ImportRefusedError for attributes whose meaning is not known."""
        if unknown := sorted(self.given.keys() - self.kind.attributes):
            raise self.refused(f"has an attribute that is not known: {word(unknown[0])}")
        if self.direction not in DIRECTIONS:
            raise self.refused(f"has direction={word(self.direction)}: it can be {', '.join(DIRECTIONS)}")
        if self.layout not in (0, 1):
            raise self.refused(f"has layout={self.layout}: it can be 0 or 1")
        if not self.clip > 0:
            raise self.refused(f"has clip={self.clip:g}: it must be positive")


def _text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def found_in(scope: Scope) -> list[Operator]:
    """Return the operators of a graph and of the branches of its Ifs, in order, the branches last."""
    own = [Operator.of(node, scope) for node in scope.graph.node if _is_recurrent(node)]
    return [*own, *(each for inner in scope.inner(("If",)) for each in found_in(inner))]


def found_in_loops(scope: Scope) -> list[Operator]:
    """Return the operators in the bodies of loops, which run them once for each of their own steps."""
    loops = [each for inner in scope.inner(("Loop", "Scan")) for each in found_in(inner) + found_in_loops(inner)]
    return [*loops, *(each for inner in scope.inner(("If",)) for each in found_in_loops(inner))]


def _is_recurrent(node: NodeProto) -> bool:
    return node.domain in ("", "ai.onnx") and node.op_type in KINDS
