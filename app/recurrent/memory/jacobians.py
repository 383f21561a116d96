"""The derivatives of a step of a cell by the states before it and by its input, in closed form, for all steps at once.

They are taken where a trace stands. What multiplies the weights, such as tanh′ or σ(a)·σ(−a), is computed in float64
from sums of inputs and states, not from rounded activations: where a gate is saturated, 1 − tanh² keeps no digit.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, sigmoid
from torch.nn.functional import linear, logsigmoid

from ..cells import GRU, LSTM, RELU_RNN, RESET_BEFORE_GRU, RNN, CellWeights
from ..network import Network
from ..precision import in_full_precision
from ..trace import FloatArray, LayerTrace, Trace


@dataclass(frozen=True)
class Jacobians:
    """How the states s_t of one layer and direction depend on s_{t-1} and on the input x_t, at every step.

    Steps are in the order in which they are taken. The states are h, S = H; of an LSTM h and c, joined, S = 2·H. At
    step t, ``recurrent``, ``inputs`` and ``kept`` are divided by 2^exponents[t], so that none leaves the range of the
    dtype, which is that of the network. Memory is O(T·H·(H + E)), twice that for an LSTM.
    """

    recurrent: Tensor  # (T, S, H): ∂s_t/∂h_{t-1}
    inputs: Tensor  # (T, S, E): ∂s_t/∂x_t
    exponents: Tensor  # (T,), whole numbers
    kept: tuple[Tensor, Tensor] | None = None  # (T, H) each, of an LSTM: the diagonals of ∂h_t/∂c_{t-1}, ∂c_t/∂c_{t-1}
    log_kept: Tensor | None = None  # (T, H), float64: the natural logarithm of an LSTM's f or a GRU's z, not divided

    def __len__(self) -> int:
        """T, the number of steps."""
        return len(self.recurrent)

    @property
    def states(self) -> int:
        """S, the number of states."""
        return self.recurrent.shape[1]

    def to_states(self, rows: Tensor, t: int) -> Tensor:
        """Carry derivatives (..., S) by s_t back to s_{t-1}; divided by 2^exponents[t]."""
        if self.kept is None:
            return rows @ self.recurrent[t]
        carried = rows.new_empty(rows.shape)
        (h, c), (to_h, to_c) = rows.chunk(2, dim=-1), carried.chunk(2, dim=-1)
        torch.mm(rows.flatten(0, -2), self.recurrent[t], out=to_h.view(-1, to_h.shape[-1]))
        by_h, by_c = self.kept
        torch.mul(c, by_c[t], out=to_c).addcmul_(h, by_h[t])
        return carried

    def from_states(self, columns: Tensor, t: int) -> Tensor:
        """Carry derivatives (S, ...) of s_{t-1} on to s_t; divided by 2^exponents[t]."""
        if self.kept is None:
            return self.recurrent[t] @ columns
        h, c = columns.chunk(2)
        return self.recurrent[t] @ h + torch.cat([kept[t, :, None] * c for kept in self.kept])

    def to_inputs(self, rows: Tensor, t: int) -> Tensor:
        """Carry derivatives (..., S) by s_t back to x_t, (..., E); divided by 2^exponents[t]."""
        return rows @ self.inputs[t]


@in_full_precision
@torch.no_grad()
def layer_jacobians(
    network: Network, trace: Trace, start: int = 0, stop: int | None = None
) -> Iterator[tuple[LayerTrace, Jacobians]]:
    """Yield each layer and direction of ``trace`` with its Jacobians at the tokens from ``start`` to ``stop``.

    ``trace`` must be the whole trace of ``network``.
    """
    cell = network.config.cell_definition
    stop = len(trace) if stop is None else stop
    x = network.embedding.weight[[token.id for token in trace.tokens]].double()  # (T, E)
    below: list[Tensor] = []
    for each in trace.layers:
        if each.layer > 0 and each.direction == "forward":
            x, below = torch.cat(below, dim=-1), []
        states = {letter: _tensor(each[letter], x) for letter in cell.states}
        below.append(states["h"])
        is_backward = each.direction == "backward"
        steps = torch.arange(start, stop, device=x.device)
        steps, earlier = (steps.flip(0), steps.flip(0) + 1) if is_backward else (steps, steps - 1)
        # Past either end, the index leads to a row of zeros: the states that the network starts from.
        padded = {letter: torch.cat([state, state.new_zeros(1, state.shape[1])]) for letter, state in states.items()}
        weights = network.weights(each.layer, each.direction)
        point = _Point(
            weights,
            x[steps],
            {letter: state[steps] for letter, state in states.items()},
            {letter: state[earlier] for letter, state in padded.items()},
        )
        yield each, _JACOBIANS[cell](point)


def _tensor(array: FloatArray, like: Tensor) -> Tensor:
    return torch.as_tensor(array.astype(np.float64), device=like.device)


class _Point:
    """Where the derivatives are taken: n steps, in the order in which they are taken, in float64."""

    def __init__(self, weights: CellWeights, x: Tensor, states: dict[str, Tensor], before: dict[str, Tensor]) -> None:
        self.weights, self.states, self.before = weights, states, before
        b_ih, b_hh = (None if bias is None else bias.double() for bias in (weights.b_ih, weights.b_hh))
        self.from_x = linear(x, weights.w_ih.double(), b_ih)  # (n, blocks·H)
        self.from_h = linear(before["h"], weights.w_hh.double(), b_hh)  # (n, blocks·H)

    def scaled(self, *factors: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The exponents (n,) of 2 by which ``factors`` (n, H) are divided, and these, in the dtype of the weights."""
        exponents = torch.frexp(torch.stack(factors).abs().amax(dim=(0, 2))).exponent.clamp(min=-1000)
        return exponents, [torch.ldexp(each, -exponents[:, None]).to(self.weights.w_hh.dtype) for each in factors]


