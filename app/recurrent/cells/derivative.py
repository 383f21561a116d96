"""The derivatives of a step by the states before it and by its input, for all steps at once: what cells share.

They are taken where a trace stands. What multiplies the weights, such as tanh′ or σ(a)·σ(−a), is computed in float64
from sums of inputs and states, not from rounded activations: where a gate is saturated, 1 − tanh² keeps no digit.
"""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, sigmoid
from torch.nn.functional import linear

if TYPE_CHECKING:
    from .cell import CellWeights


@dataclass(frozen=True)
class Jacobians:
    """How the states s_t of one layer and direction depend on s_{t-1} and on the input x_t, at every step.

    Steps are in the order in which they are taken. The states are h, S = H; or, where a cell has a cell state, h and c,
    joined, S = 2·H. At step t, ``recurrent``, ``inputs`` and ``kept`` are divided by 2^exponents[t], so that none
    leaves the range of the dtype, which is that of the network. Memory is O(T·S·(H + E)).
    """

    recurrent: Tensor  # (T, S, H): ∂s_t/∂h_{t-1}
    inputs: Tensor  # (T, S, E): ∂s_t/∂x_t
    exponents: Tensor  # (T,), whole numbers
    kept: tuple[Tensor, Tensor] | None = None  # (T, H), diagonals: ∂h_t/∂c_{t-1}, ∂c_t/∂c_{t-1}
    log_kept: Tensor | None = None  # (T, H), float64: the natural logarithm of the share kept, not divided

    def __len__(self) -> int:
        """T, the number of steps."""
        return len(self.recurrent)

    @property
    def states(self) -> int:
        """S, the number of states."""
        return self.recurrent.shape[1]

    def to_states(self, rows: Tensor, t: int) -> Tensor:
        """Return derivatives (..., S) by s_t, carried back to s_{t-1}; divided by 2^exponents[t]."""
        if self.kept is None:
            return rows @ self.recurrent[t]
        carried = rows.new_empty(rows.shape)
        (h, c), (to_h, to_c) = rows.chunk(2, dim=-1), carried.chunk(2, dim=-1)
        torch.mm(rows.flatten(0, -2), self.recurrent[t], out=to_h.view(-1, to_h.shape[-1]))
        by_h, by_c = self.kept
        torch.mul(c, by_c[t], out=to_c).addcmul_(h, by_h[t])
        return carried

    def from_states(self, columns: Tensor, t: int) -> Tensor:
        """Return derivatives (S, ...) of s_{t-1}, carried on to s_t; divided by 2^exponents[t]."""
        if self.kept is None:
            return self.recurrent[t] @ columns
        h, c = columns.chunk(2)
        return self.recurrent[t] @ h + torch.cat([kept[t, :, None] * c for kept in self.kept])

    def to_inputs(self, rows: Tensor, t: int) -> Tensor:
        """Return derivatives (..., S) by s_t, carried back to x_t, (..., E); divided by 2^exponents[t]."""
        return rows @ self.inputs[t]


class Point:
    """Where the derivatives are taken: n steps, in the order in which they are taken, in float64."""

    def __init__(
        self, weights: "CellWeights", x: Tensor, states: Mapping[str, Tensor], before: Mapping[str, Tensor]
    ) -> None:
        self.weights, self.states, self.before = weights, states, before
        b_ih, b_hh = (None if bias is None else bias.double() for bias in (weights.b_ih, weights.b_hh))
        self.from_x = linear(x, weights.w_ih.double(), b_ih)  # (n, blocks·H)
        self.from_h = linear(before["h"], weights.w_hh.double(), b_hh)  # (n, blocks·H), or (n, 0)

    def span(self, start: int, stop: int) -> "Point":
        """Return the same of the steps from ``start`` to before ``stop`` only."""
        part = copy(self)
        part.from_x, part.from_h = self.from_x[start:stop], self.from_h[start:stop]
        part.states, part.before = (
            {letter: each[start:stop] for letter, each in states.items()} for states in (self.states, self.before)
        )
        return part

    def scaled(self, *factors: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the exponents (n,) of 2 that ``factors`` (n, H) are divided by, and these, in the weights' dtype."""
        exponents = torch.frexp(torch.stack(factors).abs().amax(dim=(0, 2))).exponent.clamp(min=-1000)
        return exponents, [torch.ldexp(each, -exponents[:, None]).to(self.weights.w_ih.dtype) for each in factors]


def weighted(*terms: tuple[Tensor, Tensor], out: Tensor | None = None) -> Tensor:
    """Return the sum of matrices (H, ·) or (n, H, ·) with their rows weighted by factors (n, H): (n, H, ·)."""
    (factor, matrix), *rest = terms
    total = torch.mul(factor[:, :, None], matrix, out=out)
    for factor, matrix in rest:
        total.addcmul_(factor[:, :, None], matrix)
    return total


def tanh_slope(a: Tensor) -> Tensor:
    """Return tanh′(a) = 1 − tanh²(a), without the loss of digits."""
    return 4 * sigmoid_slope(2 * a)


def sigmoid_slope(a: Tensor) -> Tensor:
    """Return σ′(a) = σ(a)·σ(−a)."""
    return sigmoid(a) * sigmoid(-a)
