"""minGRU (Feng et al. 2024, "Were RNNs All We Needed?"): gate and candidate see only the input, so time can be scanned.

Here z says how much of the candidate is taken: the opposite sense of z in torch.nn.GRU.
"""

from collections.abc import Mapping
from typing import Any

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
    unchanged,
)
from .derivative import Jacobians, Point, sigmoid_slope, weighted
from .elementwise import ONE, ROW
from .hues import Hue


def step(x: Tensor, previous: Mapping[str, Tensor], w: CellWeights, change: Change = unchanged, /) -> Activations:
    """``h_t = (1 − z) ⊙ h_{t-1} + z ⊙ n``, ``z = σ(W_z x_t + b_z)``, ``n = W_h x_t + b_h``."""
    a_z, a_n = linear(x, w.w_ih, w.b_ih).chunk(2, dim=-1)
    z, n = change("z", sigmoid(a_z)), change("n", a_n)
    return {"a_z": a_z, "a_n": a_n, "z": z, "n": n, "h": change("h", (1 - z) * previous["h"] + z * n)}


@compiled(ROW, inlined=True)
def row(a: Any, u: Any, c: Any, h: Any, out: Any, edits: Any) -> None:  # noqa: ARG001
    """As ``step``; see ``elementwise``. The candidate is its own sum."""
    z, n = a[0], a[1]
    for j in range(len(out)):
        z[j] = elementwise.sigmoid(z[j])
    elementwise.amend(edits, 0, z)
    elementwise.amend(edits, 1, n)
    for j in range(len(out)):
        out[j] = (ONE - z[j]) * h[j] + z[j] * n[j]


def jacobians(at: Point) -> Jacobians:
    """``∂h_t/∂h_{t-1} = diag(1 − z)``: no weights stand in the way."""
    a_z, a_n = at.from_x.chunk(2, dim=-1)
    exponents, [by_z, z, kept] = at.scaled((a_n - at.before["h"]) * sigmoid_slope(a_z), sigmoid(a_z), sigmoid(-a_z))
    v_z, v_n = at.weights.w_ih.chunk(2)
    return Jacobians(kept.diag_embed(), weighted((by_z, v_z), (z, v_n)), exponents, log_kept=logsigmoid(-a_z))


MINGRU = Cell(
    name="mingru",
    variant="mingru",
    title="minGRU",
    noun="a minGRU",
    letters=[
        Activation("z", "gate", "update gate", "near 1 takes the candidate, near 0 keeps the old hidden state", 0, 1),
        Activation("n", "candidate", "new candidate", "what could become the hidden state"),
        Activation("h", "state", "hidden state", "what the output sees"),
    ],
    blocks="zn",
    step=step,
    row=row,
    recurrence="none",
    jacobians=jacobians,
    open_bias="z",
    memory=Memory(
        state="h",
        gate="z",
        write=lambda each: each["z"] * each["n"],
        keeps_when="shut",
        averages=True,
        writes_nothing=("z", 0.0),
    ),
    equations=[Equation("n", "W·{x} + b", "…"), Equation("h", "(1 − {z})·{h-} + {z}·{n}")],
    note="The … is a sum over all inputs and a bias. Neither z nor n sees the hidden state.",
    circuit=Circuit(
        name="minGRU cell",
        height=230,
        nodes={
            "h-": Node("in", 4, 40, letter="h"),
            "x": Node("in", 56, 220),
            "dot x": Node("branch", 56, 194),
            "dot z in": Node("branch", 184, 194),
            "z": Node("layer", 184, 150, "σ", "z"),
            "n": Node("layer", 268, 150, "W", "n"),
            "dot z": Node("branch", 184, 94),
            "1−z": Node("operator", 130, 94, "1−", "z"),
            "z·n": Node("operator", 268, 94, "⊙"),
            "(1−z)·h": Node("operator", 130, 40, "⊙", "h"),
            "h": Node("operator", 268, 40, "+", "h"),
            "h out": Node("out", 336, 40),
        },
        wires=[
            Wire("h-", "(1−z)·h"),
            Wire("(1−z)·h", "h"),
            Wire("h", "h out"),
            Wire("x", "dot x"),
            Wire("dot x", "dot z in"),
            Wire("dot z in", "z"),
            Wire("dot z in", "n", ((268, 194),)),
            Wire("z", "dot z"),
            Wire("dot z", "1−z"),
            Wire("1−z", "(1−z)·h"),
            Wire("dot z", "z·n"),
            Wire("n", "z·n"),
            Wire("z·n", "h"),
        ],
        figures=[
            Label("h-", 4, 30, "hₜ₋₁"),
            Label("(1−z)·h", 196, 30, "(1−z)·h", "middle"),
            Label("h", 336, 30, "hₜ", "end"),
            Label("z", 188, 124, "z"),
            Label("1−z", 126, 72, "1−z", "end"),
            Label("n", 273, 124, "n"),
            Label("z·n", 273, 72, "z·n"),
        ],
        word=(64, 224),
    ),
    roles=[Role("writes", "z"), Role("keeps", "z", is_complement=True), Role("proposes", "n")],
    hue=Hue("#6b0f80", "#b96cf0"),
    line="long-dashed",
)

CELLS = (MINGRU,)