def _weighted(*terms: tuple[Tensor, Tensor], out: Tensor | None = None) -> Tensor:
    """The sum of matrices (H, ·) or (n, H, ·) with their rows weighted by factors (n, H): (n, H, ·)."""
    (factor, matrix), *rest = terms
    total = torch.mul(factor[:, :, None], matrix, out=out)
    for factor, matrix in rest:
        total.addcmul_(factor[:, :, None], matrix)
    return total


def _tanh_slope(a: Tensor) -> Tensor:
    """tanh′(a) = 1 − tanh²(a), without the loss of digits."""
    return 4 * _sigmoid_slope(2 * a)


def _sigmoid_slope(a: Tensor) -> Tensor:
    """σ′(a) = σ(a)·σ(−a)."""
    return sigmoid(a) * sigmoid(-a)


def _rnn(point: _Point) -> Jacobians:
    return _plain(point, _tanh_slope(point.from_x + point.from_h))


def _relu_rnn(point: _Point) -> Jacobians:
    return _plain(point, (point.states["h"] > 0).double())


def _plain(point: _Point, slope: Tensor) -> Jacobians:
    exponents, [slope] = point.scaled(slope)
    weights = point.weights
    return Jacobians(_weighted((slope, weights.w_hh)), _weighted((slope, weights.w_ih)), exponents)


