"""The oracle of edits: for each cell a plain loop over its published equations, with the edit written by hand.

It knows nothing of the package: weights come as arrays, and ``edit(letter, t, x, before)`` is called where an
activation is computed, with the states before the step, and returns what stands in its place.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, sigmoid, tanh

Edit = Callable[[str, int, Tensor, Mapping[str, Tensor]], Tensor]
Loop = Callable[..., dict[str, Tensor]]


def lstm(
    gates: list[Tensor], before: dict[str, Tensor], edit: Callable[[str, Tensor], Tensor], w: Any
) -> dict[str, Tensor]:
    i, f, g, o = gates
    f = edit("f", sigmoid(f))
    i = edit("i", sigmoid(i))
    g, o = edit("g", tanh(g)), edit("o", sigmoid(o))
    c = edit("c", f * before["c"] + i * g)
    h = o * tanh(c)
    h = edit("h", h if w.w_hr is None else h @ w.w_hr.T)
    return {"i": i, "f": f, "g": g, "o": o, "c": c, "h": h}


def peephole_lstm(
    gates: list[Tensor], before: dict[str, Tensor], edit: Callable[[str, Tensor], Tensor], w: Any
) -> dict[str, Tensor]:
    (i, f, g, o), (p_i, p_f, p_o) = gates, w.w_ch
    f = edit("f", sigmoid(f + p_f * before["c"]))
    i = edit("i", sigmoid(i + p_i * before["c"]))
    g = edit("g", tanh(g))
    c = edit("c", f * before["c"] + i * g)
    o = edit("o", sigmoid(o + p_o * c))
    return {"i": i, "f": f, "g": g, "c": c, "o": o, "h": edit("h", o * tanh(c))}


def coupled_lstm(gates: list[Tensor], before: dict[str, Tensor], edit: Any, w: Any) -> dict[str, Tensor]:
    f, g, o = gates
    f, g, o = edit("f", sigmoid(f)), edit("g", tanh(g)), edit("o", sigmoid(o))
    c = edit("c", f * before["c"] + (1 - f) * g)
    return {"f": f, "g": g, "o": o, "c": c, "h": edit("h", o * tanh(c))}


def mingru(gates: list[Tensor], before: dict[str, Tensor], edit: Any, w: Any) -> dict[str, Tensor]:
    z, n = gates
    z, n = edit("z", sigmoid(z)), edit("n", n)
    return {"z": z, "n": n, "h": edit("h", (1 - z) * before["h"] + z * n)}


def rnn(gates: list[Tensor], before: dict[str, Tensor], edit: Any, w: Any) -> dict[str, Tensor]:
    return {"h": edit("h", tanh(gates[0]))}


def relu_rnn(gates: list[Tensor], before: dict[str, Tensor], edit: Any, w: Any) -> dict[str, Tensor]:
    return {"h": edit("h", gates[0].clamp(min=0))}


def gru(x: Tensor, before: dict[str, Tensor], edit: Any, w: Any) -> dict[str, Tensor]:
    h, size = before["h"], before["h"].shape[-1]
    a, u = x @ w.w_ih.T + w.b_ih, h @ w.w_hh.T + w.b_hh
    r = edit("r", sigmoid(a[..., :size] + u[..., :size]))
    z = edit("z", sigmoid(a[..., size : 2 * size] + u[..., size : 2 * size]))
    n = edit("n", tanh(a[..., 2 * size :] + r * u[..., 2 * size :]))
    return {"r": r, "z": z, "n": n, "h": edit("h", (1 - z) * n + z * h)}


def reset_before_gru(x: Tensor, before: dict[str, Tensor], edit: Any, w: Any) -> dict[str, Tensor]:
    h, size = before["h"], before["h"].shape[-1]
    a = x @ w.w_ih.T + w.b_ih
    u = h @ w.w_hh[: 2 * size].T + w.b_hh[: 2 * size]
    r = edit("r", sigmoid(a[..., :size] + u[..., :size]))
    z = edit("z", sigmoid(a[..., size : 2 * size] + u[..., size:]))
    n = edit("n", tanh(a[..., 2 * size :] + (r * h) @ w.w_hh[2 * size :].T + w.b_hh[2 * size :]))
    return {"r": r, "z": z, "n": n, "h": edit("h", (1 - z) * n + z * h)}


SUMMED = {  # cells that see only the sums of their blocks
    "lstm": (lstm, "ifgo"),
    "peephole lstm": (peephole_lstm, "ifgo"),
    "coupled_lstm": (coupled_lstm, "fgo"),
    "mingru": (mingru, "zn"),
    "rnn": (rnn, "h"),
    "relu rnn": (relu_rnn, "h"),
}
WHOLE = {"gru": gru, "reset-before gru": reset_before_gru}


def run(variant: str, w: Any, x: Tensor, initial: dict[str, Tensor], edit: Edit, *, reverse: bool) -> dict[str, Tensor]:
    """Every activation (T, B, ·) of one layer and direction over ``x`` (T, B, E)."""
    state, steps = dict(initial), {}
    for t in reversed(range(len(x))) if reverse else range(len(x)):

        def at(letter: str, value: Tensor, t: int = t, before: dict[str, Tensor] = state) -> Tensor:
            return edit(letter, t, value, before)

        if variant in WHOLE:
            step = WHOLE[variant](x[t], state, at, w)
        else:
            equations, blocks = SUMMED[variant]
            sums = x[t] @ w.w_ih.T + w.b_ih
            if len(w.w_hh):
                sums = sums + state["h"] @ w.w_hh.T + w.b_hh
            step = equations(list(sums.chunk(len(blocks), dim=-1)), state, at, w)
        steps[t] = step
        state = {letter: step[letter] for letter in state}
    return {letter: torch.stack([steps[t][letter] for t in range(len(x))]) for letter in steps[0]}
