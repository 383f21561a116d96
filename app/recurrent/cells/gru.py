"""The GRU (Cho et al. 2014; torch.nn.GRU): two gates, no cell state. Its two forms are different cells.

PyTorch applies r after the recurrent product, Cho et al. before it: no weights make the two agree.
"""

from collections.abc import Mapping
from dataclasses import replace
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
    unchanged,
)
from .derivative import Jacobians, Point, sigmoid_slope, tanh_slope, weighted
from .elementwise import ONE, ROW
from .hues import Hue


def step(x: Tensor, previous: Mapping[str, Tensor], w: CellWeights, change: Change = unchanged, /) -> Activations:
    """``h_t = (1 − z) ⊙ n + z ⊙ h_{t-1}``, with ``r`` applied after the recurrent product."""
    x_r, x_z, x_n = linear(x, w.w_ih, w.b_ih).chunk(3, dim=-1)
    h_r, h_z, h_n = linear(previous["h"], w.w_hh, w.b_hh).chunk(3, dim=-1)
    a_r, a_z = x_r + h_r, x_z + h_z
    r, z = change("r", sigmoid(a_r)), change("z", sigmoid(a_z))
    a_n = x_n + r * h_n
    n = change("n", torch.tanh(a_n))
    h = change("h", (1 - z) * n + z * previous["h"])
    return {"a_r": a_r, "a_z": a_z, "a_n": a_n, "r": r, "z": z, "n": n, "h": h}


def reset_before_step(
    x: Tensor, previous: Mapping[str, Tensor], w: CellWeights, change: Change = unchanged, /
) -> Activations:
    """As ``step``, with ``r`` applied to ``h_{t-1}`` before the recurrent product."""
    h = previous["h"]
    x_r, x_z, x_n = linear(x, w.w_ih, w.b_ih).chunk(3, dim=-1)
    w_r, w_z, w_n = w.w_hh.chunk(3)
    b_r, b_z, b_n = w.b_hh.chunk(3) if w.b_hh is not None else (None, None, None)
    a_r, a_z = x_r + linear(h, w_r, b_r), x_z + linear(h, w_z, b_z)
    r, z = change("r", sigmoid(a_r)), change("z", sigmoid(a_z))
    a_n = x_n + linear(r * h, w_n, b_n)
    n = change("n", torch.tanh(a_n))
    return {"a_r": a_r, "a_z": a_z, "a_n": a_n, "r": r, "z": z, "n": n, "h": change("h", (1 - z) * n + z * h)}


@compiled(ROW, inlined=True)
def row(a: Any, u: Any, c: Any, h: Any, out: Any, edits: Any) -> None:  # noqa: ARG001
    """As ``step``; see ``elementwise``."""
    r, z, n, u_r, u_z, u_n = a[0], a[1], a[2], u[0], u[1], u[2]
    for j in range(len(out)):
        r[j] = elementwise.sigmoid(r[j] + u_r[j])
    elementwise.amend(edits, 0, r)
    for j in range(len(out)):
        z[j] = elementwise.sigmoid(z[j] + u_z[j])
    elementwise.amend(edits, 1, z)
    for j in range(len(out)):
        n[j] = elementwise.tanh(n[j] + r[j] * u_n[j])
    elementwise.amend(edits, 2, n)
    for j in range(len(out)):
        out[j] = (ONE - z[j]) * n[j] + z[j] * h[j]


@compiled(ROW, inlined=True)
def reset_before_row(a: Any, u: Any, c: Any, h: Any, out: Any, edits: Any) -> None:  # noqa: ARG001
    """As ``reset_before_step`` up to r ⊙ h, whose recurrent product follows; see ``elementwise``."""
    r, z, u_r, u_z = a[0], a[1], u[0], u[1]
    for j in range(len(out)):
        r[j] = elementwise.sigmoid(r[j] + u_r[j])
    elementwise.amend(edits, 0, r)
    for j in range(len(out)):
        z[j] = elementwise.sigmoid(z[j] + u_z[j])
    elementwise.amend(edits, 1, z)
    for j in range(len(out)):
        out[j] = r[j] * h[j]


@compiled(ROW, inlined=True)
def reset_before_second_row(a: Any, u: Any, c: Any, h: Any, out: Any, edits: Any) -> None:  # noqa: ARG001
    """As ``reset_before_step`` from the recurrent product of r ⊙ h on; see ``elementwise``."""
    z, n, u_n = a[1], a[2], u[0]
    for j in range(len(out)):
        n[j] = elementwise.tanh(n[j] + u_n[j])
    elementwise.amend(edits, 2, n)
    for j in range(len(out)):
        out[j] = (ONE - z[j]) * n[j] + z[j] * h[j]


