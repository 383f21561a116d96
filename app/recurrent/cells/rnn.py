"""The plain RNN (Elman 1990; torch.nn.RNN), with tanh or relu: it rewrites its whole state at every step."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from ..cache import compiled
from .cell import Activation, Activations, Cell, CellWeights, Change, Circuit, Equation, Label, Node, Wire, unchanged
from .derivative import Jacobians, Point, tanh_slope, weighted
from .elementwise import ROW, ZERO, tanh
from .hues import Hue


def tanh_step(x: Tensor, previous: Mapping[str, Tensor], w: CellWeights, change: Change = unchanged, /) -> Activations:
    """``h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)``."""
    a = linear(x, w.w_ih, w.b_ih) + linear(previous["h"], w.w_hh, w.b_hh)
    return {"a_h": a, "h": change("h", torch.tanh(a))}


def relu_step(x: Tensor, previous: Mapping[str, Tensor], w: CellWeights, change: Change = unchanged, /) -> Activations:
    """``h_t = relu(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)``."""
    a = linear(x, w.w_ih, w.b_ih) + linear(previous["h"], w.w_hh, w.b_hh)
    return {"a_h": a, "h": change("h", torch.relu(a))}


@compiled(ROW, inlined=True)
def tanh_row(a: Any, u: Any, c: Any, h: Any, out: Any, edits: Any) -> None:  # noqa: ARG001
    """As ``tanh_step``; see ``elementwise``."""
    sums = a[0]
    for j in range(len(out)):
        out[j] = tanh(sums[j])


@compiled(ROW, inlined=True)
def relu_row(a: Any, u: Any, c: Any, h: Any, out: Any, edits: Any) -> None:  # noqa: ARG001
    """As ``relu_step``; see ``elementwise``. NaN stays NaN."""
    sums = a[0]
    for j in range(len(out)):
        out[j] = ZERO if sums[j] < ZERO else sums[j]


def tanh_jacobians(at: Point) -> Jacobians:
    """``∂h_t/∂h_{t-1} = diag(tanh′) W_hh``."""
    return _jacobians(at, tanh_slope(at.from_x + at.from_h))


def relu_jacobians(at: Point) -> Jacobians:
    """``∂h_t/∂h_{t-1} = diag(h_t > 0) W_hh``."""
    return _jacobians(at, (at.states["h"] > 0).double())


def _jacobians(at: Point, slope: Tensor) -> Jacobians:
    exponents, [slope] = at.scaled(slope)
    return Jacobians(weighted((slope, at.weights.w_hh)), weighted((slope, at.weights.w_ih)), exponents)


CIRCUIT = Circuit(
    name="RNN cell",
    height=130,
    nodes={
        "h-": Node("in", 4, 70, letter="h"),
        "x": Node("in", 70, 112),
        "[h-, x]": Node("join", 70, 70),
        "h": Node("layer", 170, 70, "tanh", "h"),
        "h out": Node("out", 336, 70),
    },
    wires=[Wire("h-", "[h-, x]"), Wire("x", "[h-, x]"), Wire("[h-, x]", "h"), Wire("h", "h out")],
    figures=[
        Label("h-", 4, 58, "hₜ₋₁"),
        Label("a", 170, 98, "a", "middle"),  # in the box: what it takes the function of
        Label("h", 336, 58, "hₜ", "end"),
    ],
    word=(78, 114),
)

HIDDEN = Activation("h", "state", "hidden state", "what the next step and the output see", -1, 1)

RNN = Cell(
    name="rnn",
    variant="rnn",
    title="RNN",
    noun="a plain RNN",
    letters=[HIDDEN],
    blocks="h",
    step=tanh_step,
    row=tanh_row,
    jacobians=tanh_jacobians,
    equations=[Equation("h", "tanh({a})")],
    note="a = W·x + U·h + b, over all units.",
    circuit=CIRCUIT,
    hue=Hue("#4b4b55", "#c9c9d2"),
    line="dotted",
    module=nn.RNN,
    step_module=nn.RNNCell,
    module_mode="RNN_TANH",
    options={"nonlinearity": "tanh"},
    module_options={"nonlinearity": "tanh"},
)
RELU_RNN = replace(
    RNN,
    variant="relu rnn",
    letters=[replace(HIDDEN, low=0, high=float("inf"))],
    step=relu_step,
    row=relu_row,
    jacobians=relu_jacobians,
    equations=[Equation("h", "max(0, {a})")],
    note="a = W·x + U·h + b, over all units; where it is negative, h is 0.",
    circuit=replace(CIRCUIT, nodes={**CIRCUIT.nodes, "h": Node("layer", 170, 70, "relu", "h")}),
    module_mode="RNN_RELU",
    options={"nonlinearity": "relu"},
    module_options={"nonlinearity": "relu"},
)

CELLS = (RNN, RELU_RNN)