def _lstm(point: _Point) -> Jacobians:
    a_i, a_f, a_g, a_o = (point.from_x + point.from_h).chunk(4, dim=-1)
    c = point.states["c"]
    through = sigmoid(a_o) * _tanh_slope(c)  # ∂h_t/∂c_t
    exponents, [by_i, by_f, by_g, by_o, f] = point.scaled(
        torch.tanh(a_g) * _sigmoid_slope(a_i),  # ∂c_t/∂a_i
        point.before["c"] * _sigmoid_slope(a_f),
        sigmoid(a_i) * _tanh_slope(a_g),
        torch.tanh(c) * _sigmoid_slope(a_o),  # ∂h_t/∂a_o
        sigmoid(a_f),
    )
    through = through.to(f.dtype)

    def by(matrices: Tensor) -> Tensor:
        m_i, m_f, m_g, m_o = matrices.chunk(4)
        joined = matrices.new_empty(len(f), 2 * f.shape[1], matrices.shape[1])
        of_h, of_c = joined.chunk(2, dim=1)
        _weighted((by_i, m_i), (by_f, m_f), (by_g, m_g), out=of_c)
        _weighted((by_o, m_o), (through, of_c), out=of_h)
        return joined

    return Jacobians(
        by(point.weights.w_hh), by(point.weights.w_ih), exponents, (through * f, f), log_kept=logsigmoid(a_f)
    )


def _gru(point: _Point) -> Jacobians:
    (x_r, x_z, x_n), (h_r, h_z, h_n) = point.from_x.chunk(3, dim=-1), point.from_h.chunk(3, dim=-1)
    a_z, r = x_z + h_z, sigmoid(x_r + h_r)
    a_n = x_n + r * h_n
    new = sigmoid(-a_z) * _tanh_slope(a_n)  # ∂h_t/∂a_n
    exponents, [by_r, by_z, by_n, by_product, z] = point.scaled(
        new * h_n * _sigmoid_slope(x_r + h_r),
        (point.before["h"] - torch.tanh(a_n)) * _sigmoid_slope(a_z),
        new,
        new * r,  # ∂h_t/∂(W_hn h_{t-1})
        sigmoid(a_z),
    )
    w_r, w_z, w_n = point.weights.w_hh.chunk(3)
    v_r, v_z, v_n = point.weights.w_ih.chunk(3)
    recurrent = _weighted((by_r, w_r), (by_z, w_z), (by_product, w_n))
    recurrent.diagonal(dim1=1, dim2=2).add_(z)
    inputs = _weighted((by_r, v_r), (by_z, v_z), (by_n, v_n))
    return Jacobians(recurrent, inputs, exponents, log_kept=logsigmoid(a_z))


def _reset_before_gru(point: _Point) -> Jacobians:
    (x_r, x_z, x_n), (h_r, h_z, _) = point.from_x.chunk(3, dim=-1), point.from_h.chunk(3, dim=-1)
    h, weights, dtype = point.before["h"], point.weights, point.weights.w_hh.dtype
    a_z, r = x_z + h_z, sigmoid(x_r + h_r)
    w_r, w_z, w_n = weights.w_hh.chunk(3)
    v_r, v_z, v_n = weights.w_ih.chunk(3)
    b_n = None if weights.b_hh is None else weights.b_hh.chunk(3)[2].double()
    a_n = x_n + linear(r * h, w_n.double(), b_n)
    exponents, [by_z, by_n, z] = point.scaled(
        (h - torch.tanh(a_n)) * _sigmoid_slope(a_z), sigmoid(-a_z) * _tanh_slope(a_n), sigmoid(a_z)
    )
    by_r = (h * _sigmoid_slope(x_r + h_r)).to(dtype)  # ∂(r ⊙ h_{t-1})/∂a_r
    product = _weighted((by_r, w_r))
    product.diagonal(dim1=1, dim2=2).add_(r.to(dtype))
    recurrent = _weighted((by_z, w_z), (by_n, w_n @ product))
    recurrent.diagonal(dim1=1, dim2=2).add_(z)
    inputs = _weighted((by_z, v_z), (by_n, v_n), (by_n, w_n @ _weighted((by_r, v_r))))
    return Jacobians(recurrent, inputs, exponents, log_kept=logsigmoid(a_z))


_JACOBIANS = {RNN: _rnn, RELU_RNN: _relu_rnn, LSTM: _lstm, GRU: _gru, RESET_BEFORE_GRU: _reset_before_gru}
