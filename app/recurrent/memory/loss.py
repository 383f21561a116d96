"""What a network would learn from one text: the gradient of a loss at every step, and of its parameters."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ..network import Head, Network
from ..tokenizer import Token
from ..trace import Trace
from . import heads
from .attribution import Layers, carry_back, logits_at
from .differentiable import hidden_of, without_ends
from .distance import Array
from .exponents import Scaled

_BLOCK = 1 << 22  # weights of a head that are copied to float64 at a time


@dataclass(frozen=True)
class Targets:
    """What the outputs should be. The loss is their cross-entropy, in nats, summed with the weights."""

    outputs: Tensor  # (T, outputs), probabilities
    weights: Tensor  # (T, 1); of a sigmoid head also (T, outputs), as each of its outputs has a loss of its own

    def loss(self, network: Network, logits: Tensor) -> Tensor:
        """Return the loss of ``logits`` (T, outputs) of ``network``."""
        losses = heads.losses(network.config.head, logits, self.outputs)
        return (losses * self.weights).sum()

    def slopes(self, network: Network, logits: Tensor) -> Scaled:
        """Return the derivatives of the loss by ``logits``: T groups of (outputs,)."""
        slopes = heads.loss_slopes(network.config.head, logits, self.outputs)
        return Scaled.of(slopes.numbers * self.weights, slopes.exponents)


def next_tokens(
    tokens: Sequence[Token],
    outputs: int,
    places: Sequence[int | None] | None = None,
    *,
    head: Head = "softmax",
    every_step: bool = True,
) -> Targets:
    """Return the next token as the target after each token but the last: the loss is −ln of its probability.

    ``places`` gives the output about each token, by its id; None: the outputs are the tokens in order. A step whose
    next token has no output is not judged. The loss is the mean over the judged steps, or that of the last of them. Of
    a sigmoid head, only the output of the token that came is judged: the text does not say what else might have come.
    Raises ValueError if there is no step to judge.
    """
    if places is None:
        places = range(outputs)
    judged = [(t, place) for t, token in enumerate(tokens[1:]) if (place := places[token.id]) is not None]
    if not judged:
        raise ValueError("a loss on the next token needs two tokens or more: there is nothing to predict")
    steps, right = torch.tensor(judged).unbind(dim=1)
    wanted = torch.zeros(len(tokens), outputs, dtype=torch.float64)
    wanted[steps, right] = 1
    weights = _weights(len(tokens), steps, every_step=every_step)
    return Targets(wanted, weights * wanted if head == "sigmoid" else weights)


def label(steps: int, outputs: int, right: int, *, every_step: bool = False) -> Targets:
    """Return one class as the target after every step; the loss is only that after the last, or the mean over all.

    Classes are the outputs; of a single output, 1 is what it gives the probability of, and 0 its opposite. Raises
    ValueError for a class that does not exist.
    """
    if not 0 <= right < max(outputs, 2):
        raise ValueError(f"there is no class {right}: choose from 0 to {max(outputs, 2) - 1}")
    wanted = torch.zeros(steps, outputs, dtype=torch.float64)
    wanted[:, 0 if outputs == 1 else right] = right if outputs == 1 else 1
    return Targets(wanted, _weights(steps, torch.arange(steps), every_step=every_step))


def _weights(steps: int, judged: Tensor, *, every_step: bool) -> Tensor:
    """Return the weights (T, 1) of a mean over the steps ``judged`` (N,), or only of the last of them."""
    weights = torch.zeros(steps, 1, dtype=torch.float64)
    weights[judged if every_step else judged[-1:]] = 1 / len(judged) if every_step else 1
    return weights


@torch.no_grad()
def loss_norms(network: Network, trace: Trace, layers: Layers, targets: Targets) -> list[Array]:
    """Return, for each layer and direction, the base-10 logarithms (T,) of ‖∂L/∂h_t‖ on all paths from h_t to L."""
    head = network.require_head().weight
    slopes = targets.slopes(network, logits_at(network, trace))
    by_top = Scaled.of(_times(slopes.numbers, head), slopes.exponents).to(head.dtype)
    norms, _ = carry_back(layers, Scaled(by_top.numbers[None], by_top.exponents[None]))
    return [each[0].numpy() for each in norms]


def parameter_gradient(network: Network, tokens: Sequence[Token], targets: Targets) -> tuple[float, float]:
    """Return the loss, and the base-10 logarithm of the norm of its gradient by all parameters; −∞ for an exact 0."""
    recurrent, x = without_ends(network, tokens)
    x.requires_grad = network.embedding is not None
    parameters = [*recurrent.requires_grad_().parameters(), *([x] if x.requires_grad else [])]
    h = hidden_of(recurrent, x)[:, 0]  # (T, H·directions)
    logits = network.read_in_double(h.detach()).detach()
    slopes = targets.slopes(network, logits).aligned()
    for shrunk in (0, 900):  # binary places, in case the gradient overflows even float64
        by_logits = slopes.numbers * 2.0**-shrunk
        by_h = _times(by_logits, network.require_head().weight)
        gradients = [*torch.autograd.grad(h, parameters, by_h, retain_graph=True)]
        if x.requires_grad:
            gradients[-1] = _of_embedding(gradients[-1][:, 0], tokens)
        norm = torch.nn.utils.get_total_norm([*gradients, *_of_head(by_logits, h.detach())])
        if norm.isfinite():
            break
    exponent = slopes.exponents.item() + shrunk
    return targets.loss(network, logits).item(), norm.log10().item() + exponent * math.log10(2)


def _of_embedding(by_x: Tensor, tokens: Sequence[Token]) -> Tensor:
    """Return the rows of the embedding's gradient that are not 0, from that by what was read at each step (T, E)."""
    places = {id_: place for place, id_ in enumerate({token.id for token in tokens})}
    rows = torch.tensor([places[token.id] for token in tokens])
    return by_x.new_zeros(len(by_x), by_x.shape[1]).index_add(0, rows, by_x)


def _of_head(by_logits: Tensor, h: Tensor) -> Iterator[Tensor]:
    """Yield the gradient of the head's bias and the norms of that of its weight, some rows at a time."""
    yield by_logits.sum(dim=0)
    for part in torch.split(by_logits, max(1, _BLOCK // h.shape[1]), dim=1):
        yield torch.linalg.vector_norm(part.T @ h)


def _times(by_logits: Tensor, weight: Tensor) -> Tensor:
    """Return the derivatives (T, H) by the hidden states from those by the logits (T, outputs), in float64."""
    rows = max(1, _BLOCK // weight.shape[1])
    parts = zip(torch.split(by_logits, rows, dim=1), torch.split(weight, rows), strict=True)
    total = by_logits.new_zeros(len(by_logits), weight.shape[1])
    for of_rows, read in parts:
        total += of_rows @ read.double()
    return total


def clipped(log10_norm: float, limit: float) -> float:
    """Return the base-10 logarithm of the norm after ``torch.nn.utils.clip_grad_norm_`` to ``limit``."""
    return min(log10_norm, math.log10(limit))
