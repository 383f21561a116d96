"""The LSTM with peepholes (Gers et al. 2002): each gate also sees the cell state of its own unit.

The input and forget gates see that of the step before, the output gate the new one.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, sigmoid
from torch.nn.functional import linear, logsigmoid

from ..cache import compiled
from . import elementwise
from .cell import Activations, CellWeights, Change, Label, Node, Wire, unchanged
from .derivative import Jacobians, Point, sigmoid_slope, tanh_slope, weighted
from .elementwise import ROW
from .lstm import LSTM


def step(x: Tensor, previous: Mapping[str, Tensor], w: CellWeights, change: Change = unchanged, /) -> Activations:
    """As that of the LSTM, with ``p ⊙ c`` added to the sum of each gate; without ``w_ch``, p is 0."""
    p_i, p_f, p_o = x.new_zeros(3, 1) if w.w_ch is None else w.w_ch
    a_i, a_f, a_g, a_o = (linear(x, w.w_ih, w.b_ih) + linear(previous["h"], w.w_hh, w.b_hh)).chunk(4, dim=-1)
    a_i, a_f = a_i + p_i * previous["c"], a_f + p_f * previous["c"]
    f = change("f", sigmoid(a_f))
    i = change("i", sigmoid(a_i), f)
    g = change("g", torch.tanh(a_g))
    c = change("c", f * previous["c"] + i * g)
    a_o = a_o + p_o * c
    o = change("o", sigmoid(a_o))
    h = change("h", o * torch.tanh(c))
    return {"a_i": a_i, "a_f": a_f, "a_g": a_g, "a_o": a_o, "i": i, "f": f, "g": g, "c": c, "o": o, "h": h}


@compiled(ROW, inlined=True)
def row(a: Any, u: Any, c: Any, h: Any, out: Any, edits: Any) -> None:  # noqa: ARG001
    """As ``step``; see ``elementwise``."""
    i, f, g, o, p_i, p_f, p_o = a[0], a[1], a[2], a[3], u[0], u[1], u[2]
    for j in range(len(c)):
        f[j] = elementwise.sigmoid(f[j] + p_f[j] * c[j])
    elementwise.amend(edits, 1, f)
    for j in range(len(c)):
        i[j] = elementwise.sigmoid(i[j] + p_i[j] * c[j])
    elementwise.couple(edits, 0, f)
    elementwise.amend(edits, 0, i)
    for j in range(len(c)):
        g[j] = elementwise.tanh(g[j])
    elementwise.amend(edits, 2, g)
    for j in range(len(c)):
        c[j] = f[j] * c[j] + i[j] * g[j]
    elementwise.amend(edits, 3, c)
    for j in range(len(c)):
        o[j] = elementwise.sigmoid(o[j] + p_o[j] * c[j])
    elementwise.amend(edits, 4, o)
    for j in range(len(c)):
        out[j] = o[j] * elementwise.tanh(c[j])


def jacobians(at: Point) -> Jacobians:
    """As those of the LSTM; the peepholes add to ``∂c_t/∂c_{t-1}`` and ``∂h_t/∂c_t``, which stay diagonal."""
    a_i, a_f, a_g, a_o = (at.from_x + at.from_h).chunk(4, dim=-1)
    c, before, w_ch = at.states["c"], at.before["c"], at.weights.w_ch
    p_i, p_f, p_o = c.new_zeros(3, 1) if w_ch is None else w_ch.double()
    a_i, a_f, a_o = a_i + p_i * before, a_f + p_f * before, a_o + p_o * c
    of_i = torch.tanh(a_g) * sigmoid_slope(a_i)  # ∂c_t/∂a_i
    of_f = before * sigmoid_slope(a_f)
    of_o = torch.tanh(c) * sigmoid_slope(a_o)  # ∂h_t/∂a_o
    through = sigmoid(a_o) * tanh_slope(c) + p_o * of_o  # ∂h_t/∂c_t
    exponents, [by_i, by_f, by_g, by_o, kept] = at.scaled(
        of_i, of_f, sigmoid(a_i) * tanh_slope(a_g), of_o, sigmoid(a_f) + p_f * of_f + p_i * of_i
    )
    through = through.to(kept.dtype)

    def by(matrices: Tensor) -> Tensor:
        m_i, m_f, m_g, m_o = matrices.chunk(4)
        joined = matrices.new_empty(len(kept), 2 * kept.shape[1], matrices.shape[1])
        of_h, of_c = joined.chunk(2, dim=1)
        weighted((by_i, m_i), (by_f, m_f), (by_g, m_g), out=of_c)
        weighted((by_o, m_o), (through, of_c), out=of_h)
        return joined

    recurrent, inputs = by(at.weights.w_hh), by(at.weights.w_ih)
    return Jacobians(recurrent, inputs, exponents, (through * kept, kept), log_kept=logsigmoid(a_f))


REROUTED = {("c-", "f·c"), ("c", "dot c"), ("dot g", "o")}  # wires of the LSTM's drawing
CIRCUIT = LSTM.circuit
LETTERS = {each.letter: each for each in LSTM.letters}

PEEPHOLE_LSTM = replace(
    LSTM,
    variant="peephole lstm",
    title="Peephole LSTM",
    noun="an LSTM with peepholes",
    letters=[LETTERS[letter] for letter in "ifgcoh"],
    step=step,
    row=row,
    jacobians=jacobians,
    circuit=replace(
        CIRCUIT,
        name="LSTM cell with peepholes",
        nodes={
            **CIRCUIT.nodes,
            "o": Node("layer", 244, 170, "σ", "o"),
            "dot c-": Node("branch", 26, 40),
            "dot p": Node("branch", 26, 140),
            "dot o": Node("branch", 244, 40),
        },
        wires=[
            *(each for each in CIRCUIT.wires if (each.start, each.end) not in REROUTED),
            Wire("c-", "dot c-"),
            Wire("dot c-", "f·c"),
            Wire("dot c-", "dot p"),
            Wire("dot p", "f", ((26, 170),)),
            Wire("dot p", "i", ((122, 140), (122, 170))),
            Wire("c", "dot o"),
            Wire("dot o", "dot c"),
            Wire("dot o", "o"),
            Wire("dot g", "o", ((244, 208),)),
        ],
        figures=[
            *(each for each in CIRCUIT.figures if each.of not in ("i·g", "o")),
            Label("i·g", 195, 74, "i·g", "end"),
            Label("o", 248, 151, "o"),
        ],
    ),
    note="Each gate also sees the cell state of its own unit: i and f that of the step before, o the new one.",
    module=None,
    step_module=None,
    options={"peepholes": True},
    projects=False,
    peepholes="ifo",
)

CELLS = (PEEPHOLE_LSTM,)
