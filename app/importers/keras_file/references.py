"""What our numbers are compared with: Keras itself, and its equations in float64, both on the arrays of the file."""

import gc
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...recurrent.modules import Direction
from ..found import Reference
from ..products import products
from .convert import Arrays
from .recurrent import BLOCKS, Form

Numbers = NDArray[Any]

MOST_KEPT = 1_000_000
"""The weights of a layer that may stay in memory for a while."""


class Direct(NamedTuple):
    """The arrays of a layer, each direction as the file has it."""

    arrays: Mapping[Direction, Arrays]
    is_cudnn: bool


def references_of(form: Form, layers: Sequence[Direct]) -> list[Reference]:
    """Return Keras, where it is installed, and its equations."""
    equations = Reference(
        f"the equations of Keras' {form.kind} in float64", "equations", lambda x: _equations(form, layers, x)
    )
    if not (installed := _installed()):
        return [equations]
    return [Reference(f"Keras {installed}", "engine", lambda x: _engine(form, layers, x)), equations]


def _installed() -> str:
    """Return the version of Keras that is installed; "" if there is none, or one before 3."""
    try:
        installed = version("keras")
    except PackageNotFoundError:
        return ""
    return installed if int(installed.partition(".")[0]) >= 3 else ""


def _equations(form: Form, layers: Sequence[Direct], x: Numbers) -> Numbers:
    h = x.astype(np.float64)
    for layer in layers:
        outputs = []
        for direction, arrays in layer.arrays.items():
            weights = _plain(form.kind, arrays, is_cudnn=layer.is_cudnn)
            order = slice(None, None, -1 if direction == "backward" else 1)
            outputs.append(_run(form, weights, h[order])[order])
        h = np.concatenate(outputs, axis=1)
    return h


def _run(form: Form, weights: Arrays, x: Numbers) -> Numbers:
    """Return h of every step (T, H)."""
    x = products(weights[0].T, x)  # (T, blocks·H)
    recurrent_kernel, bias = (None if each is None else each.astype(np.float64) for each in weights[1:])
    states = [np.zeros(form.units)] * (2 if form.kind == "LSTM" else 1)
    if bias is None:
        bias = np.zeros((2, len(BLOCKS[form.kind]) * form.units) if form.reset_after else x.shape[1])
    rows = np.empty((len(x), form.units))
    for t, row in enumerate(x):
        states = EQUATIONS[form.kind](form, row, states, (recurrent_kernel, bias))
        rows[t] = states[0]
    return rows


def _lstm(form: Form, x: Numbers, states: Sequence[Numbers], weights: Sequence[Any]) -> list[Numbers]:
    (h, c), (recurrent, bias) = states, weights
    z_i, z_f, z_c, z_o = np.split(x + h @ recurrent + bias, len(BLOCKS[form.kind]))
    c = _sigmoid(z_f) * c + _sigmoid(z_i) * np.tanh(z_c)
    return [_sigmoid(z_o) * np.tanh(c), c]


def _gru(form: Form, x: Numbers, states: Sequence[Numbers], weights: Sequence[Any]) -> list[Numbers]:
    (h,), (recurrent, bias), units = states, weights, form.units
    if form.reset_after:
        input_bias, recurrent_bias = bias
        x_z, x_r, x_h = np.split(x + input_bias, 3)
        h_z, h_r, h_h = np.split(h @ recurrent + recurrent_bias, 3)
        z, r = _sigmoid(x_z + h_z), _sigmoid(x_r + h_r)
        hh = np.tanh(x_h + r * h_h)
    else:
        x_z, x_r, x_h = np.split(x + bias, 3)
        z = _sigmoid(x_z + h @ recurrent[:, :units])
        r = _sigmoid(x_r + h @ recurrent[:, units : 2 * units])
        hh = np.tanh(x_h + (r * h) @ recurrent[:, 2 * units :])
    return [z * h + (1 - z) * hh]


def _simple(form: Form, x: Numbers, states: Sequence[Numbers], weights: Sequence[Any]) -> list[Numbers]:
    (h,), (recurrent, bias) = states, weights
    a = x + bias + h @ recurrent
    return [np.maximum(a, 0) if form.activation == "relu" else np.tanh(a)]


EQUATIONS: Mapping[str, Callable[..., list[Numbers]]] = {"LSTM": _lstm, "GRU": _gru, "SimpleRNN": _simple}


def _sigmoid(a: Numbers) -> Numbers:
    return np.exp(-np.logaddexp(0, -a))


def _plain(kind: str, arrays: Arrays, *, is_cudnn: bool) -> Arrays:
    """Return arrays in CuDNN's layout as Keras 2 turns them into those of its LSTM and GRU; others as they are."""
    kernel, recurrent_kernel, bias = arrays
    if not is_cudnn or bias is None:
        return arrays
    blocks = len(BLOCKS[kind])
    kernel = np.hstack([each.T.reshape(each.shape, order="F") for each in np.hsplit(kernel, blocks)])
    recurrent_kernel = np.hstack([each.T for each in np.hsplit(recurrent_kernel, blocks)])
    return kernel, recurrent_kernel, bias.reshape(2, -1) if kind == "GRU" else np.sum(np.split(bias, 2), axis=0)


def _engine(form: Form, layers: Sequence[Direct], x: Numbers) -> Numbers:
    """Return what Keras computes with its own layers, built by name, and the arrays of the file."""
    os.environ.setdefault("KERAS_BACKEND", "torch")  # which is installed; Keras' own default is TensorFlow
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # by which NumPy asks Keras to follow it
        return _by_keras(form, layers, x)


def _by_keras(form: Form, layers: Sequence[Direct], x: Numbers) -> Numbers:
    keras: Any = import_module("keras")
    h = x[None]
    for each in layers:
        options: dict[str, Any] = {"activation": form.activation, "return_sequences": True}
        options["use_bias"] = each.arrays["forward"][2] is not None
        options["dtype"] = str(each.arrays["forward"][0].dtype)
        options |= {"kernel_initializer": "zeros", "recurrent_initializer": "zeros"}  # until they are set
        if form.kind != "SimpleRNN":
            options["recurrent_activation"] = "sigmoid"
        if form.kind == "GRU":
            options["reset_after"] = form.reset_after
        layer = getattr(keras.layers, form.kind)(form.units, **options)
        if form.is_bidirectional:
            layer = keras.layers.Bidirectional(layer, merge_mode="concat", dtype=options["dtype"])
        layer.build(h.shape)
        plain = [_plain(form.kind, arrays, is_cudnn=each.is_cudnn) for arrays in each.arrays.values()]
        layer.set_weights([array for arrays in plain for array in arrays if array is not None])
        h = keras.ops.convert_to_numpy(layer(h))
        if sum(array.size for arrays in plain for array in arrays if array is not None) > MOST_KEPT:
            del layer
            gc.collect()  # a layer of Keras holds itself, and its weights would stay until enough others do
    return h[0]  # type: ignore[no-any-return]
