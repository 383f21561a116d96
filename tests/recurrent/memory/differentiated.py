"""Layers as differentiable functions, against which derivatives in closed form are held."""

import math
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from gatescope.recurrent.cells.cell import Activations
from gatescope.recurrent.memory.differentiable import hidden_of
from gatescope.recurrent.memory.distance import Array
from gatescope.recurrent.memory.jacobians import LayerJacobians, layer_jacobians
from gatescope.recurrent.network import Network
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import LayerTrace, Trace, trace
from torch import Tensor


class Layer:
    """One layer and direction of a trace, with what a differentiated run of it needs, in the order of its steps."""

    def __init__(self, network: Network, whole: Trace, each: LayerTrace) -> None:
        self.cell = network.config.cell_definition
        self.weights = network.weights(each.layer, each.direction)
        below = [other["h"] for other in whole.layers if other.layer == each.layer - 1]
        ids = [token.id for token in whole.tokens]
        x = torch.from_numpy(np.hstack(below)) if below else network.embedding.weight.detach()[ids]
        is_backward = each.direction == "backward"
        self.x = x.flip(0) if is_backward else x
        states = {letter: torch.from_numpy(each[letter].copy()) for letter in self.cell.states}
        self.states = {letter: state.flip(0) if is_backward else state for letter, state in states.items()}

    def joined(self, state: Activations) -> Tensor:
        return torch.cat([state[letter] for letter in reversed(self.cell.states)])

    def at(self, t: int) -> Tensor:
        """The states (S,) after step t; zeros before the first."""
        joined = torch.cat([self.states[letter] for letter in reversed(self.cell.states)], dim=-1)
        return joined[t] if t >= 0 else torch.zeros_like(joined[0])

    def run(self, joined: Tensor, x: Tensor) -> Tensor:
        """The states (S,) that the steps over ``x`` (n, E) lead to."""
        letters = "".join(reversed(self.cell.states))
        state = dict(zip(letters, joined.chunk(len(letters)), strict=True))
        for x_t in x:
            state = self.cell.step(x_t, state, self.weights)
        return self.joined(state)

    def by_state(self, t: int, k: int) -> Tensor:
        """∂s_t/∂s_k, (S, S)."""
        return jacobian(lambda state: self.run(state, self.x[k + 1 : t + 1]), self.at(k))

    def by_input(self, t: int, k: int) -> Tensor:
        """∂h_t/∂x_k, (H, E)."""
        size = self.states["h"].shape[1]

        def run(x: Tensor) -> Tensor:
            return self.run(self.at(k - 1), torch.cat([x[None], self.x[k + 1 : t + 1]]))[:size]

        return jacobian(run, self.x[k])


def jacobian(function: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    derivative: Tensor = torch.autograd.functional.jacobian(function, at)
    return derivative


def layers(network: Network, tokens: list[Token]) -> Iterator[tuple[Layer, LayerJacobians]]:
    whole = trace(network, tokens)
    for each, jacobians in layer_jacobians(network, whole):
        yield Layer(network, whole, each), jacobians


def log10(matrix: Tensor, order: Any) -> float:
    norm = torch.linalg.matrix_norm(matrix, ord=order).item()
    return math.log10(norm) if norm else -math.inf


def assert_same(ours: Array | float, theirs: Array | float, relative: float) -> None:
    """The numbers behind the logarithms agree to ``relative``."""
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=relative / math.log(10))


def double_of(network: Network) -> Network:
    """A copy in float64, without gradients."""
    return deepcopy(network).double().requires_grad_(requires_grad=False)


def logits_of(network: Network, x: Tensor) -> Tensor:
    """Logits (T, B, outputs) for embedded words (T, B, E)."""
    return network.read(hidden_of(network, x))
