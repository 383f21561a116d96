"""How far gradients reach: the cells' published equations and automatic differentiation, without the package's code."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from gatescope.recurrent.network import Network
from torch import Tensor

Step = Callable[[Tensor, Tensor], Tensor]  # x (E,), state → next state; an LSTM's state is h and c in one


def step_of(cell: str, weights: Mapping[str, Tensor], alpha: float = 1, *, reset_open: bool = False) -> Step:
    """One step of a cell, with its recurrent weights times ``alpha`` and, if asked for, a GRU's reset gates at 1."""
    w_ih, w_hh, b_ih, b_hh = (
        weights[f"recurrent.{name}_l0"] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    size = w_hh.shape[1]

    def sums(x: Tensor, h: Tensor) -> tuple[Sequence[Tensor], Sequence[Tensor]]:
        return (w_ih @ x + b_ih).split(size), (alpha * (w_hh @ h) + b_hh).split(size)

    def rnn(x: Tensor, h: Tensor) -> Tensor:
        (a,), (u,) = sums(x, h)
        return torch.tanh(a + u)

    def gru(x: Tensor, h: Tensor) -> Tensor:
        (a_r, a_z, a_n), (u_r, u_z, u_n) = sums(x, h)
        r, z = torch.sigmoid(a_r + u_r), torch.sigmoid(a_z + u_z)
        n = torch.tanh(a_n + (u_n if reset_open else r * u_n))
        return (1 - z) * n + z * h

    def lstm(x: Tensor, state: Tensor) -> Tensor:
        h, c = state.split(size)
        i, f, g, o = (a + u for a, u in zip(*sums(x, h), strict=True))
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.cat([torch.sigmoid(o) * torch.tanh(c), c])

    return {"rnn": rnn, "gru": gru, "lstm": lstm}[cell]


def medians(
    network: Network, ids: Sequence[int], reach: int, alpha: float = 1, *, reset_open: bool = False
) -> np.ndarray:
    """Base-10 logarithms (reach + 1,) of the median over t of ‖∂h_t/∂x_k‖ at distances t − k from 0, in float64."""
    weights = {name: weight.double() for name, weight in network.state_dict().items()}
    step = step_of(network.config.cell, weights, alpha, reset_open=reset_open)
    size = network.config.hidden_size
    states = [torch.zeros(size * (2 if network.config.cell == "lstm" else 1), dtype=torch.float64)]
    x = weights["embedding.weight"][list(ids)]
    for each in x:
        states.append(step(each, states[-1]))
    by_x, by_state = torch.func.vmap(torch.func.jacrev(step, argnums=(0, 1)))(x, torch.stack(states[:-1]))
    reached, norms = by_x, []  # reached[k]: by x_k of the state `distance` steps later
    for distance in range(min(reach, len(x) - 1) + 1):
        if distance:
            reached = by_state[distance:] @ reached[:-1]
        norms.append(np.median(torch.linalg.matrix_norm(reached[:, :size]).numpy()))
    with np.errstate(divide="ignore"):
        return np.log10(norms)


def half_life(medians: np.ndarray) -> int | None:
    """The first distance at which less than half is left of what there is at distance 1."""
    return next((at for at in range(1, len(medians)) if 10 ** medians[at] < 10 ** medians[1] / 2), None)
