"""The LSTM (Hochreiter & Schmidhuber 1997; Gers et al. 2000; torch.nn.LSTM): a cell state carries information on."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn, sigmoid
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
from .elementwise import ROW
from .hues import Hue


def step(x: Tensor, previous: Mapping[str, Tensor], w: CellWeights, change: Change = unchanged, /) -> Activations:
    """``c_t = f ⊙ c_{t-1} + i ⊙ g`` and ``h_t = o ⊙ tanh(c_t)``; with a projection ``h_t = W_hr (o ⊙ tanh(c_t))``.

    The projection is that of Sak et al. 2014.
    """
    a_i, a_f, a_g, a_o = (linear(x, w.w_ih, w.b_ih) + linear(previous["h"], w.w_hh, w.b_hh)).chunk(4, dim=-1)
    f = change("f", sigmoid(a_f))
    i = change("i", sigmoid(a_i), f)
    g, o = change("g", torch.tanh(a_g)), change("o", sigmoid(a_o))
    c = change("c", f * previous["c"] + i * g)
    h = o * torch.tanh(c)
    h = change("h", h if w.w_hr is None else linear(h, w.w_hr))
    return {"a_i": a_i, "a_f": a_f, "a_g": a_g, "a_o": a_o, "i": i, "f": f, "g": g, "o": o, "c": c, "h": h}


@compiled(ROW, inlined=True)
def row(a: Any, u: Any, c: Any, h: Any, out: Any, edits: Any) -> None:  # noqa: ARG001
    """As ``step``; see ``elementwise``."""
    i, f, g, o = a[0], a[1], a[2], a[3]
    for j in range(len(c)):
        f[j] = elementwise.sigmoid(f[j])
    elementwise.amend(edits, 1, f)
    for j in range(len(c)):
        i[j] = elementwise.sigmoid(i[j])
    elementwise.couple(edits, 0, f)
    elementwise.amend(edits, 0, i)
    for j in range(len(c)):
        g[j] = elementwise.tanh(g[j])
    elementwise.amend(edits, 2, g)
    for j in range(len(c)):
        o[j] = elementwise.sigmoid(o[j])
    elementwise.amend(edits, 3, o)
    for j in range(len(c)):
        c[j] = f[j] * c[j] + i[j] * g[j]
    elementwise.amend(edits, 4, c)
    for j in range(len(c)):
        out[j] = o[j] * elementwise.tanh(c[j])


def jacobians(at: Point) -> Jacobians:
    """``∂c_t/∂c_{t-1} = f``, and through the gates ``∂s_t/∂h_{t-1}``."""
    a_i, a_f, a_g, a_o = (at.from_x + at.from_h).chunk(4, dim=-1)
    c = at.states["c"]
    through = sigmoid(a_o) * tanh_slope(c)  # ∂h_t/∂c_t
    exponents, [by_i, by_f, by_g, by_o, f] = at.scaled(
        torch.tanh(a_g) * sigmoid_slope(a_i),  # ∂c_t/∂a_i
        at.before["c"] * sigmoid_slope(a_f),
        sigmoid(a_i) * tanh_slope(a_g),
        torch.tanh(c) * sigmoid_slope(a_o),  # ∂h_t/∂a_o
        sigmoid(a_f),
    )
    through = through.to(f.dtype)

    def by(matrices: Tensor) -> Tensor:
        m_i, m_f, m_g, m_o = matrices.chunk(4)
        joined = matrices.new_empty(len(f), 2 * f.shape[1], matrices.shape[1])
        of_h, of_c = joined.chunk(2, dim=1)
        weighted((by_i, m_i), (by_f, m_f), (by_g, m_g), out=of_c)
        weighted((by_o, m_o), (through, of_c), out=of_h)
        return joined

    return Jacobians(by(at.weights.w_hh), by(at.weights.w_ih), exponents, (through * f, f), log_kept=logsigmoid(a_f))


CELL_STATE = Activation("c", "state", "cell state", "what is carried from step to step")
HIDDEN = Activation("h", "state", "hidden state", "what the next step and the output see", -1, 1)
CANDIDATE = Activation("g", "candidate", "cell candidate", "what could be written to the cell", -1, 1)
OUTPUT = Activation("o", "gate", "output gate", "how much of the cell is let out", 0, 1)

LSTM = Cell(
    name="lstm",
    variant="lstm",
    title="LSTM",
    noun="an LSTM",
    letters=[
        Activation("i", "gate", "input gate", "how much of the candidate is written to the cell", 0, 1),
        Activation("f", "gate", "forget gate", "near 1 keeps the old cell state, near 0 drops it", 0, 1),
        CANDIDATE,
        OUTPUT,
        CELL_STATE,
        HIDDEN,
    ],
    blocks="ifgo",
    step=step,
    row=row,
    jacobians=jacobians,
    memory=Memory(
        state="c",
        gate="f",
        write=lambda each: each["i"] * each["g"],
        read="o ⊙ tanh({state})",
        let_out=lambda each: each["o"] * tanh_ratio(each["c"]),
        writes_nothing=("i", 0.0),
    ),
    equations=[Equation("c", "{f}·{c-} + {i}·{g}"), Equation("h", "{o}·tanh({c})")],
    circuit=Circuit(
        name="LSTM cell",
        height=246,
        nodes={
            "c-": Node("in", 4, 40, letter="c"),
            "h-": Node("in", 4, 208, letter="h"),
            "x": Node("in", 52, 236),
            "[h-, x]": Node("join", 52, 208),
            "dot f": Node("branch", 95, 208),
            "dot i": Node("branch", 150, 208),
            "dot g": Node("branch", 200, 208),
            "f": Node("layer", 95, 170, "σ", "f"),
            "i": Node("layer", 150, 170, "σ", "i"),
            "g": Node("layer", 200, 170, "tanh", "g"),
            "o": Node("layer", 250, 170, "σ", "o"),
            "f·c": Node("operator", 95, 40, "⊙", "c"),
            "i·g": Node("operator", 200, 100, "⊙"),
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
            Wire("[h-, x]", "dot f"),
            Wire("dot f", "dot i"),
            Wire("dot i", "dot g"),
            Wire("dot f", "f"),
            Wire("dot i", "i"),
            Wire("dot g", "g"),
            Wire("dot g", "o", ((250, 208),)),
            Wire("f", "f·c"),
            Wire("i", "i·g", ((150, 100),)),
            Wire("g", "i·g"),
            Wire("i·g", "c"),
            Wire("dot c", "tanh c"),
            Wire("tanh c", "h"),
            Wire("o", "h"),
            Wire("h", "h out", ((306, 208),)),
        ],
        figures=[
            Label("c-", 4, 30, "cₜ₋₁"),
            Label("f·c", 148, 30, "f·c", "middle"),
            Label("c", 336, 30, "cₜ", "end"),
            Label("f", 91, 112, "f", "end"),
            Label("i", 146, 134, "i", "end"),
            Label("g", 205, 135, "g"),
            Label("i·g", 205, 74, "i·g"),
            Label("tanh c", 302, 114, "tanh c", "end"),
            Label("o", 254, 151, "o"),
            Label("h-", 4, 198, "hₜ₋₁"),
            Label("h", 336, 226, "hₜ", "end"),
        ],
        word=(60, 240),
    ),
    hue=Hue("#2f66ad", "#87bafd"),
    line="solid",
    roles=[Role("writes", "i"), Role("keeps", "f"), Role("lets out", "o"), Role("proposes", "g")],
    panels="figcoh",
    module=nn.LSTM,
    step_module=nn.LSTMCell,
    options={"peepholes": False},
    open_bias="f",
    opposite_bias="i",
    couples=("i", "f"),
    projects=True,
)

CELLS = (LSTM,)
