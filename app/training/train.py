"""The trainer that serves every task: it knows how networks learn, and nothing of what they learn."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from ..recurrent.network import Network, NetworkConfig


class Batch(NamedTuple):
    """Sequences of token ids, padded to one length, and what the network should say of them."""

    ids: Tensor  # (B, T)
    lengths: Tensor  # (B,)
    targets: Tensor  # of the shape that the task's loss expects


class Task(Protocol):
    """What is learned: the data and the loss."""

    def epoch(self, batch_size: int, generator: torch.Generator) -> Sequence[Batch]:
        """All training data once, in an order drawn from ``generator``."""

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """The scalar to minimise, for the logits (B, T, outputs) of a batch."""


@dataclass(frozen=True)
class Recipe:
    """How it is learned."""

    epochs: int
    batch_size: int = 64
    learning_rate: float = 4e-3  # of AdamW at the first step; a half cosine takes it to 0
    weight_decay: float = 1e-4
    clip: float = 1.0  # largest norm of the gradient
    dropout: float = 0.3  # of the embedded tokens and of what the head reads
    unknown: float = 0.1  # share of the tokens that are replaced by the unknown one
    forget_bias: float = 1.0  # of an LSTM at the first step
    embedding_spread: float = 0.1  # standard deviation of the embedding at the first step


Report = Callable[[float, float], None]  # share of the run that is done; loss of the last batch


def train(config: NetworkConfig, task: Task, recipe: Recipe, seed: int, report: Report = lambda *_: None) -> Network:
    """A network of ``config`` that has learned ``task``; the same bits for the same seed on the same machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums over several threads round differently from run to run
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = Network(config)
            initialise(network, recipe)
            _fit(network, task, recipe, torch.Generator().manual_seed(seed), report)
    finally:
        torch.set_num_threads(threads)
    return network.eval().requires_grad_(requires_grad=False)


@torch.no_grad()
def initialise(network: Network, recipe: Recipe) -> None:
    """A small embedding, orthogonal recurrent matrices, a block a gate, and open forget gates; the rest is PyTorch's.

    PyTorch adds two biases: those of the forget gate start at 1 in sum (Jozefowicz et al. 2015). Its embedding starts
    at a standard deviation of 1, from which rare words hardly move in the few steps that they get.
    """
    nn.init.normal_(network.embedding.weight, std=recipe.embedding_spread)
    blocks = network.config.cell_definition.blocks
    for layer, direction in network.layers():
        weights = network.weights(layer, direction)
        for block in weights.w_hh.chunk(len(blocks)):
            nn.init.orthogonal_(block)
        if "f" in blocks and weights.b_ih is not None and weights.b_hh is not None:
            weights.b_ih.chunk(len(blocks))[blocks.index("f")].fill_(recipe.forget_bias)
            weights.b_hh.chunk(len(blocks))[blocks.index("f")].zero_()


def _fit(network: Network, task: Task, recipe: Recipe, generator: torch.Generator, report: Report) -> None:
    optimiser = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay)
    for epoch in range(recipe.epochs):
        batches = task.epoch(recipe.batch_size, generator)
        for number, batch in enumerate(batches):
            done = (epoch + number / len(batches)) / recipe.epochs
            optimiser.param_groups[0]["lr"] = recipe.learning_rate * (1 + math.cos(math.pi * done)) / 2
            loss = task.loss(_noisy_logits(network, batch, recipe), batch)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
            optimiser.step()
            report(done, loss.item())


def _noisy_logits(network: Network, batch: Batch, recipe: Recipe) -> Tensor:
    """Logits (B, T, outputs) as in ``Network.forward``, with words hidden and dropout on both ends."""
    hidden = torch.rand(batch.ids.shape) < recipe.unknown
    x = dropout(network.embedding(batch.ids.masked_fill(hidden, 0)), recipe.dropout)  # (B, T, E)
    return network.read(dropout(network.states(x, batch.lengths), recipe.dropout))
