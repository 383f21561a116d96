"""What memories are made of, by loops over the equations in float64, for findings to be compared with."""

import numpy as np
from numpy.typing import NDArray

from ..pictures import shipped

Array = NDArray[np.float64]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def amounts_and_pushes(name: str, text: str, output: int = 0) -> tuple[Array, Array]:
    """Return what each step wrote, at each step, and how it pushes an output (T, T): of a shipped LSTM or GRU."""
    model = shipped(name)
    weights, head = model.network.weights(0, "forward"), model.network.head
    w, u, b, b2, w_out = (
        each.detach().double().numpy() for each in (weights.w_ih, weights.w_hh, weights.b_ih, weights.b_hh, head.weight)
    )
    x = model.network.embedding.weight.detach().double().numpy()[[token.id for token in model.tokenizer(text)]]
    steps, size = len(x), u.shape[1]
    h, parts = np.zeros(size), np.zeros((steps, size))
    amounts, pushes = np.zeros((steps, steps)), np.zeros((steps, steps))
    for t in range(steps):
        a, v = w @ x[t] + b, u @ h + b2
        if model.config.network.cell == "lstm":
            i, f, g, o = np.split(a + v, 4)
            parts *= sigmoid(f)
            parts[t] = sigmoid(i) * np.tanh(g)
            c = parts.sum(axis=0)
            h = sigmoid(o) * np.tanh(c)
            read = sigmoid(o) * np.tanh(c) / c
        else:
            (r, z, n), (of_r, of_z, of_n) = np.split(a, 3), np.split(v, 3)
            z = sigmoid(z + of_z)
            parts *= z
            parts[t] = (1 - z) * np.tanh(n + sigmoid(r + of_r) * of_n)
            h, read = parts.sum(axis=0), np.ones(size)
        amounts[t], pushes[t] = np.abs(parts).sum(axis=1), (parts * read) @ w_out[output]
    return amounts, pushes


def remaining(name: str, text: str) -> Array:
    """Return the share of the old memory that remains at each step (T,); NaN at the first."""
    amounts, _ = amounts_and_pushes(name, text)
    totals = amounts.sum(axis=1)
    return np.append(np.nan, (totals - amounts.diagonal())[1:] / totals[:-1])
