"""Edits of states, as a decomposition takes them: each puts what it adds into a column of its own."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..edits.swap import Swap
from ..trace import LayerTrace, Trace
from .pairs import Array


class StateEdit(NamedTuple):
    """What an edit does to a state, in the units named: state ← scale · state + shift + take · its last value."""

    column: int  # of its edit, from 0 among the edits that have one
    letter: str
    places: NDArray[np.intp]  # of its n steps, in the order in which steps are taken
    units: NDArray[np.intp]  # (m,)
    scale: Array  # (n, m)
    shift: Array  # (n, m): what is put into its column
    take: Array  # (n, m)


def state_edits_of(trace: Trace, layer: LayerTrace, letters: Iterable[str]) -> tuple[list[str], list[StateEdit]]:
    """Return the names of the columns of edits, and the edits of the states ``letters`` of ``layer``, in their order.

    Edits of gates and candidates have no column: the activations of the trace hold what they did.
    """
    by_letter = trace.bound.changes.get((layer.layer, layer.direction), {})
    changes = [(letter, each) for letter in letters for each in by_letter.get(letter, ())]
    numbers = sorted({each.edit for _, each in changes})
    order = range(len(trace)) if layer.direction == "forward" else range(len(trace))[::-1]
    edits = []
    for letter, change in changes:
        rows = [row for row, step in enumerate(change.steps) if 0 <= step - trace.start < len(trace)]
        places = np.array([order[change.steps[row] - trace.start] for row in rows], np.intp)
        shape = len(change.steps), len(change.units)
        tables = (np.broadcast_to(each, shape)[rows] for each in (change.scale, change.shift, change.take))
        edits.append(StateEdit(numbers.index(change.edit), letter, places, change.units, *tables))
    return [str(trace.edits[number]) for number in numbers], edits


def tokens_read(trace: Trace) -> list[str]:
    """Return the token that the network read at each step: that of a swap where there is one."""
    tokens = [token.text for token in trace.tokens]
    for edit in trace.edits:
        if isinstance(edit.operation, Swap):
            for step in range(len(tokens)) if edit.steps is None else (each - trace.start for each in edit.steps):
                if 0 <= step < len(tokens):
                    tokens[step] = edit.operation.token
    return tokens