def jacobians(at: Point) -> Jacobians:
    """``∂h_t/∂h_{t-1} = diag(z) + …`` through both gates and the candidate."""
    (x_r, x_z, x_n), (h_r, h_z, h_n) = at.from_x.chunk(3, dim=-1), at.from_h.chunk(3, dim=-1)
    a_z, r = x_z + h_z, sigmoid(x_r + h_r)
    a_n = x_n + r * h_n
    new = sigmoid(-a_z) * tanh_slope(a_n)  # ∂h_t/∂a_n
    exponents, [by_r, by_z, by_n, by_product, z] = at.scaled(
        new * h_n * sigmoid_slope(x_r + h_r),
        (at.before["h"] - torch.tanh(a_n)) * sigmoid_slope(a_z),
        new,
        new * r,  # ∂h_t/∂(W_hn h_{t-1})
        sigmoid(a_z),
    )
    w_r, w_z, w_n = at.weights.w_hh.chunk(3)
    v_r, v_z, v_n = at.weights.w_ih.chunk(3)
    recurrent = weighted((by_r, w_r), (by_z, w_z), (by_product, w_n))
    recurrent.diagonal(dim1=1, dim2=2).add_(z)
    inputs = weighted((by_r, v_r), (by_z, v_z), (by_n, v_n))
    return Jacobians(recurrent, inputs, exponents, log_kept=logsigmoid(a_z))


def reset_before_jacobians(at: Point) -> Jacobians:
    """As ``jacobians``, with the derivative of r ⊙ h inside the product."""
    (x_r, x_z, x_n), (h_r, h_z, _) = at.from_x.chunk(3, dim=-1), at.from_h.chunk(3, dim=-1)
    h, weights, dtype = at.before["h"], at.weights, at.weights.w_hh.dtype
    a_z, r = x_z + h_z, sigmoid(x_r + h_r)
    w_r, w_z, w_n = weights.w_hh.chunk(3)
    v_r, v_z, v_n = weights.w_ih.chunk(3)
    b_n = None if weights.b_hh is None else weights.b_hh.chunk(3)[2].double()
    a_n = x_n + linear(r * h, w_n.double(), b_n)
    exponents, [by_z, by_n, z] = at.scaled(
        (h - torch.tanh(a_n)) * sigmoid_slope(a_z), sigmoid(-a_z) * tanh_slope(a_n), sigmoid(a_z)
    )
    by_r = (h * sigmoid_slope(x_r + h_r)).to(dtype)  # ∂(r ⊙ h_{t-1})/∂a_r
    product = weighted((by_r, w_r))
    product.diagonal(dim1=1, dim2=2).add_(r.to(dtype))
    recurrent = weighted((by_z, w_z), (by_n, w_n @ product))
    recurrent.diagonal(dim1=1, dim2=2).add_(z)
    inputs = weighted((by_z, v_z), (by_n, v_n), (by_n, w_n @ weighted((by_r, v_r))))
    return Jacobians(recurrent, inputs, exponents, log_kept=logsigmoid(a_z))


# What both forms share at the top of their drawings: h carried along, and what replaces it.
CARRIED_NODES = {
    "h-": Node("in", 4, 40, letter="h"),
    "dot h-": Node("branch", 26, 40),
    "dot z": Node("branch", 184, 84),
    "1−z": Node("operator", 224, 84, "1−", "z"),
    "(1−z)·n": Node("operator", 268, 84, "⊙"),
    "z·h": Node("operator", 184, 40, "⊙", "h"),
    "h": Node("operator", 268, 40, "+", "h"),
    "h out": Node("out", 336, 40),
}
CARRIED_WIRES = [
    Wire("h-", "dot h-"),
    Wire("z·h", "h"),
    Wire("h", "h out"),
    Wire("x", "dot x"),
    Wire("dot x", "[h-, x]"),
    Wire("[h-, x]", "dot r"),
    Wire("dot r", "r"),
    Wire("z", "dot z"),
    Wire("dot z", "z·h"),
    Wire("dot z", "1−z"),
    Wire("1−z", "(1−z)·n"),
    Wire("n", "(1−z)·n"),
    Wire("(1−z)·n", "h"),
]
CARRIED_FIGURES = [
    Label("h-", 4, 30, "hₜ₋₁"),
    Label("z·h", 226, 30, "z·h", "middle"),
    Label("h", 336, 30, "hₜ", "end"),
]
REST = Label("1−z", 224, 110, "1−z", "middle")
WRITTEN = Label("(1−z)·n", 273, 66, "")

UPDATE = Equation("h", "(1 − {z})·{n} + {z}·{h-}")

