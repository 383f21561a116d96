"""What a shipped LSTM or GRU of one layer does, by a loop over the equations in float64: an oracle of the pictures."""

from typing import NamedTuple

import numpy as np

from .pictures import shipped


class Run(NamedTuple):
    """Pushes (T, T), verdict (T,), and how much of the old memory remains (T,), NaN at the first step."""

    pushes: np.ndarray
    verdict: np.ndarray
    remaining: np.ndarray


def run(name: str, text: str, held: dict[int, float] | None = None) -> Run:
    """Return what the model does with ``text``; ``held``: at which step the input gate of an LSTM is what."""
    model = shipped(name)
    weights, head = model.network.weights(0, "forward"), model.network.head
    w, u, b, b2, w_out, b_out = (
        each.detach().double().numpy()
        for each in (weights.w_ih, weights.w_hh, weights.b_ih, weights.b_hh, head.weight, head.bias)
    )
    x = model.network.embedding.weight.detach().double().numpy()[[token.id for token in model.tokenizer(text)]]
    steps, size = len(x), u.shape[1]
    h, parts = np.zeros(size), np.zeros((steps, size))
    pushes, logits, remaining = np.zeros((steps, steps)), np.zeros(steps), np.full(steps, np.nan)
    for t in range(steps):
        before = np.abs(parts).sum()
        if model.config.network.cell == "lstm":
            i, f, g, o = np.split(w @ x[t] + b + u @ h + b2, 4)
            i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
            i = np.full(size, held[t]) if held and t in held else i
            kept, written = f, i * g
        else:
            (a_r, a_z, a_n), (u_r, u_z, u_n) = np.split(w @ x[t] + b, 3), np.split(u @ h + b2, 3)
            r, z = sigmoid(a_r + u_r), sigmoid(a_z + u_z)
            kept, written = z, (1 - z) * np.tanh(a_n + r * u_n)
        parts *= kept
        if t:
            remaining[t] = np.abs(parts).sum() / before
        parts[t] = written
        state = parts.sum(axis=0)
        h = o * np.tanh(state) if model.config.network.cell == "lstm" else state
        pushes[t] = (parts * (h / state)) @ w_out[0]
        logits[t] = h @ w_out[0] + b_out[0]
    return Run(pushes, sigmoid(logits), remaining)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return the logistic function."""
    return 1 / (1 + np.exp(-x))
