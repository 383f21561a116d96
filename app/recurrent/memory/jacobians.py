"""The derivatives of every step of every layer, in closed form, for all steps at once."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ..cells.derivative import Jacobians, Point
from ..network import Network
from ..precision import in_full_precision
from ..trace import FloatArray, LayerTrace, Trace


@in_full_precision
@torch.no_grad()
def layer_jacobians(
    network: Network, trace: Trace, start: int = 0, stop: int | None = None
) -> Iterator[tuple[LayerTrace, Jacobians]]:
    """Yield each layer and direction of ``trace`` with its Jacobians at the tokens from ``start`` to ``stop``.

    ``trace`` must be the whole trace of ``network``, without edits. Raises ValueError if it has any.
    """
    if trace.edits:
        raise ValueError("the trace is edited, and derivatives are those of a plain run: trace without edits")
    cell = network.config.cell_definition
    stop = len(trace) if stop is None else stop
    x = network.embedded(trace.tokens).double()  # (T, E)
    below: list[Tensor] = []
    for each in trace.layers:
        if each.layer > 0 and each.direction == "forward":
            x, below = torch.cat(below, dim=-1), []
        states = {letter: _tensor(each[letter], x) for letter in cell.states}
        below.append(states["h"])
        is_backward = each.direction == "backward"
        steps = torch.arange(start, stop, device=x.device)
        steps, earlier = (steps.flip(0), steps.flip(0) + 1) if is_backward else (steps, steps - 1)
        # Past either end, the index leads to one more row: the states that the network starts from.
        padded = {letter: torch.cat([state, _start(each, letter, state)]) for letter, state in states.items()}
        weights = network.weights(each.layer, each.direction)
        point = Point(
            weights,
            x[steps],
            {letter: state[steps] for letter, state in states.items()},
            {letter: state[earlier] for letter, state in padded.items()},
        )
        yield each, cell.jacobians(point)


def _start(each: LayerTrace, letter: str, states: Tensor) -> Tensor:
    """Return a state (1, H) before the first step that is taken."""
    return states.new_zeros(1, states.shape[1]) if each.initial is None else _tensor(each.initial[letter], states)[None]


def _tensor(array: FloatArray, like: Tensor) -> Tensor:
    return torch.as_tensor(array.astype(np.float64), device=like.device)
