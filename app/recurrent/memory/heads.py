"""Slopes and losses of a head that keep their digits where it is confident, and 1 − p or p − y would lose them.

For a softmax, everything is measured from the greatest logit, whose probability may be 1 to all digits: what it falls
short of 1 is the sum of the others. Slopes are scaled by powers of two, as they may be smaller than any float.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from .exponents import Scaled

_BLOCK = 1 << 22  # numbers that are made of the weights of a head at a time
_LEAST = -(1 << 39)  # the lowest exponent; anything smaller counts as 0


class _Softmax(NamedTuple):
    """Logits (n, outputs), seen from the greatest of each row."""

    top: Tensor  # (n, 1), its index
    is_top: Tensor  # (n, outputs)
    below: Tensor  # (n, outputs): how far the others are below it; −∞ for itself
    log_rest: Tensor  # (n, 1): log Σ e^(logit − greatest logit)

    @classmethod
    def of(cls, logits: Tensor) -> "_Softmax":
        top = logits.argmax(dim=-1, keepdim=True)
        is_top = torch.zeros_like(logits, dtype=torch.bool).scatter(-1, top, value=True)
        below = (logits - logits.gather(-1, top)).masked_fill(is_top, -math.inf)
        return cls(top, is_top, below, below.exp().sum(dim=-1, keepdim=True).log1p())

    @property
    def log_p(self) -> Tensor:
        """Return the natural logarithms (n, outputs) of the probabilities."""
        return self.below.masked_fill(self.is_top, 0) - self.log_rest


def slopes(head: str, logits: Tensor, weight: Tensor, outputs: Sequence[int] | None = None) -> Scaled:
    """Return the derivatives of the probabilities by the hidden states that the head reads.

    Args:
        head: ``sigmoid`` or ``softmax``.
        logits: (n, outputs), float64.
        weight: Of the head, (outputs, H); of many outputs, few rows at a time are copied to float64.
        outputs: Which are wanted; all if None.

    Returns:
        n groups of (outputs wanted, H).
    """
    wanted = slice(None) if outputs is None else list(outputs)
    of_wanted = weight[wanted].double()
    if head == "sigmoid":
        chosen = logits[:, wanted]
        return _scaled(logsigmoid(chosen) + logsigmoid(-chosen), of_wanted.expand(len(logits), -1, -1)).aligned()
    seen = _Softmax.of(logits)
    # ∂p_j = p_j (w_j − Σ p_k w_k), with all w relative to that of the greatest. For that one a sum remains, whose
    # terms are as small as the second greatest probability.
    second = _finite(seen.below.amax(dim=-1, keepdim=True))
    mean, of_others = _sums(weight, seen.top, (seen.log_p.exp(), (seen.below - second).exp()))
    rows = of_wanted - weight[seen.top].double() - mean[:, None]  # (n, outputs wanted, H)
    is_top = seen.is_top[:, wanted]
    rows = torch.where(is_top[:, :, None], -of_others[:, None], rows)
    logarithms = seen.log_p[:, wanted] + torch.where(is_top, second - seen.log_rest, 0)
    return _scaled(logarithms, rows).aligned()


def _sums(weight: Tensor, top: Tensor, factors: Sequence[Tensor]) -> list[Tensor]:
    """Return Σ_k f_k (w_k − w_top), (n, H) in float64, for each f (n, outputs) of ``factors``; top is (n, 1)."""
    sums = [weight.new_zeros(len(top), weight.shape[1], dtype=torch.float64) for _ in factors]
    size = max(1, _BLOCK // weight.shape[1])
    for place in {*top[:, 0].tolist()}:  # of many rows, few differ in it
        rows = top[:, 0] == place
        for start in range(0, len(weight), size):
            apart = weight[start : start + size].double() - weight[place].double()  # (size, H)
            for total, factor in zip(sums, factors, strict=True):
                total[rows] += factor[rows, start : start + size] @ apart
    return sums


def losses(head: str, logits: Tensor, wanted: Tensor) -> Tensor:
    """Return the cross-entropies, in nats, of logits (n, outputs) with the ``wanted`` probabilities.

    A sigmoid head has one for each output, (n, outputs), and a softmax one for all, (n, 1).
    """
    if head == "sigmoid":
        return -(wanted * logsigmoid(logits) + (1 - wanted) * logsigmoid(-logits))
    return -(wanted * _Softmax.of(logits).log_p).sum(dim=-1, keepdim=True)


@torch.no_grad()
def loss_slopes(head: str, logits: Tensor, wanted: Tensor) -> Scaled:
    """Return the derivatives of ``losses`` by the logits, p − y: n groups of (outputs,). All in float64."""
    if head == "sigmoid":
        return _difference((1 - wanted).log() + logsigmoid(logits), wanted.log() + logsigmoid(-logits))
    # For any y, p Σy − y; they add up to 0, which gives that of the greatest logit from the others.
    seen = _Softmax.of(logits)
    p, y = wanted.sum(dim=-1, keepdim=True).log() + seen.log_p, wanted.log()
    others = _difference(*(each.masked_fill(seen.is_top, -math.inf) for each in (p, y)))
    total = others.numbers.sum(dim=-1, keepdim=True)
    return Scaled(torch.where(seen.is_top, -total, others.numbers), others.exponents)


def probability(head: str, logits: Tensor, output: int, *, from_1: bool) -> Tensor:
    """Return the probabilities (n,) of an output, or, if ``from_1``, p − 1 to all digits."""
    if head == "sigmoid":
        logit = logits[:, output]
        return -torch.sigmoid(-logit) if from_1 else torch.sigmoid(logit)
    p = torch.softmax(logits, dim=-1)
    others = torch.arange(logits.shape[-1], device=logits.device) != output
    return -p[:, others].sum(dim=-1) if from_1 else p[:, output]


def _difference(a: Tensor, b: Tensor) -> Scaled:
    """Return e^a − e^b for logarithms (n, outputs): n groups."""
    most = _finite(torch.maximum(a, b).amax(dim=-1))
    return _scaled(most, (a - most[:, None]).exp() - (b - most[:, None]).exp())


def _scaled(logarithms: Tensor, numbers: Tensor) -> Scaled:
    """Return ``numbers`` (*groups, ...) times e^``logarithms`` (*groups)."""
    exponents = (logarithms / math.log(2)).floor().clamp(min=_LEAST)
    factors = (logarithms - exponents * math.log(2)).exp()
    factors = factors.reshape(factors.shape + (1,) * (numbers.dim() - factors.dim()))
    return Scaled.of(factors * numbers, exponents.long())


def _finite(logarithms: Tensor) -> Tensor:
    """Return ``logarithms`` with the least number in place of −∞, as −∞ − (−∞) is not a number."""
    return logarithms.clamp(min=torch.finfo(logarithms.dtype).min)
