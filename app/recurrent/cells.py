"""One step of the plain RNN, the LSTM and the GRU, written as the equations of the PyTorch documentation.

A step takes the input ``x_t``, the states of the step before and the weights of one layer in one direction. It returns
every activation of the step by its letter: gates, candidate and states; and, as ``a_f`` and its like, the sums that
gates and candidate (or the h of a plain RNN) are the sigmoid or tanh of. Nothing here loops, stores or optimises: these
lines are the definition that all faster code is tested against.

Leading dimensions are free: ``x`` is (..., E), every activation (..., H), and ``h`` (..., P) under a projection.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import linear

CellName = Literal["rnn", "lstm", "gru"]
Letter = Literal["i", "f", "g", "o", "r", "z", "n", "c", "h"]
PreActivation = Literal["a_i", "a_f", "a_g", "a_o", "a_r", "a_z", "a_n", "a_h"]
Activations = dict[str, Tensor]

NAMES: dict[Letter, str] = {
    "i": "input gate",
    "f": "forget gate",
    "g": "cell candidate",
    "o": "output gate",
    "r": "reset gate",
    "z": "update gate",
    "n": "new candidate",
    "c": "cell state",
    "h": "hidden state",
}


class CellWeights(NamedTuple):
    """Parameters of one layer in one direction; the row blocks stand in the order of ``Cell.blocks``."""

    w_ih: Tensor  # (blocks·H, E)
    w_hh: Tensor  # (blocks·H, H)
    b_ih: Tensor | None = None  # (blocks·H,)
    b_hh: Tensor | None = None  # (blocks·H,)
    w_hr: Tensor | None = None  # (P, H), an LSTM's projection; h is then (..., P) and w_hh (blocks·H, P)

    def double(self) -> "CellWeights":
        """Return them in float64."""
        return CellWeights(*(None if weight is None else weight.double() for weight in self))  # type: ignore[arg-type]


def double(activations: Activations) -> Activations:
    """Return activations in float64."""
    return {letter: tensor.double() for letter, tensor in activations.items()}


Step = Callable[[Tensor, Mapping[str, Tensor], CellWeights], Activations]


def rnn_step(x: Tensor, previous: Mapping[str, Tensor], w: CellWeights) -> Activations:
    """``h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)`` (torch.nn.RNN)."""
    a = linear(x, w.w_ih, w.b_ih) + linear(previous["h"], w.w_hh, w.b_hh)
    return {"a_h": a, "h": torch.tanh(a)}


def relu_rnn_step(x: Tensor, previous: Mapping[str, Tensor], w: CellWeights) -> Activations:
    """``h_t = relu(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)`` (torch.nn.RNN, nonlinearity="relu")."""
    a = linear(x, w.w_ih, w.b_ih) + linear(previous["h"], w.w_hh, w.b_hh)
    return {"a_h": a, "h": torch.relu(a)}


def lstm_step(x: Tensor, previous: Mapping[str, Tensor], w: CellWeights) -> Activations:
    """``c_t = f ⊙ c_{t-1} + i ⊙ g`` and ``h_t = o ⊙ tanh(c_t)`` (torch.nn.LSTM; Hochreiter & Schmidhuber 1997).

    With a projection ``h_t = W_hr (o ⊙ tanh(c_t))`` (Sak et al. 2014).
    """
    a_i, a_f, a_g, a_o = (linear(x, w.w_ih, w.b_ih) + linear(previous["h"], w.w_hh, w.b_hh)).chunk(4, dim=-1)
    i, f, g, o = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.tanh(a_g), torch.sigmoid(a_o)
    c = f * previous["c"] + i * g
    h = o * torch.tanh(c)
    sums = {"a_i": a_i, "a_f": a_f, "a_g": a_g, "a_o": a_o}
    return {**sums, "i": i, "f": f, "g": g, "o": o, "c": c, "h": h if w.w_hr is None else linear(h, w.w_hr)}


def gru_step(x: Tensor, previous: Mapping[str, Tensor], w: CellWeights) -> Activations:
    """``h_t = (1 - z) ⊙ n + z ⊙ h_{t-1}``, with ``r`` applied after the recurrent product (torch.nn.GRU)."""
    x_r, x_z, x_n = linear(x, w.w_ih, w.b_ih).chunk(3, dim=-1)
    h_r, h_z, h_n = linear(previous["h"], w.w_hh, w.b_hh).chunk(3, dim=-1)
    a_r, a_z = x_r + h_r, x_z + h_z
    r, z = torch.sigmoid(a_r), torch.sigmoid(a_z)
    a_n = x_n + r * h_n
    n = torch.tanh(a_n)
    return {"a_r": a_r, "a_z": a_z, "a_n": a_n, "r": r, "z": z, "n": n, "h": (1 - z) * n + z * previous["h"]}


def reset_before_gru_step(x: Tensor, previous: Mapping[str, Tensor], w: CellWeights) -> Activations:
    """As ``gru_step``, with ``r`` applied to ``h_{t-1}`` before the recurrent product (Cho et al. 2014).

    A different cell, not other names for the same one: no weights make the two forms agree.
    """
    h = previous["h"]
    x_r, x_z, x_n = linear(x, w.w_ih, w.b_ih).chunk(3, dim=-1)
    w_r, w_z, w_n = w.w_hh.chunk(3)
    b_r, b_z, b_n = w.b_hh.chunk(3) if w.b_hh is not None else (None, None, None)
    a_r, a_z = x_r + linear(h, w_r, b_r), x_z + linear(h, w_z, b_z)
    r, z = torch.sigmoid(a_r), torch.sigmoid(a_z)
    a_n = x_n + linear(r * h, w_n, b_n)
    n = torch.tanh(a_n)
    return {"a_r": a_r, "a_z": a_z, "a_n": a_n, "r": r, "z": z, "n": n, "h": (1 - z) * n + z * h}


@dataclass(frozen=True)
class Cell:
    """What a cell is made of, by the letters of the PyTorch documentation."""

    name: CellName
    blocks: str  # row blocks of the weights, in order
    gates: str  # in [0, 1]
    candidate: str  # in [-1, 1]; empty for the plain RNN
    states: str  # carried from step to step
    step: Step
    bounded: bool = True  # whether h lies in [-1, 1]

    @property
    def activations(self) -> str:
        """The letters of gates, candidate and states, in the order of computation."""
        return self.blocks + self.states if self.gates else self.states

    @property
    def pre_activations(self) -> Sequence[str]:
        """The names of what gates and candidate (or the h of a plain RNN) are the sigmoid, tanh or relu of."""
        return [f"a_{letter}" for letter in self.blocks]


RNN = Cell("rnn", blocks="h", gates="", candidate="", states="h", step=rnn_step)
RELU_RNN = Cell("rnn", blocks="h", gates="", candidate="", states="h", step=relu_rnn_step, bounded=False)
LSTM = Cell("lstm", blocks="ifgo", gates="ifo", candidate="g", states="ch", step=lstm_step)
GRU = Cell("gru", blocks="rzn", gates="rz", candidate="n", states="h", step=gru_step)
RESET_BEFORE_GRU = Cell("gru", blocks="rzn", gates="rz", candidate="n", states="h", step=reset_before_gru_step)
