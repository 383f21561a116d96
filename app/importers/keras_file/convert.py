"""Turn the arrays of a layer into weights of our cells, and say what became of each."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...recurrent.cells.cell import CellWeights
from ..found import Convention, Placed
from .recurrent import BLOCKS, Form, Recurrent, Weights

ORDERS = {"LSTM": (0, 1, 2, 3), "GRU": (1, 0, 2), "SimpleRNN": (0,)}
"""Keras' blocks in the order of ours: i f c o are i f g o, z r h are r z n after a swap."""

Arrays = tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]
"""The kernel, the recurrent kernel and the bias of a layer in one direction, as the file has them."""


def read(weights: Weights) -> Arrays:
    """Return the arrays of a layer in one direction."""
    return weights.kernel.read(), weights.recurrent_kernel.read(), None if weights.bias is None else weights.bias.read()


def converted(form: Form, arrays: Arrays, dtype: torch.dtype, *, is_cudnn: bool, has_bias: bool) -> CellWeights:
    """Return the weights of a layer in one direction for our cell; ``has_bias``: zeros where the layer has none."""
    kernel, recurrent_kernel, bias = arrays
    order, units = ORDERS[form.kind], form.units
    columns = len(order) * units
    if is_cudnn:
        w_ih = [block.reshape(units, -1) for block in np.split(kernel, len(order), axis=1)]
        w_hh = np.split(recurrent_kernel, len(order), axis=1)
    else:
        w_ih, w_hh = (np.split(each.T, len(order)) for each in (kernel, recurrent_kernel))
    if bias is None:
        biases = [np.zeros(columns)] * 2 if has_bias else [None, None]
    else:
        rows = bias.reshape(-1, columns)
        biases = [rows[0], rows[1] if len(rows) > 1 else np.zeros(columns)]

    def tensor(blocks: list[NDArray[Any]]) -> torch.Tensor:
        return torch.from_numpy(np.concatenate([blocks[n] for n in order])).to(dtype)

    return CellWeights(
        tensor(w_ih),
        tensor(w_hh),
        *(None if each is None else tensor(np.split(each, len(order))) for each in biases),
    )


def placed(recurrent: Recurrent, layer: int) -> list[Placed]:
    """Return what becomes of each array of a layer, the ``layer``th of the stack."""
    found = []
    for direction, weights in recurrent.weights.items():
        theirs, ours = BLOCKS[recurrent.form.kind], recurrent.form.cell.blocks
        order = "" if len(ours) == 1 else f"blocks {' '.join(theirs)} → {' '.join(ours)}"
        kernel = "each block of (E, H) reread as (H, E)" if weights.is_cudnn else "transposed"
        recurrent_kernel = "blocks of rows, as CuDNN has them" if weights.is_cudnn else "transposed"
        where = f"layer {layer} {direction}"
        found += [
            _placed(weights.kernel, f"{where}, W_ih", order, kernel),
            _placed(weights.recurrent_kernel, f"{where}, W_hh", order, recurrent_kernel),
        ]
        if (bias := weights.bias) is not None:
            is_two = bias.shape[0] == 2 or weights.is_cudnn
            target = "b_ih and b_hh" if is_two else "b_ih"
            change = "input bias, then recurrent bias" if is_two else "b_hh is 0: there is one bias"
            found.append(_placed(bias, f"{where}, {target}", order, change))
    return found


def _placed(array: Any, target: str, *changes: str) -> Placed:
    return Placed(array.name, tuple(array.shape), target, ", ".join(filter(None, changes)))


def conventions(recurrent: Recurrent) -> list[Convention]:
    """Return how the weights of a layer are read, and why."""
    form, layer = recurrent.form, recurrent.layer
    weights = recurrent.weights["forward"]
    theirs, ours = BLOCKS[form.kind], form.cell.blocks
    says = f"the config of layer {layer.path}" if layer.is_configured else "the answer that was given"
    found = []
    if len(ours) > 1:
        reason = f"Keras writes the blocks of {form.kind} as {' '.join(theirs)}; the file does not name them"
        found.append(Convention("order of the gates", f"{' '.join(theirs)}, ours {' '.join(ours)}", reason))
    if form.kind == "GRU":
        found.append(
            Convention("sense of z", "h = z·h + (1 − z)·n, as ours", "Keras has written it so in all versions")
        )
        when = "after" if form.reset_after else "before"
        shape = None if weights.bias is None else weights.bias.shape
        reason = f"the bias has the shape {shape}" if shape else says
        found.append(Convention("reset", f"{when} the recurrent product (reset_after={form.reset_after})", reason))
    if form.kind == "LSTM":
        reason = "unit_forget_bias says only what training starts from; Keras adds nothing to the bias of the file"
        found.append(Convention("forget bias", "in the bias", reason))
    functions = form.activation if form.kind == "SimpleRNN" else f"{form.activation}, gates sigmoid"
    is_fixed = weights.is_cudnn and not layer.is_configured
    found.append(Convention("activations", functions, "CuDNN has no others" if is_fixed else says))
    if weights.is_cudnn:
        reason = f"its class is {layer.kind}" if layer.kind.startswith("CuDNN") else "its bias is twice as long"
        found.append(Convention("layout", "CuDNN: two biases, transposed blocks", reason))
    if form.is_bidirectional:
        is_told = not layer.is_configured and "merge_mode" in layer.config
        reason = "the next layer reads two numbers for each unit" if is_told else says
        found.append(Convention("directions", "end to end, forward first (merge_mode concat)", reason))
    return found
