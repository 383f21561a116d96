"""A network altered: with weaker or stronger recurrence, or as it was before training."""

import math
from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple

import torch
from torch import nn

from ..modules import Direction, weight_names
from ..network import Network, NetworkConfig
from ..watching import tell

LEAST, MOST = 0.1, 3.0  # of alpha


def with_recurrence(network: Network, alpha: float) -> Network:
    """Return ``network`` with its recurrent weights, W_hh of all layers, times ``alpha``; it shares all others.

    Raises ValueError if ``alpha`` is not in [0.1, 3].
    """
    if not LEAST <= alpha <= MOST:
        raise ValueError(f"alpha is {alpha}: it must lie between {LEAST} and {MOST}")
    if alpha == 1:
        return network
    if not network.config.cell_definition.has_recurrent_weights:
        raise ValueError(f"a {network.config.cell} has no recurrent weights for alpha to scale")
    names = {
        f"recurrent.{weight_names(network.recurrent, layer, direction)['w_hh']}"
        for layer, direction in network.layers()
    }
    state = {name: alpha * weight if name in names else weight for name, weight in network.state_dict().items()}
    with torch.device("meta"):
        changed = Network(network.config)
    changed.load_state_dict(state, assign=True)
    return changed.eval().requires_grad_(requires_grad=False)


@lru_cache(maxsize=16)
def untrained(config: NetworkConfig, seed: int = 0, forget_bias: float | None = None) -> Network:
    """Return a network as PyTorch initialises it: the bits of ``Network(config)`` after ``torch.manual_seed(seed)``.

    The two biases of an LSTM's forget gates sum to ``forget_bias``, unless it is None (Jozefowicz et al. 2015).
    Raises ValueError for a network without these biases. The result is cached, and must not be changed.
    """
    cell = config.cell_definition
    if forget_bias is not None and (not cell.open_bias or not config.bias):
        raise ValueError(f"this {config.cell} has no forget bias: only a cell with a forget gate and biases has")
    network = as_pytorch_initialises(config, torch.Generator().manual_seed(seed))
    if forget_bias is not None:
        start = cell.blocks.index(cell.open_bias) * config.hidden_size
        forget = slice(start, start + config.hidden_size)
        for layer, direction in network.layers():
            weights = network.weights(layer, direction)
            sign = cell.memory.sign if cell.memory else 1
            for bias, value in ((weights.b_ih, sign * forget_bias), (weights.b_hh, 0.0)):
                if bias is not None:
                    bias[forget] = value
    return network


def as_pytorch_initialises(config: NetworkConfig, generator: torch.Generator) -> Network:
    """Return ``Network(config)`` with weights drawn from ``generator`` as PyTorch draws them from its global one.

    Several threads may use the global generator at once.
    """
    with torch.device("meta"):
        network = Network(config)
    network = network.to_empty(device="cpu").eval().requires_grad_(requires_grad=False)
    if network.embedding is not None:
        nn.init.normal_(network.embedding.weight, generator=generator)
    drawn: list[tuple[nn.Module, int]] = [(network.recurrent, config.hidden_size)]
    if network.head is not None:
        drawn.append((network.head, network.head.in_features))
    for module, inputs in drawn:
        for weight in module.parameters():
            nn.init.uniform_(weight, -1 / math.sqrt(inputs), 1 / math.sqrt(inputs), generator=generator)
    return network


class Spectrum(NamedTuple):
    """How far one recurrent matrix (H, H) of a layer can stretch a state, at once and in the long run."""

    layer: int
    direction: Direction
    block: str  # letter of the gate or candidate; h of a plain RNN
    largest_singular_value: float
    spectral_radius: float


@torch.no_grad()
def spectra(network: Network, layers: Collection[int] | None = None) -> list[Spectrum]:
    """Return the spectrum of every block of W_hh, of all layers or of some, in float64.

    Both figures grow in proportion to ``alpha``.
    """
    cell = network.config.cell_definition
    if not cell.has_recurrent_weights:
        return []
    blocks, measured = cell.blocks, []
    for layer, direction in network.layers():
        if layers is not None and layer not in layers:
            continue
        matrices = network.weights(layer, direction).w_hh.double().chunk(len(blocks))
        for letter, block in zip(blocks, matrices, strict=True):
            tell()
            largest = torch.linalg.matrix_norm(block, ord=2).item()
            radius = torch.linalg.eigvals(block).abs().max().item()
            measured.append(Spectrum(layer, direction, letter, largest, radius))
    return measured
