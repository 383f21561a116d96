"""How outputs depend on words: derivatives carried from the head back through all layers to the embedding.

Logarithms are base-10, and −∞ where a derivative is 0, as for a word that the output has not read yet.
"""

import math
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from ..network import Network, NetworkConfig
from ..precision import in_full_precision
from ..tokenizer import Token
from ..trace import LayerTrace, Trace
from .differentiable import differentiated, embedded, hidden_of, without_ends
from .distance import Array
from .exponents import Scaled
from .heads import probability, slopes
from .jacobians import LayerJacobians

Quantity = Literal["probability", "logit"]
Layers = Sequence[tuple[LayerTrace, LayerJacobians]]  # as ``layer_jacobians`` yields them

POINTS = 400  # of the quadrature of integrated gradients, at most

BLOCK = 1 << 22  # numbers that are carried back together
_NODES = 8  # of each segment of the path
OF_TWO_SEGMENTS = 2 * _NODES + 1  # points: of two segments, and between them
FEWEST_POINTS = OF_TWO_SEGMENTS  # of the quadrature


def word_norms(
    network: Network, trace: Trace, layers: Layers, targets: range, quantity: Quantity, output: int | None = None
) -> Iterator[Array]:
    """Yield, for each step t of ``targets``, the logarithms (n,) of ‖∂(output at t)/∂(embedding of word k)‖ for all k.

    ``layers`` hold the Jacobians of n consecutive steps, from which ``targets`` count; ``trace`` covers the same steps.
    The norm is of the gradient of ``output``, or the Frobenius norm over all outputs if it is None.
    """
    by_top = by_hidden(network, trace, quantity, output)
    _, rows, width = by_top.numbers.shape
    widest = max(width, network.config.inputs, max(jacobians.states for _, jacobians in layers))
    size = max(1, BLOCK // (rows * len(trace) * widest))
    for start in range(targets.start, targets.stop, size):
        block = torch.arange(start, min(start + size, targets.stop))
        numbers = by_top.numbers.new_zeros(len(block), rows, len(trace), width)
        exponents = by_top.exponents.new_zeros(numbers.shape[:3])
        at = torch.arange(len(block)), slice(None), block
        numbers[at], exponents[at] = by_top.numbers[block], by_top.exponents[block, None]
        _, by_x = carry_back(layers, Scaled(numbers.flatten(0, 1), exponents.flatten(0, 1)))
        logarithms = by_x.log10_norms().reshape(len(block), rows, -1) * math.log(10)
        yield from (torch.logsumexp(2 * logarithms, dim=1) / (2 * math.log(10))).numpy()


def word_gradient(network: Network, trace: Trace, layers: Layers, t: int, output: int, quantity: Quantity) -> Scaled:
    """Return the gradient of one output at step t by the embedding of every word: groups (n,) of E numbers."""
    by_top = by_hidden(network, trace.span(t, t + 1), quantity, output)
    numbers = by_top.numbers.new_zeros(1, len(trace), by_top.numbers.shape[-1])
    numbers[0, t] = by_top.numbers[0, 0]
    _, by_x = carry_back(layers, Scaled(numbers, by_top.exponents.expand(1, len(trace))))
    return Scaled(by_x.numbers[0], by_x.exponents[0])


@torch.no_grad()
def gradient_times_input(network: Network, trace: Trace, gradient: Scaled) -> Array:
    """Return the product (n,) of each word's embedding with the ``gradient`` by it: its share to first order."""
    x = embedded(network, trace.tokens).double()
    products = (gradient.numbers * x).sum(dim=-1) * torch.exp2(gradient.exponents.double())
    return products.numpy()


@torch.no_grad()
def by_hidden(network: Network, trace: Trace, quantity: Quantity, output: int | None = None) -> Scaled:
    """Return the derivatives of the outputs at each step by the hidden states of the last layer.

    They are n groups (rows, H·directions): one row for ``output``, or, if it is None, one for each output. Where that
    would be more rows than columns, they are replaced by fewer, whose product with any matrix has the same norm.
    """
    head, wanted = network.require_head().weight, None if output is None else [output]
    if quantity == "logit":
        rows = (head if wanted is None else head[wanted]).double().expand(len(trace), -1, -1)
        by_top = Scaled.of(rows, torch.zeros(len(trace), dtype=torch.int64, device=head.device))
    else:
        by_top = slopes(network.config.head, logits_at(network, trace), head, wanted)
    if by_top.numbers.shape[1] > by_top.numbers.shape[2]:
        by_top = Scaled.of(torch.linalg.qr(by_top.numbers, mode="r").R, by_top.exponents)
    return by_top.to(network.dtype)


@torch.no_grad()
def logits_at(network: Network, trace: Trace) -> Tensor:
    """Return the logits (n, outputs) that ``trace`` led to, in float64."""
    top = np.concatenate([each["h"] for each in trace.layers[-len(network.config.directions) :]], axis=-1)
    return network.read_in_double(torch.from_numpy(top).to(network.device))


@in_full_precision
@torch.no_grad()
def carry_back(layers: Layers, by_top: Scaled) -> tuple[list[Tensor], Scaled]:
    """Carry derivatives by the hidden states of the last layer, groups (N, n) of H·directions, back to what lies below.

    Returns:
        For every layer and direction, the logarithms (N, n) of the norms of the derivatives by h_t, on all paths from
        h_t to the outcome; and the derivatives by the embedded words, groups (N, n) of E numbers.
    """
    given = Scaled.of(by_top.numbers, by_top.exponents)
    norms_of_layers: list[Tensor] = []
    for _, group in groupby(reversed(layers), key=lambda each: each[0].layer):
        by_x: Scaled | None = None
        for each, jacobians in group:
            size = jacobians.hidden
            at = size if each.direction == "backward" else 0
            own = Scaled.of(given.numbers[..., at : at + size], given.exponents)
            norms, through = _through(jacobians, own, reverse=each.direction == "backward")
            norms_of_layers.insert(0, norms)
            by_x = through if by_x is None else by_x + through
        if by_x is not None:
            given = by_x
    return norms_of_layers, given


def _through(jacobians: LayerJacobians, given: Scaled, *, reverse: bool) -> tuple[Tensor, Scaled]:
    """Carry derivatives back as ``carry_back`` does, through one layer in one direction."""
    count, steps, size = given.numbers.shape
    like = given.numbers
    norms = torch.empty(count, steps, dtype=torch.float64)
    by_x = like.new_empty(count, steps, jacobians.inputs)
    exponents = torch.empty_like(given.exponents)
    carried = Scaled(like.new_zeros(count, jacobians.states), given.exponents.new_zeros(count))
    no_c = like.new_zeros(count, jacobians.states - size)
    for t in reversed(range(steps)):
        at = steps - 1 - t if reverse else t
        by_s = carried + Scaled(torch.cat([given.numbers[:, at], no_c], dim=-1), given.exponents[:, at])
        norms[:, at] = Scaled.of(by_s.numbers[:, :size], by_s.exponents).log10_norms()
        exponents[:, at] = by_s.exponents + jacobians.exponent(t)
        by_x[:, at] = jacobians.to_inputs(by_s.numbers, t)
        carried = Scaled.of(jacobians.to_states(by_s.numbers, t), exponents[:, at])
    return norms, Scaled.of(by_x, exponents)


@dataclass(frozen=True)
class IntegratedGradients:
    """Each word's share in an output, by the gradients on the straight path from embeddings of zeros to these."""

    values: Array  # (T,)
    difference: float  # the output for these embeddings, less that for embeddings of zeros
    points: int  # of the quadrature

    @property
    def gap(self) -> float:
        """What the sum of the values misses of ``difference``, to which they should add up (axiom of completeness)."""
        return float(self.values.sum()) - self.difference


@dataclass(frozen=True)
class _Segment:
    """The integral over a segment of the path, and the output at its ends."""

    start: float
    stop: float
    outputs: tuple[float, float]
    values: Tensor  # (T,)

    @property
    def gap(self) -> float:
        """The error of the integral: completeness holds on every segment."""
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
    """Return integrated gradients of one output at step t (Sundararajan, Taly & Yan 2017), in float64.

    The output of a saturated network may change only on a few short segments of the path. So the segment whose
    Gauss–Legendre sum misses most of the change on it is halved, until the gaps of all segments add up to less than
    ``tolerance`` times the difference, or times ``tolerance`` where that is more; or until ``most`` points are used.
    Yields the share of the points used so far.
    """
    recurrent, x = without_ends(network, tokens)  # x: (T, 1, E)
    places, weights_of = np.polynomial.legendre.leggauss(_NODES)
    nodes, weights = torch.from_numpy(places + 1) / 2, torch.from_numpy(weights_of) / 2
    size = points_together(network.config, len(tokens))

    def outputs(h: Tensor) -> Tensor:  # (B, H·directions) → (B,)
        return _output(network, h, output, quantity, from_1=ends_near_1)

    def value_and_share(at: Tensor) -> tuple[Tensor, Tensor]:  # (B,) → (B,), (T, B)
        batch = (at[:, None] * x).requires_grad_()  # (T, B, E)
        h = hidden_of(recurrent, batch)[t]
        values, by_h = _with_slopes(network, h.detach(), output, quantity, from_1=ends_near_1)
        [gradient] = torch.autograd.grad(h, batch, by_h)
        return values, (gradient * x).sum(dim=-1)

    def halves(start: float, stop: float, ends: tuple[float, float]) -> list[_Segment]:
        middle = (start + stop) / 2
        at = torch.cat([start + nodes * (middle - start), middle + nodes * (stop - middle), torch.tensor([middle])])
        of_values, of_shares = zip(*map(value_and_share, torch.split(at, size)), strict=True)
        shares = torch.cat(of_shares, dim=1)[:, :-1].view(-1, 2, _NODES) @ weights * (middle - start)
        at_middle = of_values[-1][-1].item()
        return [
            _Segment(start, middle, (ends[0], at_middle), shares[:, 0]),
            _Segment(middle, stop, (at_middle, ends[1]), shares[:, 1]),
        ]

    # Near 1, the difference of two probabilities would lose its digits; they are measured from 1 then.
    ends_near_1 = False
    with torch.no_grad():
        ends = hidden_of(recurrent, torch.cat([torch.zeros_like(x), x], dim=1))[t]
        ends_near_1 = quantity == "probability" and outputs(ends[1:]).item() > 1 / 2
        none, these = outputs(ends).tolist()
    segments, spent = halves(0, 1, (none, these)), 2 * _NODES
    yield spent / most
    while sum(segment.gap for segment in segments) > tolerance * max(abs(these - none), tolerance) and spent < most:
        worst = max(segments, key=lambda segment: segment.gap)
        segments.remove(worst)
        segments += halves(worst.start, worst.stop, worst.outputs)
        spent += 2 * _NODES
        yield spent / most
    values = torch.stack([segment.values for segment in segments]).sum(dim=0)
    return IntegratedGradients(values.numpy(), these - none, spent)


def at_a_time(numbers: int, runs: int) -> int:
    """Return the most numbers that are held at a time of so many ``runs``, each of which holds ``numbers``."""
    return min(runs * numbers, max(BLOCK, numbers))


def points_together(config: NetworkConfig, steps: int) -> int:
    """Return at how many points of the path gradients are taken together."""
    return max(1, min(OF_TWO_SEGMENTS, BLOCK // differentiated(config, steps)))


def runs_together(config: NetworkConfig, steps: int) -> int:
    """Return how many runs, each without one word, are made together."""
    return max(1, BLOCK // (steps * config.hidden_size * len(config.cell_definition.activations)))


def occlusion(
    network: Network, tokens: Sequence[Token], t: int, output: int, quantity: Quantity, words: range
) -> Generator[float, None, Array]:
    """Return what one output at step t loses if the embedding of each of ``words`` is zeros instead: (words,).

    Each is a run of its own (Zeiler & Fergus 2014), in float64, so nothing has to converge. What the words lose one by
    one does not add up to what they lose together. Yields the share of the runs that are done.
    """
    recurrent, x = without_ends(network, tokens)  # x: (T, 1, E)
    size = runs_together(network.config, len(x))
    losses = []
    with torch.no_grad():
        h = hidden_of(recurrent, x)[t]
        near_1 = quantity == "probability" and _output(network, h, output, quantity).item() > 1 / 2
        plain = _output(network, h, output, quantity, from_1=near_1)
    for start in range(words.start, words.stop, size):
        block = torch.arange(start, min(start + size, words.stop))
        without = x.repeat(1, len(block), 1)  # (T, B, E)
        without[block, torch.arange(len(block))] = 0
        with torch.no_grad():
            h = hidden_of(recurrent, without)[t]
            losses.append(plain - _output(network, h, output, quantity, from_1=near_1))
        yield (start + len(block) - words.start) / len(words)
    return torch.cat(losses).numpy()


def _output(network: Network, h: Tensor, output: int, quantity: Quantity, *, from_1: bool = False) -> Tensor:
    """Return one output (B,) for hidden states (B, H·directions) in float64; a probability less 1 if ``from_1``."""
    return _with_slopes(network, h, output, quantity, from_1=from_1, only_values=True)[0]


@torch.no_grad()
def _with_slopes(
    network: Network, h: Tensor, output: int, quantity: Quantity, *, from_1: bool, only_values: bool = False
) -> tuple[Tensor, Tensor]:
    """Return what ``_output`` returns, and the derivatives (B, H·directions) of the output by ``h``.

    These are zeros if ``only_values`` are wanted.
    """
    head, kind, by_h = network.require_head(), network.config.head, torch.zeros_like(h)
    if quantity == "logit":
        weight = head.weight[output].double()
        return h @ weight + head.bias[output].double(), by_h + weight
    size, values = max(1, BLOCK // network.config.outputs), []
    for start in range(0, len(h), size):
        logits = network.read_in_double(h[start : start + size])
        values.append(probability(kind, logits, output, from_1=from_1))
        if not only_values:
            scaled = slopes(kind, logits, head.weight, [output])
            by_h[start : start + size] = scaled.numbers[:, 0] * torch.exp2(scaled.exponents.double())[:, None]
    return torch.cat(values), by_h
