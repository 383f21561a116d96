"""The LSTM with coupled gates (Greff et al. 2017, "CIFG"): it writes exactly as much as it forgets, i = 1 − f."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, sigmoid
from torch.nn.functional import linear, logsigmoid

from ..cache import compiled
from . import elementwise
from .cell import (
    Activation,
    Activations,
    Cell,
    CellWeights,
    Change,
    Circuit,
    Equation,
    Label,
    Memory,
    Node,
    Role,
    Wire,
    tanh_ratio,
    unchanged,
)
from .derivative import Jacobians, Point, sigmoid_slope, tanh_slope, weighted
from .elementwise import ONE, ROW
from .hues import Hue


def step(x: Tensor, previous: Mapping[str, Tensor], w: CellWeights, change: Change = unchanged, /) -> Activations:
    """``c_t = f ⊙ c_{t-1} + (1 − f) ⊙ g`` and ``h_t = o ⊙ tanh(c_t)``."""
    a_f, a_g, a_o = (linear(x, w.w_ih, w.b_ih) + linear(previous["h"], w.w_hh, w.b_hh)).chunk(3, dim=-1)
    f, g, o = change("f", sigmoid(a_f)), change("g", torch.tanh(a_g)), change("o", sigmoid(a_o))
    c = change("c", f * previous["c"] + (1 - f) * g)
    return {"a_f": a_f, "a_g": a_g, "a_o": a_o, "f": f, "g": g, "o": o, "c": c, "h": change("h", o * torch.tanh(c))}


@compiled(ROW, inlined=True)
def row(a: Any, u: Any, c: Any, h: Any, out: Any, edits: Any) -> None:  # noqa: ARG001
    """As ``step``; see ``elementwise``."""
    f, g, o = a[0], a[1], a[2]
    for j in range(len(c)):
        f[j] = elementwise.sigmoid(f[j])
    elementwise.amend(edits, 0, f)
    for j in range(len(c)):
        g[j] = elementwise.tanh(g[j])
    elementwise.amend(edits, 1, g)
    for j in range(len(c)):
        o[j] = elementwise.sigmoid(o[j])
    elementwise.amend(edits, 2, o)
    for j in range(len(c)):
        c[j] = f[j] * c[j] + (ONE - f[j]) * g[j]
    elementwise.amend(edits, 3, c)
    for j in range(len(c)):
        out[j] = o[j] * elementwise.tanh(c[j])


def jacobians(at: Point) -> Jacobians:
    """``∂c_t/∂c_{t-1} = f``, and through the gates ``∂s_t/∂h_{t-1}``."""
    a_f, a_g, a_o = (at.from_x + at.from_h).chunk(3, dim=-1)
    c = at.states["c"]
    through = sigmoid(a_o) * tanh_slope(c)  # ∂h_t/∂c_t
    exponents, [by_f, by_g, by_o, f] = at.scaled(
        (at.before["c"] - torch.tanh(a_g)) * sigmoid_slope(a_f),  # ∂c_t/∂a_f
        sigmoid(-a_f) * tanh_slope(a_g),
        torch.tanh(c) * sigmoid_slope(a_o),  # ∂h_t/∂a_o
        sigmoid(a_f),
    )
    through = through.to(f.dtype)

    def by(matrices: Tensor) -> Tensor:
        m_f, m_g, m_o = matrices.chunk(3)
        joined = matrices.new_empty(len(f), 2 * f.shape[1], matrices.shape[1])
        of_h, of_c = joined.chunk(2, dim=1)
        weighted((by_f, m_f), (by_g, m_g), out=of_c)
        weighted((by_o, m_o), (through, of_c), out=of_h)
        return joined

    return Jacobians(by(at.weights.w_hh), by(at.weights.w_ih), exponents, (through * f, f), log_kept=logsigmoid(a_f))


COUPLED_LSTM = Cell(
    name="coupled_lstm",
    variant="coupled_lstm",
    title="Coupled LSTM",
    noun="a coupled LSTM",
    letters=[
        Activation("f", "gate", "forget gate", "near 1 keeps the old cell state, near 0 takes the candidate", 0, 1),
        Activation("g", "candidate", "cell candidate", "what could be written to the cell", -1, 1),
        Activation("o", "gate", "output gate", "how much of the cell is let out", 0, 1),
        Activation("c", "state", "cell state", "what is carried from step to step", -1, 1),
        Activation("h", "state", "hidden state", "what the next step and the output see", -1, 1),
    ],
    blocks="fgo",
    step=step,
    row=row,
    jacobians=jacobians,
    memory=Memory(
        state="c",
        gate="f",
        write=lambda each: (1 - each["f"]) * each["g"],
        read="o ⊙ tanh({state})",
        let_out=lambda each: each["o"] * tanh_ratio(each["c"]),
        averages=True,
        writes_nothing=("f", 1.0),
    ),
    equations=[Equation("c", "{f}·{c-} + (1 − {f})·{g}"), Equation("h", "{o}·tanh({c})")],
    note="The input gate is tied to the forget gate: i = 1 − f.",
    circuit=Circuit(
        name="coupled LSTM cell",
        height=246,
        nodes={
            "c-": Node("in", 4, 40, letter="c"),
            "h-": Node("in", 4, 208, letter="h"),
            "x": Node("in", 52, 236),
            "[h-, x]": Node("join", 52, 208),
            "dot in f": Node("branch", 95, 208),
            "dot in g": Node("branch", 200, 208),
            "f": Node("layer", 95, 170, "σ", "f"),
            "g": Node("layer", 200, 170, "tanh", "g"),
            "o": Node("layer", 250, 170, "σ", "o"),
            "dot f": Node("branch", 95, 100),
            "1−f": Node("operator", 148, 100, "1−", "f"),
            "f·c": Node("operator", 95, 40, "⊙", "c"),
            "(1−f)·g": Node("operator", 200, 100, "⊙"),
            "c": Node("operator", 200, 40, "+", "c"),
            "dot c": Node("branch", 306, 40),
            "tanh c": Node("operator", 306, 80, "tanh"),
            "h": Node("operator", 306, 170, "⊙", "h"),
            "c out": Node("out", 336, 40),
            "h out": Node("out", 336, 208),
        },
        wires=[
            Wire("c-", "f·c"),
            Wire("f·c", "c"),
            Wire("c", "dot c"),
            Wire("dot c", "c out"),
            Wire("h-", "[h-, x]"),
            Wire("x", "[h-, x]"),
            Wire("[h-, x]", "dot in f"),
            Wire("dot in f", "f"),
            Wire("dot in f", "dot in g"),
            Wire("dot in g", "g"),
            Wire("dot in g", "o", ((250, 208),)),
            Wire("f", "dot f"),
            Wire("dot f", "f·c"),
            Wire("dot f", "1−f"),
            Wire("1−f", "(1−f)·g"),
            Wire("g", "(1−f)·g"),
            Wire("(1−f)·g", "c"),
            Wire("dot c", "tanh c"),
            Wire("tanh c", "h"),
            Wire("o", "h"),
            Wire("h", "h out", ((306, 208),)),
        ],
        figures=[
            Label("c-", 4, 30, "cₜ₋₁"),
            Label("f·c", 148, 30, "f·c", "middle"),
            Label("c", 336, 30, "cₜ", "end"),
            Label("f", 91, 134, "f", "end"),
            Label("1−f", 148, 126, "1−f", "middle"),
            Label("g", 205, 135, "g"),
            Label("(1−f)·g", 205, 74, ""),
            Label("tanh c", 302, 114, "tanh c", "end"),
            Label("o", 254, 151, "o"),
            Label("h-", 4, 198, "hₜ₋₁"),
            Label("h", 336, 226, "hₜ", "end"),
        ],
        word=(60, 240),
    ),
    hue=Hue("#0b5a2a", "#2aa58c"),
    line="dash-dotted",
    roles=[
        Role("writes", "f", is_complement=True),
        Role("keeps", "f"),
        Role("lets out", "o"),
        Role("proposes", "g"),
    ],
    panels="fgcoh",
    open_bias="f",
)

CELLS = (COUPLED_LSTM,)
