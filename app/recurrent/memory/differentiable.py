"""A network as a differentiable function of its embedded words and its parameters, stepped by the cells."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor

from ..engine import stepped
from ..network import Network, NetworkConfig
from ..tokenizer import Token

_GRAPH = 15  # numbers a unit that automatic differentiation keeps of a step


def double_of(network: Network) -> Network:
    """Return a copy of ``network`` in float64, without gradients."""
    return deepcopy(network).double().requires_grad_(requires_grad=False)


def embedded(network: Network, tokens: Sequence[Token]) -> Tensor:
    """Return what the first layer reads, (T, E)."""
    return network.embedded(tokens)


def logits_of(network: Network, x: Tensor, step: int | None = None) -> Tensor:
    """Return logits (T, B, outputs) for embedded words (T, B, E), or only those (B, outputs) after a ``step``.

    Unlike ``Network.forward``, this runs any cell.
    """
    config = network.config
    for layer in range(config.layers):
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
    return network.read(x if step is None else x[step])


def differentiated(config: NetworkConfig, steps: int) -> int:
    """Return about how many numbers automatic differentiation keeps of ``steps`` steps of one sequence."""
    return steps * config.layers * len(config.directions) * config.hidden_size * _GRAPH
