"""The derivatives of every step of every layer, in closed form, computed when they are asked for."""

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..cells.derivative import Jacobians, Point
from ..network import Network, NetworkConfig
from ..precision import in_full_precision
from ..trace import FloatArray, LayerTrace, Trace
from ..watching import tell

HELD = 8_000_000  # numbers of Jacobians that are kept at a time, unless those of a single step are more


@dataclass(eq=False)
class _Latest:
    """What was computed last: the only part of a layer that is kept, of all layers that share it."""

    layer: "LayerJacobians | None" = None  # with all its steps
    point: Point | None = None  # of all its steps
    start: int = -1
    part: Jacobians | None = None


class LayerJacobians:
    """How the states of one layer and direction depend on those a step before, and on its input, at n steps.

    Steps are in the order in which they are taken, as in ``Jacobians``; those of ``size`` steps are computed together.
    """

    def __init__(
        self, network: Network, inputs: int, steps: int, size: int, latest: _Latest, point: Callable[[], Point]
    ) -> None:
        config = network.config
        self._cell, self._like = config.cell_definition, next(network.parameters())
        self._first, self._steps, self._size, self._latest, self._point = 0, steps, size, latest, point
        self._whole = self
        self.hidden, self.inputs = config.hidden_size, inputs  # H, E
        self.states = config.hidden_size * len(self._cell.states)  # S

    def __len__(self) -> int:
        """n, the number of steps."""
        return self._steps

    def span(self, start: int, stop: int) -> "LayerJacobians":
        """Return the same from step ``start`` to before ``stop``; what is computed of it is not held twice."""
        part = copy(self)
        part._first, part._steps = self._first + start, stop - start
        return part

    def to_states(self, rows: Tensor, t: int) -> Tensor:
        """Return derivatives (..., S) by s_t, carried back to s_{t-1}; divided by 2^exponent(t)."""
        part, at = self._part(t)
        return part.to_states(rows, at)

    def from_states(self, columns: Tensor, t: int) -> Tensor:
        """Return derivatives (S, ...) of s_{t-1}, carried on to s_t; divided by 2^exponent(t)."""
        part, at = self._part(t)
        return part.from_states(columns, at)

    def to_inputs(self, rows: Tensor, t: int) -> Tensor:
        """Return derivatives (..., S) by s_t, carried back to x_t, (..., E); divided by 2^exponent(t)."""
        part, at = self._part(t)
        return part.to_inputs(rows, at)

    def exponent(self, t: int) -> Tensor:
        """Return the power of two that the derivatives of step t are divided by, a whole number ()."""
        part, at = self._part(t)
        return part.exponents[at]

    def identity(self) -> Tensor:
        """Return ∂s_t/∂s_t (S, S)."""
        return torch.eye(self.states, dtype=self._like.dtype, device=self._like.device)

    @property
    def log_kept(self) -> Tensor | None:
        """The natural logarithms (n, H), in float64, of the share that is kept; None if no gate keeps."""
        kept = []
        for t in range(self._steps):
            part, at = self._part(t)
            if part.log_kept is None:
                return None
            kept.append(part.log_kept[at])
        return torch.stack(kept)

    def _part(self, t: int) -> tuple[Jacobians, int]:
        """Return the Jacobians of the part that step t is in, and its place there."""
        latest, (part, at) = self._latest, divmod(self._first + t, self._size)
        if latest.layer is self._whole and latest.start == part * self._size and latest.part is not None:
            return latest.part, at
        return self._computed(part * self._size), at

    @in_full_precision
    @torch.no_grad()
    def _computed(self, start: int) -> Jacobians:
        tell()
        latest = self._latest
        latest.part = None  # what it held is free before there is more
        if latest.layer is not self._whole or latest.point is None:
            latest.point = None
            latest.layer, latest.point = self._whole, self._point()
        latest.start, latest.part = start, self._cell.jacobians(latest.point.span(start, start + self._size))
        return latest.part


def layer_jacobians(
    network: Network, trace: Trace, start: int = 0, stop: int | None = None
) -> Iterator[tuple[LayerTrace, LayerJacobians]]:
    """Yield each layer and direction of ``trace`` with its Jacobians at the tokens from ``start`` to ``stop``.

    ``trace`` must be the whole trace of ``network``, without edits. Raises ValueError if it has any.
    """
    if trace.edits:
        raise ValueError("the trace is edited, and derivatives are those of a plain run: trace without edits")
    stop = len(trace) if stop is None else stop
    is_kept = _numbers(network.config, stop - start) <= HELD
    size = stop - start if is_kept else max(1, HELD // _numbers(network.config, 1, places=1))
    shared = _Latest()
    for each in trace.layers:
        below = [other for other in trace.layers if other.layer == each.layer - 1]
        inputs = sum(other["h"].shape[1] for other in below) or network.config.inputs

        def point(each: LayerTrace = each, below: list[LayerTrace] = below) -> Point:
            return _point(network, trace, each, below, slice(start, stop))

        yield each, LayerJacobians(network, inputs, stop - start, size, _Latest() if is_kept else shared, point)


def numbers_held(config: NetworkConfig, steps: int) -> int:
    """Return the most numbers that the Jacobians of ``steps`` steps of a network hold at a time."""
    return min(_numbers(config, steps), max(HELD, _numbers(config, 1, places=1)))


def _numbers(config: NetworkConfig, steps: int, places: int | None = None) -> int:
    """Return the numbers of the Jacobians of all layers and directions, or of so many ``places``."""
    directions, hidden = len(config.directions), config.hidden_size
    width = max(config.inputs, hidden * directions * (config.layers > 1))
    states = hidden * len(config.cell_definition.states)
    return steps * (config.layers * directions if places is None else places) * states * (hidden + width)


def _point(network: Network, trace: Trace, each: LayerTrace, below: list[LayerTrace], wanted: slice) -> Point:
    """Return where the derivatives of a layer in one direction are taken."""
    embedded = network.embedded(trace.tokens).double()  # (T, E)
    x = torch.cat([_tensor(other["h"], embedded) for other in below], dim=-1) if below else embedded
    states = {letter: _tensor(each[letter], x) for letter in network.config.cell_definition.states}
    steps = torch.arange(wanted.start, wanted.stop, device=x.device)
    steps, earlier = (steps.flip(0), steps.flip(0) + 1) if each.direction == "backward" else (steps, steps - 1)
    # Past either end, the index leads to one more row: the states that the network starts from.
    padded = {letter: torch.cat([state, _start(each, letter, state)]) for letter, state in states.items()}
    return Point(
        network.weights(each.layer, each.direction),
        x[steps],
        {letter: state[steps] for letter, state in states.items()},
        {letter: state[earlier] for letter, state in padded.items()},
    )


def _start(each: LayerTrace, letter: str, states: Tensor) -> Tensor:
    """Return a state (1, H) before the first step that is taken."""
    return states.new_zeros(1, states.shape[1]) if each.initial is None else _tensor(each.initial[letter], states)[None]


def _tensor(array: FloatArray, like: Tensor) -> Tensor:
    return torch.as_tensor(array.astype(np.float64), device=like.device)
