"""The cells unrolled by the compiled kernels: what ``reference.py`` does, for float32 on the CPU."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import kernels
from .cells import GRU, LSTM, RELU_RNN, RESET_BEFORE_GRU, RNN, Activations, Cell, CellWeights

Array = NDArray[Any]

_KERNELS: dict[Cell, Callable[..., None]] = {
    RNN: kernels.rnn,
    RELU_RNN: kernels.relu_rnn,
    GRU: kernels.gru,
    RESET_BEFORE_GRU: kernels.reset_before_gru,
}


class Arrays(NamedTuple):
    """``CellWeights`` as the kernels read them: contiguous, in the tensors' own memory wherever that is."""

    w_ih: Array  # (blocks·H, E)
    w_hh: Array  # (blocks·H, P)
    b_ih: Array  # (blocks·H,); zeros where the module has no biases
    b_hh: Array  # (blocks·H,)
    w_hr: Array  # (P, H); (0, H) where nothing projects
    input_product: tuple[Tensor, Tensor]  # ``b_ih`` and the transpose of ``w_ih`` for PyTorch's matrix product

    def are_finite(self) -> bool:
        """Whether no weight is NaN or infinite."""
        return bool(kernels.are_finite(*self[:5]))


def serves(tensor: Tensor) -> bool:
    """Whether the kernels take the dtype and device of ``tensor``."""
    return tensor.dtype == torch.float32 and tensor.device.type == "cpu"


def arrays_of(weights: CellWeights) -> Arrays:
    """The arrays of one layer in one direction, which the kernels serve."""
    w_ih, w_hh = array_of(weights.w_ih), array_of(weights.w_hh)
    no_bias, no_projection = np.zeros(len(w_hh), np.float32), np.empty((0, w_hh.shape[1]), np.float32)
    b_ih, b_hh = (no_bias if bias is None else array_of(bias) for bias in (weights.b_ih, weights.b_hh))
    w_hr = no_projection if weights.w_hr is None else array_of(weights.w_hr)
    return Arrays(w_ih, w_hh, b_ih, b_hh, w_hr, (torch.from_numpy(b_ih), torch.from_numpy(w_ih).t()))


def unroll(
    cell: Cell, weights: Arrays, x: Tensor, lengths: Sequence[int], initial: Activations | None, *, reverse: bool
) -> dict[str, Array]:
    """As ``reference.unroll``, for ``lengths`` that fall."""
    steps, batch, _ = x.shape
    rows, width = weights.w_hh.shape
    size = rows // len(cell.blocks)
    if initial is None:
        states = [np.zeros((batch, width if letter == "h" else size), np.float32) for letter in cell.states]
    else:
        states = [array_of(initial[letter]).copy() for letter in cell.states]
    a, *outputs = allocate(steps, batch, [rows, *(state.shape[1] for state in states if cell.gates)])
    bias, w_ih = weights.input_product
    torch.addmm(bias, x.detach().reshape(steps * batch, -1), w_ih, out=torch.from_numpy(a.reshape(steps * batch, rows)))
    gates = a.reshape(steps, batch, len(cell.blocks), size)
    through_time: tuple[Any, ...] = (-1 if reverse else 1, np.array(lengths), *states, *outputs)
    if cell is LSTM:
        kernels.lstm(gates, weights.w_hh, weights.b_hh, weights.w_hr, *through_time)
    else:
        _KERNELS[cell](gates if cell.gates else a, weights.w_hh, weights.b_hh, *through_time)
    return dict(zip(cell.activations, [*gates.transpose(2, 0, 1, 3), *outputs], strict=True))


def allocate(steps: int, batch: int, widths: Sequence[int]) -> list[Array]:
    """An array (T, B, width) for each of ``widths``, in one block of memory.

    Where a block is large NumPy asks for huge pages, which PyTorch does not, and the first touch of as many ordinary
    pages can take as long as the arithmetic.
    """
    rows = steps * batch
    block, start, arrays = np.empty(rows * sum(widths), np.float32), 0, []
    for width in widths:
        stop = start + rows * width
        arrays.append(block[start:stop].reshape(steps, batch, width))
        start = stop
    return arrays


def array_of(tensor: Tensor) -> Array:
    """The numbers of a tensor, contiguous; its own memory wherever that is."""
    return tensor.detach().contiguous().numpy()
