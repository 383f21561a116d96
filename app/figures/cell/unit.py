"""The numbers of one unit at one step, and which unit tells most there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import tanh

import numpy as np

from ...recurrent.cells.cell import Cell
from ..subject import Array, Subject

Values = Mapping[str, float]

OPERATORS: dict[str, Callable[..., float]] = {
    "⊙": lambda a, b: a * b,
    "+": lambda a, b: a + b,
    "1−": lambda a: 1 - a,
    "tanh": tanh,
}


@dataclass(frozen=True)
class Unit:
    """One unit at one step."""

    number: int  # from 0
    step: int
    values: Values
    """By letter, and by node of the circuit; ``c-`` and ``h-`` are of the step before, ``a`` is the only sum of a cell
    without gates, if the trace holds it."""
    weight: float | None  # with which the verdict reads h; None without a verdict, or under a projection
    push: float | None  # weight · h
    before: float | None  # the push one step earlier; None at the first step too


def unit_at(subject: Subject, step: int, number: int | None = None) -> Unit:
    """Return one unit at a step; the one that moves the verdict most there if no ``number`` is given."""
    weights = weights_of(subject)
    hidden, previous = hidden_at(subject, step)
    if number is None or not 0 <= number < len(hidden):
        moves = np.abs(hidden - previous) if weights is None else np.abs(weights * (hidden - previous))
        number = int(np.argmax(moves))
    weight = None if weights is None else float(weights[number])
    push, before = (None if weight is None else weight * float(each[number]) for each in (hidden, previous))
    if _is_first(subject, step):
        before = None
    return Unit(number, step, computed(subject.cell, _values(subject, step, number)), weight, push, before)


def _is_first(subject: Subject, step: int) -> bool:
    """Whether nothing comes before a step, in the order in which steps are taken."""
    first = len(subject) - 1 if subject.layer.direction == "backward" else 0
    return step == first and subject.layer.initial is None


def weights_of(subject: Subject) -> Array | None:
    """Return the weight (H,) with which the verdict reads each unit of this layer; None if it does not."""
    head, verdict, last = subject.trace.head, subject.verdict, subject.trace.layers[-1].layer
    if head is None or verdict is None or subject.layer.layer != last or subject.layer.projection is not None:
        return None
    weights: Array = verdict.of(head.weight.numbers("the head's weight"))
    directions = [each.direction for each in subject.trace.layers if each.layer == last]
    size = len(weights) // len(directions)
    place = directions.index(subject.layer.direction) * size
    return np.asarray(weights[place : place + size], np.float64)


def hidden_at(subject: Subject, step: int) -> tuple[Array, Array]:
    """Return h at a step, and one step earlier in the order in which steps are taken, (H,)."""
    hidden = subject.layer["h"].astype(np.float64)
    return hidden[step], _before(subject, "h", step)


def _before(subject: Subject, letter: str, step: int) -> Array:
    """Return a state one step earlier: where nothing was before, the initial state."""
    array = subject.layer[letter]
    earlier = step + 1 if subject.layer.direction == "backward" else step - 1
    if 0 <= earlier < len(array):
        return np.asarray(array[earlier], np.float64)
    initial = subject.layer.initial
    return np.zeros(array.shape[1]) if initial is None else initial[letter].astype(np.float64)


def _values(subject: Subject, step: int, number: int) -> dict[str, float]:
    """Return the activations of a unit at a step, and its states one step earlier."""
    cell, layer = subject.cell, subject.layer
    values = {each: float(layer[each][step, number]) for each in cell.activations if number < layer[each].shape[1]}
    values |= {f"{each}-": float(_before(subject, each, step)[number]) for each in cell.states if each in values}
    if not cell.gates and "a_h" in layer.activations:
        values["a"] = float(layer["a_h"][step, number])
    return values


def computed(cell: Cell, given: Mapping[str, float]) -> Values:
    """Return ``given`` with what the operators of the circuit make of it, as far as its figures need it."""
    values, circuit = dict(given), cell.circuit

    def value(key: str) -> float | None:
        if key not in values and key in circuit.nodes:
            node = circuit.nodes[key]
            inputs = [value(wire.start) for wire in circuit.wires if wire.end == key]
            known = [each for each in inputs if each is not None]
            if known and len(known) == len(inputs):
                values[key] = OPERATORS[node.sign](*known) if node.kind == "operator" else known[0]
        return values.get(key)

    for label in circuit.figures:
        value(label.of)
    return values