GRU = Cell(
    name="gru",
    variant="gru",
    title="GRU",
    noun="a GRU",
    letters=[
        Activation("r", "gate", "reset gate", "how much of the past the candidate sees", 0, 1),
        Activation("z", "gate", "update gate", "near 1 keeps the old hidden state, near 0 takes the candidate", 0, 1),
        Activation("n", "candidate", "new candidate", "what could become the hidden state", -1, 1),
        Activation("h", "state", "hidden state", "what the next step and the output see", -1, 1),
    ],
    blocks="rzn",
    step=step,
    row=row,
    recurrence="apart",
    jacobians=jacobians,
    memory=Memory(
        state="h",
        gate="z",
        write=lambda each: (1 - each["z"]) * each["n"],
        averages=True,
        writes_nothing=("z", 1.0),
    ),
    equations=[Equation("n", "tanh(W·{x} + b + {r}·(U·{h-} + b′))", "tanh(… + {r}·(…))"), UPDATE],
    note="Each … is a sum over all inputs or units and a bias. The reset gate multiplies what U makes of h.",
    circuit=Circuit(
        name="GRU cell",
        height=286,
        nodes={
            **CARRIED_NODES,
            "x": Node("in", 56, 276),
            "dot u": Node("branch", 124, 40),
            "dot x": Node("branch", 56, 260),
            "[h-, x]": Node("join", 56, 240),
            "dot r": Node("branch", 84, 240),
            "r": Node("layer", 84, 204, "σ", "r"),
            "z": Node("layer", 184, 204, "σ", "z"),
            "w": Node("layer", 268, 204, "W", "n"),
            "u": Node("layer", 124, 90, "U", "n"),
            "r·u": Node("operator", 124, 160, "⊙"),
            "w + r·u": Node("operator", 268, 160, "+"),
            "n": Node("operator", 268, 126, "tanh", "n"),
        },
        wires=[
            *CARRIED_WIRES,
            Wire("dot h-", "dot u"),
            Wire("dot u", "z·h"),
            Wire("dot h-", "[h-, x]", ((26, 240),)),
            Wire("dot x", "w", ((268, 260),)),
            Wire("dot r", "z", ((184, 240),)),
            Wire("dot u", "u"),
            Wire("u", "r·u"),
            Wire("r", "r·u", ((84, 160),)),
            Wire("r·u", "w + r·u"),
            Wire("w", "w + r·u"),
            Wire("w + r·u", "n"),
        ],
        figures=[
            *CARRIED_FIGURES,
            Label("r", 80, 180, "r", "end"),
            Label("z", 188, 132, "z"),
            REST,
            Label("n", 273, 107, "n"),
            WRITTEN,
        ],
        terms=[
            Label("u", 129, 126, "U·h + b′"),
            Label("r·u", 222, 154, "r·(U·h + b′)", "middle"),
            Label("w", 273, 184, "W·x + b"),
        ],
        word=(64, 280),
    ),
    hue=Hue("#b0580c", "#f4a45c"),
    line="dashed",
    roles=[
        Role("writes", "z", is_complement=True),
        Role("keeps", "z"),
        Role("uses the past", "r"),
        Role("proposes", "n"),
    ],
    module=nn.GRU,
    step_module=nn.GRUCell,
    options={"reset_after": True},
)
RESET_BEFORE_GRU = replace(
    GRU,
    variant="reset-before gru",
    step=reset_before_step,
    row=reset_before_row,
    second_row=reset_before_second_row,
    jacobians=reset_before_jacobians,
    equations=[Equation("n", "tanh(W·{x} + U·({r}·{h-}) + b)", "tanh(…)"), UPDATE],
    note="The … is a sum over all inputs and units and a bias. The reset gate multiplies h before U does.",
    circuit=Circuit(
        name="GRU cell with its reset before the product",
        height=250,
        nodes={
            **CARRIED_NODES,
            "x": Node("in", 56, 240),
            "dot r·h": Node("branch", 110, 40),
            "dot x": Node("branch", 56, 226),
            "[h-, x]": Node("join", 56, 206),
            "[r·h, x]": Node("join", 268, 206),
            "dot r": Node("branch", 74, 206),
            "r": Node("layer", 74, 170, "σ", "r"),
            "z": Node("layer", 184, 170, "σ", "z"),
            "n": Node("layer", 268, 170, "tanh", "n"),
            "r·h": Node("operator", 110, 128, "⊙"),
        },
        wires=[
            *CARRIED_WIRES,
            Wire("dot h-", "dot r·h"),
            Wire("dot r·h", "z·h"),
            Wire("dot h-", "[h-, x]", ((26, 206),)),
            Wire("dot x", "[r·h, x]", ((268, 226),)),
            Wire("dot r", "z", ((184, 206),)),
            Wire("dot r·h", "r·h"),
            Wire("r", "r·h", ((74, 128),)),
            Wire("r·h", "[r·h, x]", ((226, 128), (226, 206))),
            Wire("[r·h, x]", "n"),
        ],
        figures=[
            *CARRIED_FIGURES,
            Label("r", 70, 146, "r", "end"),
            Label("r·h", 114, 150, "r·h"),
            Label("z", 180, 108, "z", "end"),
            REST,
            Label("n", 273, 134, "n"),
            WRITTEN,
        ],
        word=(64, 244),
    ),
    module=None,
    step_module=None,
    options={"reset_after": False},
)

CELLS = (GRU, RESET_BEFORE_GRU)
