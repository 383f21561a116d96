"""A network as a differentiable function of its embedded words and its parameters, stepped by the cells."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor

from ..engine import stepped
from ..network import Network, NetworkConfig
from ..tokenizer import Token
from ..watching import tell

_GRAPH = 15  # numbers a unit that automatic differentiation keeps of a step


def without_ends(network: Network, tokens: Sequence[Token]) -> tuple[Network, Tensor]:
    """Return a copy of the recurrent layers of ``network`` in float64, without gradients, and what they read (T, 1, E).

    The embedding and the head, which may be much larger, are not copied.
    """
    ends: dict[int, None] = {id(end): None for end in (network.embedding, network.head) if end is not None}
    copy = deepcopy(network, memo=ends).double().requires_grad_(requires_grad=False)
    x = embedded(copy if network.embedding is None else network, tokens)
    return copy, x.detach().double()[:, None]


def embedded(network: Network, tokens: Sequence[Token]) -> Tensor:
    """Return what the first layer reads, (T, E)."""
    return network.embedded(tokens)


def hidden_of(network: Network, x: Tensor) -> Tensor:
    """Return the last layer's h (T, B, H·directions) for embedded words (T, B, E), of any cell."""
    config = network.config
    for layer in range(config.layers):
        tell()
        h = [
            stepped.unroll(
                config.cell_definition,
                network.weights(layer, direction),
                x,
                [len(x)] * x.shape[1],
                None,
                reverse=direction == "backward",
            )["h"]
            for direction in config.directions
        ]
        x = torch.cat(h, dim=-1)
    return x


def differentiated(config: NetworkConfig, steps: int) -> int:
    """Return about how many numbers automatic differentiation keeps of ``steps`` steps of one sequence."""
    return steps * config.layers * len(config.directions) * config.hidden_size * _GRAPH
