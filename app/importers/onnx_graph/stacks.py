"""Which operators are layers of one network: each reads what the one before gives, and nothing is computed between."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..found import MODULE, UndecidedError
from .operator import Operator
from .paths import Paths, Way, random
from .reading import shortened
from .scope import Constants

MOST_LISTED = 20  # networks in a message

Array = NDArray[Any]


class Stack(NamedTuple):
    """The layers of one network, from the first to the last."""

    operators: Sequence[Operator]

    @property
    def name(self) -> str:
        """The name of its first operator."""
        return self.operators[0].name

    def __str__(self) -> str:
        first, count = self.operators[0], len(self.operators)
        return f"{shortened(self.name)!r} ({first.node.op_type}{f', {count} layers' if count > 1 else ''})"


def stacks_of(operators: Sequence[Operator], paths: Paths, constants: Constants) -> list[Stack]:
    """Return the networks that ``operators`` form, in the order of the file."""
    above: dict[int, Operator] = {}
    for upper in operators:
        outputs = {each.output: each for each in operators if each.scope is upper.scope and each.output}
        way = paths.back(upper.scope, upper.input("X"), outputs)
        if way is not None and len(way.starts) == 1:
            lower = outputs[way.starts[0]]
            if id(lower) not in above and _feeds(lower, upper, way, paths, constants):
                above[id(lower)] = upper
    uppers = {id(each) for each in above.values()}
    return [Stack(list(_from(each, above))) for each in operators if id(each) not in uppers]


def _from(operator: Operator, above: dict[int, Operator]) -> Iterator[Operator]:
    yield operator
    while (upper := above.get(id(operator))) is not None:
        yield (operator := upper)


def _feeds(lower: Operator, upper: Operator, way: Way, paths: Paths, constants: Constants) -> bool:
    """Return whether ``upper``, of the same kind and size, reads h of ``lower`` at every step.

    What stands between them is tried out: it must only change the order of the axes.
    """
    size = hidden_size(lower, constants)
    if lower is upper or lower.form != upper.form or size < 1:
        return False
    for steps, batch in paths.sizes(size * lower.directions):
        h = random(steps, batch, lower.directions * size)
        found = paths.result(lower.scope, way, {lower.output: as_output(h, lower)}, upper.input("X"))
        if found is not None and np.array_equal(found, h.swapaxes(0, 1) if upper.layout else h):
            return True
    return False


def as_output(h: Array, operator: Operator) -> Array:
    """Return h (T, B, D·H) in the form of the output Y of an operator."""
    apart = h.reshape(*h.shape[:2], operator.directions, -1)  # (T, B, D, H)
    return apart.transpose(1, 0, 2, 3) if operator.layout else apart.transpose(0, 2, 1, 3)


def hidden_size(operator: Operator, constants: Constants) -> int:
    """Return H, by the attribute or by R; 0 if neither says it."""
    if "hidden_size" in operator.given:
        return int(operator.given["hidden_size"])
    r = constants.of(operator.scope, operator.input("R"))
    return 0 if r is None or r.ndim == 0 else int(r.shape[-1])


def chosen(stacks: Sequence[Stack], wanted: str) -> Stack:
    """Return the network whose name, or that of one of whose layers, is ``wanted``; the only one if that is empty.

    Raises UndecidedError, with the names, if there is none or more than one.
    """
    names = [each.operators[0].name for each in stacks[:MOST_LISTED]]
    fitting = [each for each in stacks if not wanted or wanted in {layer.name for layer in each.operators}]
    if not fitting:
        raise UndecidedError(MODULE, names, f"no recurrent network is called {wanted!r}")
    if len(fitting) > 1:
        listed = ", ".join(map(str, stacks[:MOST_LISTED])) + (" …" if len(stacks) > MOST_LISTED else "")
        raise UndecidedError(MODULE, names, f"there are {len(fitting)} recurrent networks, {listed}")
    return fitting[0]
