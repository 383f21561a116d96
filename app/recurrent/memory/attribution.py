"""What the outputs owe to the words: derivatives carried from the head back through all layers to the embedding.

Logarithms are decadic, and −∞ where a derivative is 0, as where a word stands past what the output has read.
"""

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ..cells.derivative import Jacobians
from ..network import Network
from ..precision import in_full_precision
from ..tokenizer import Token
from ..trace import LayerTrace, Trace
from .differentiable import double_of, embedded, logits_of
from .distance import Array
from .exponents import Scaled
from .heads import probability, slopes

Quantity = Literal["probability", "logit"]
Layers = Sequence[tuple[LayerTrace, Jacobians]]  # as of ``layer_jacobians``

POINTS = 400  # of the quadrature of integrated gradients, at most

_BLOCK = 1 << 22  # numbers that are carried back together
_NODES = 8  # of each part of the way


def word_norms(
    network: Network, trace: Trace, layers: Layers, targets: range, quantity: Quantity, output: int | None = None
) -> Iterator[Array]:
    """For each of the steps ``targets``, the logarithms (n,) of ‖∂(output at t)/∂(embedding of word k)‖ for all k.

    ``layers`` hold the Jacobians of n consecutive steps, from which ``targets`` count. ``trace`` is of the same n. The
    norm is of the gradient of ``output``, or the Frobenius norm over all outputs if it is None.
    """
    by_top = by_hidden(network, trace, quantity, output)
    _, rows, width = by_top.numbers.shape
    widest = max(width, network.config.embedding_size, max(jacobians.states for _, jacobians in layers))
    size = max(1, _BLOCK // (rows * len(trace) * widest))
    for start in range(targets.start, targets.stop, size):
        part = torch.arange(start, min(start + size, targets.stop))
        numbers = by_top.numbers.new_zeros(len(part), rows, len(trace), width)
        exponents = by_top.exponents.new_zeros(numbers.shape[:3])
        at = torch.arange(len(part)), slice(None), part
        numbers[at], exponents[at] = by_top.numbers[part], by_top.exponents[part, None]
        _, by_x = carry_back(layers, Scaled(numbers.flatten(0, 1), exponents.flatten(0, 1)))
        logarithms = by_x.log10_norms().reshape(len(part), rows, -1) * math.log(10)
        yield from (torch.logsumexp(2 * logarithms, dim=1) / (2 * math.log(10))).numpy()


def word_gradient(network: Network, trace: Trace, layers: Layers, t: int, output: int, quantity: Quantity) -> Scaled:
    """The gradient of one output at step t by the embedding of every word: groups (n,) of E numbers."""
    by_top = by_hidden(network, trace, quantity, output)
    of_t = torch.arange(len(trace), device=by_top.exponents.device) == t
    numbers = torch.where(of_t[:, None], by_top.numbers[:, 0], 0)
    _, by_x = carry_back(layers, Scaled(numbers[None], by_top.exponents[None]))
    return Scaled(by_x.numbers[0], by_x.exponents[0])


@torch.no_grad()
def gradient_times_input(network: Network, trace: Trace, gradient: Scaled) -> Array:
    """The product (n,) of each word's embedding with the ``gradient`` of an output by it: its share to first order."""
    x = embedded(network, trace.tokens).double()
    products = (gradient.numbers * x).sum(dim=-1) * torch.exp2(gradient.exponents.double())
    return products.numpy()


@torch.no_grad()
def by_hidden(network: Network, trace: Trace, quantity: Quantity, output: int | None = None) -> Scaled:
    """Return the derivatives of the outputs at each step by the hidden states of the last layer.

    They are n groups (rows, H·directions): a row for ``output``; where it is None for each of them, or for less, of the
    same norm times any matrix.
    """
    head, wanted = network.head.weight.double(), None if output is None else [output]
    if quantity == "logit":
        rows = (head if wanted is None else head[wanted]).expand(len(trace), -1, -1)
        by_top = Scaled.of(rows, torch.zeros(len(trace), dtype=torch.int64, device=head.device))
    else:
        by_top = slopes(network.config.head, logits_at(network, trace), head, wanted)
    if by_top.numbers.shape[1] > by_top.numbers.shape[2]:
        by_top = Scaled.of(torch.linalg.qr(by_top.numbers, mode="r").R, by_top.exponents)
    return by_top.to(network.head.weight.dtype)


@torch.no_grad()
def logits_at(network: Network, trace: Trace) -> Tensor:
    """Return the logits (n, outputs) that ``trace`` led to, in float64."""
    top = np.concatenate([each["h"] for each in trace.layers[-len(network.config.directions) :]], axis=-1)
    return network.read_in_double(torch.from_numpy(top).to(network.head.weight.device))


@in_full_precision
@torch.no_grad()
def carry_back(layers: Layers, by_top: Scaled) -> tuple[list[Tensor], Scaled]:
    """From derivatives by the hidden states of the last layer, groups (N, n) of H·directions, those by what lies below.

    Returns:
        For every layer and direction, the logarithms (N, n) of the norms of the derivatives by h_t, on all ways on
        which h_t bears on the outcome; and the derivatives by the embedded words, groups (N, n) of E numbers.
    """
    given = Scaled.of(by_top.numbers, by_top.exponents)
    found: list[Tensor] = []
    for _, group in groupby(reversed(layers), key=lambda each: each[0].layer):
        by_x: Scaled | None = None
        for each, jacobians in group:
            size = jacobians.recurrent.shape[-1]
            at = size if each.direction == "backward" else 0
            own = Scaled.of(given.numbers[..., at : at + size], given.exponents)
            norms, through = _through(jacobians, own, reverse=each.direction == "backward")
            found.insert(0, norms)
            by_x = through if by_x is None else by_x + through
        if by_x is not None:
            given = by_x
    return found, given


def _through(jacobians: Jacobians, given: Scaled, *, reverse: bool) -> tuple[Tensor, Scaled]:
    """As ``carry_back``, through one layer in one direction."""
    count, steps, size = given.numbers.shape
    like = given.numbers
    norms = torch.empty(count, steps, dtype=torch.float64)
    by_x = like.new_empty(count, steps, jacobians.inputs.shape[-1])
    exponents = torch.empty_like(given.exponents)
    carried = Scaled(like.new_zeros(count, jacobians.states), given.exponents.new_zeros(count))
    no_cell = like.new_zeros(count, jacobians.states - size)
    for t in reversed(range(steps)):
        at = steps - 1 - t if reverse else t
        by_s = carried + Scaled(torch.cat([given.numbers[:, at], no_cell], dim=-1), given.exponents[:, at])
        norms[:, at] = Scaled.of(by_s.numbers[:, :size], by_s.exponents).log10_norms()
        exponents[:, at] = by_s.exponents + jacobians.exponents[t]
        by_x[:, at] = jacobians.to_inputs(by_s.numbers, t)
        carried = Scaled.of(jacobians.to_states(by_s.numbers, t), exponents[:, at])
    return norms, Scaled.of(by_x, exponents)


@dataclass(frozen=True)
class IntegratedGradients:
    """Each word's share in an output, by the gradients on the straight way from no words to these."""

    values: Array  # (T,)
    difference: float  # the output for these embeddings, less that for embeddings of zeros
    points: int  # of the quadrature

    @property
    def gap(self) -> float:
        """What the values' sum misses of ``difference``, of which they are the parts (the axiom of completeness)."""
        return float(self.values.sum()) - self.difference


@dataclass(frozen=True)
class _Part:
    """The integral over a part of the way, and the output at its ends."""

    start: float
    stop: float
    outputs: tuple[float, float]
    values: Tensor  # (T,)

    @property
    def gap(self) -> float:
        """By how much it is wrong: completeness holds on every part of the way."""
        return abs(float(self.values.sum()) - (self.outputs[1] - self.outputs[0]))


def integrated_gradients(
    network: Network,
    tokens: Sequence[Token],
    t: int,
    output: int,
    quantity: Quantity,
    most: int = POINTS,
    tolerance: float = 1e-3,
) -> Generator[float, None, IntegratedGradients]:
    """Integrated gradients of one output at step t (Sundararajan, Taly & Yan 2017), in float64.

    A saturated network changes its mind on a short part of the way, or several: the part whose Gauss–Legendre sum
    misses the most of what the output changes on it is halved, until the gaps of all parts are together within
    ``tolerance``, relative to the difference, or to ``tolerance`` itself where that is more; or until ``most`` points
    are spent. Yields the share of these that is.
    """
    network = double_of(network)
    x = embedded(network, tokens).detach()  # (T, E)
    places, weights_of = np.polynomial.legendre.leggauss(_NODES)
    nodes, weights = torch.from_numpy(places + 1) / 2, torch.from_numpy(weights_of) / 2

    def outputs(batch: Tensor) -> Tensor:  # (T, B, E) → (B,)
        logits = logits_of(network, batch)[t]
        if quantity == "logit":
            return logits[:, output]
        return probability(network.config.head, logits, output, from_1=ends_near_1)

    def halves(start: float, stop: float, ends: tuple[float, float]) -> list[_Part]:
        middle = (start + stop) / 2
        at = torch.cat([start + nodes * (middle - start), middle + nodes * (stop - middle), torch.tensor([middle])])
        batch = (at[:, None] * x[:, None]).requires_grad_()  # (T, B, E)
        found = outputs(batch)
        [gradient] = torch.autograd.grad(found[:-1].sum(), batch)
        shares = (gradient[:, :-1] * x[:, None]).sum(dim=-1).view(-1, 2, _NODES) @ weights * (middle - start)
        at_middle = found[-1].item()
        return [
            _Part(start, middle, (ends[0], at_middle), shares[:, 0]),
            _Part(middle, stop, (at_middle, ends[1]), shares[:, 1]),
        ]

    # Near 1, a probability less another would lose the digits that they differ in; it is counted from 1 then.
    ends_near_1 = False
    with torch.no_grad():
        ends_near_1 = quantity == "probability" and outputs(x[:, None]).item() > 1 / 2
        none, these = outputs(torch.stack([torch.zeros_like(x), x], dim=1)).tolist()
    parts, spent = halves(0, 1, (none, these)), 2 * _NODES
    yield spent / most
    while sum(part.gap for part in parts) > tolerance * max(abs(these - none), tolerance) and spent < most:
        worst = max(parts, key=lambda part: part.gap)
        parts.remove(worst)
        parts += halves(worst.start, worst.stop, worst.outputs)
        spent += 2 * _NODES
        yield spent / most
    values = torch.stack([part.values for part in parts]).sum(dim=0)
    return IntegratedGradients(values.numpy(), these - none, spent)
