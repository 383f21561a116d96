"""The order in which the units of a layer are shown, by the state that carries its memory."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .watching import tell

UnitOrder = Literal["index", "value", "variance", "similarity"]
UNIT_ORDERS: tuple[UnitOrder, ...] = get_args(UnitOrder)


def unit_order(state: NDArray[np.floating], by: UnitOrder, at: int = -1) -> NDArray[np.intp]:
    """Return the units of ``state`` (T, H) from first to last; of those that are equal, the lower number comes first.

    ``value``: the greatest at step ``at`` first; ``variance``: the one that varies most along the steps first;
    ``similarity``: first the one that varies most, then each time the most similar of those left, by the cosine of
    what is left of a unit without its mean.
    """
    if by == "index":
        return np.arange(state.shape[1])
    if by == "value":
        return np.argsort(-state[at], kind="stable")
    centred = state - state.mean(axis=0, dtype=np.float64)
    if by == "variance":
        return np.argsort(-np.square(centred).sum(axis=0), kind="stable")
    return _chain(centred)


def _chain(centred: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the order of columns in which each is followed by the most similar of those left."""
    lengths = np.linalg.norm(centred, axis=0)
    directions = centred / np.where(lengths > 0, lengths, 1)
    cosines = directions.T @ directions
    order = np.empty(len(lengths), np.intp)
    gone = np.zeros(len(lengths))
    here = int(lengths.argmax())
    for place in range(len(order)):
        tell()
        order[place], gone[here] = here, -np.inf
        here = int((cosines[here] + gone).argmax())
    return order
