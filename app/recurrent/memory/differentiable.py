"""A network as a differentiable function of its embedded words and its parameters, stepped by the cells."""

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor

from ..engine import stepped
from ..network import Network
from ..tokenizer import Token


def double_of(network: Network) -> Network:
    """Return a copy of ``network`` in float64, without gradients."""
    return deepcopy(network).double().requires_grad_(requires_grad=False)


def embedded(network: Network, tokens: Sequence[Token]) -> Tensor:
    """Return what the first layer reads, (T, E)."""
    return network.embedded(tokens)


def logits_of(network: Network, x: Tensor) -> Tensor:
    """Return logits (T, B, outputs) for embedded words (T, B, E); unlike ``Network.forward``, of any cell."""
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
    return network.read(x)
