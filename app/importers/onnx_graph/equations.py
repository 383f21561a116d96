"""The formulas of ONNX's LSTM, GRU and RNN in float64, as their documentation has them, over weights as in the file."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..products import products
from .operator import Operator, Weights

Array = NDArray[Any]
Function = Callable[[Array], Array]


def hidden_states(operator: Operator, weights: Weights, x: Array) -> Array:
    """Return h of every step, (T, D·H), for the input ``x`` (T, E), from zero states."""
    runs = []
    for at in range(operator.directions):
        is_backward = operator.direction == "reverse" or at == 1
        h = _run(operator, weights, at, (x[::-1] if is_backward else x).astype(np.float64))
        runs.append(h[::-1] if is_backward else h)
    return np.concatenate(runs, axis=1)


def _run(operator: Operator, weights: Weights, at: int, x: Array) -> Array:
    gates, size = len(operator.kind.gates), weights.R.shape[2]
    x = products(weights.W[at], x)  # (T, gates·H)
    r = weights.R[at].astype(np.float64)
    b = np.zeros(2 * gates * size) if weights.B is None else weights.B[at].astype(np.float64)
    p = np.zeros(3 * size) if weights.P is None else weights.P[at].astype(np.float64)
    functions = [_clipped(FUNCTIONS[name], operator.clip) for name in operator.activations[at]]
    wb, rb = np.split(b, 2)
    step = {"LSTM": _lstm, "GRU": _gru, "RNN": _rnn}[operator.node.op_type]
    states: Sequence[Array] = (np.zeros(size), np.zeros(size))
    outputs = []
    for x_t in x:
        states = step(operator, functions, x_t, r, (wb, rb), np.split(p, 3), states)
        outputs.append(states[0])
    return np.array(outputs).reshape(len(x), size)


def _lstm(
    operator: Operator, by: Sequence[Function], x: Array, r: Array, b: Any, p: Sequence[Array], states: Sequence[Array]
) -> Sequence[Array]:
    f, g, h = by
    h_before, c_before = states
    x_i, x_o, x_f, x_c = np.split(x + r @ h_before + b[0] + b[1], 4)
    p_i, p_o, p_f = p
    i = f(x_i + p_i * c_before)
    forget = 1 - i if operator.given.get("input_forget", 0) else f(x_f + p_f * c_before)
    c = forget * c_before + i * g(x_c)
    o = f(x_o + p_o * c)
    return o * h(c), c


def _gru(
    operator: Operator, by: Sequence[Function], x: Array, r: Array, b: Any, _: Any, states: Sequence[Array]
) -> Sequence[Array]:
    f, g = by
    before, size = states[0], len(states[0])
    (x_z, x_r, x_h), (b_z, b_r, b_h), (rb_z, rb_r, rb_h) = (np.split(each, 3) for each in (x, *b))
    r_z, r_r, r_h = np.split(r, 3)
    z, reset = f(x_z + r_z @ before + b_z + rb_z), f(x_r + r_r @ before + b_r + rb_r)
    if operator.given.get("linear_before_reset", 0):
        new = g(x_h + reset * (r_h @ before + rb_h) + b_h)
    else:
        new = g(x_h + r_h @ (reset * before) + rb_h + b_h)
    return (1 - z) * new + z * before, np.zeros(size)


def _rnn(
    _: Operator, by: Sequence[Function], x: Array, r: Array, b: Any, __: Any, states: Sequence[Array]
) -> Sequence[Array]:
    return by[0](x + r @ states[0] + b[0] + b[1]), states[1]


def _sigmoid(a: Array) -> Array:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-a))


def _relu(a: Array) -> Array:
    return np.maximum(a, 0)


FUNCTIONS: dict[str, Function] = {"sigmoid": _sigmoid, "tanh": np.tanh, "relu": _relu}


def _clipped(function: Function, bound: float) -> Function:
    return lambda a: function(np.clip(a, -bound, bound))
