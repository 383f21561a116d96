"""A decomposition as plain loops: independent of the package's, which is tested against it.

Everything is computed from the letters of a trace, step by step in NumPy, in float64.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from gatescope.recurrent.trace import LayerTrace
from numpy.typing import NDArray

Array = NDArray[np.float64]
Step = Callable[[dict[str, Array]], tuple[Array, Array]]  # what is kept, and what is written

RULES: dict[str, Step] = {
    "lstm": lambda at: (at["f"], at["i"] * at["g"]),
    "coupled_lstm": lambda at: (at["f"], (1 - at["f"]) * at["g"]),
    "gru": lambda at: (at["z"], (1 - at["z"]) * at["n"]),
    "mingru": lambda at: (1 - at["z"], at["z"] * at["n"]),
}


class Plain(NamedTuple):
    """In the order of the sequence; columns are the words, then the initial state."""

    parts: Array  # (T, T + 1, H): row t, column k
    gamma: Array  # (T, H)
    state: Array  # (T, H)


def plain(layer: LayerTrace, initial: Array | None = None) -> Plain:
    """Return the parts of the state of a layer, one step after the other, and γ."""
    steps = len(layer["h"])
    letters = {letter: array.astype(np.float64) for letter, array in layer.activations.items()}
    keeps, writes = RULES[layer.cell](letters)
    size = keeps.shape[1]
    parts = np.zeros((steps, steps + 1, size))
    current = np.zeros((steps + 1, size))
    if initial is not None:
        current[steps] = initial
    for t in range(steps) if layer.direction == "forward" else reversed(range(steps)):
        for k in range(steps + 1):
            current[k] = current[k] * keeps[t]
        current[t] = writes[t]
        parts[t] = current
    state, gamma = parts.sum(axis=1), np.ones((steps, size))
    if "o" in letters:
        for t in range(steps):
            for j in range(size):
                c = state[t, j]
                gamma[t, j] = letters["o"][t, j] * (np.tanh(c) / c if c != 0 else 1)
    return Plain(parts, gamma, state)
