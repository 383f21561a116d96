"""The cells unrolled by the compiled kernels: what ``reference.py`` does, for float32 on the CPU."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import kernels
from .cells import GRU, LSTM, RELU_RNN, RESET_BEFORE_GRU, RNN, Activations, Cell, CellWeights
from .tile import LANES

Array = NDArray[Any]
Panels = tuple[Array, ...]  # of w_ih, w_hh and w_hr

LONG = 64  # rows of inputs, from which on it is worth while to put the weights into panels
FEW = 2**15  # weights, up to which it always is

_KERNELS: dict[Cell, Callable[..., None]] = {
    RNN: kernels.rnn,
    RELU_RNN: kernels.relu_rnn,
    LSTM: kernels.lstm,
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
    w_ih_t: Tensor  # (E, blocks·H) for PyTorch's matrix product
    no_panels: Panels
    free: list[Panels]  # memory for panels that no call is using

    @property
    def are_few(self) -> bool:
        """Whether it is always worth while to put them into panels."""
        return self.w_ih.size + self.w_hh.size <= FEW

    def are_finite(self) -> bool:
        """Whether no weight is NaN or infinite."""
        return bool(kernels.are_finite(*self[:5]))

    def panels(self) -> Panels:
        """The weights as they are now, in panels, which ``free`` takes back after use.

        The memory is kept from call to call, since the first touch of a new page takes longer than filling it.
        """
        matrices = (self.w_ih, self.w_hh, self.w_hr)
        try:
            found = self.free.pop()
        except IndexError:
            found = tuple(np.empty((-(-len(w) // LANES), w.shape[1], LANES), np.float32) for w in matrices)
        for w, panels in zip(matrices, found, strict=True):
            if len(w) > 0:
                kernels.put_in_panels(w, panels)
        return found


def serves(tensor: Tensor) -> bool:
    """Whether the kernels take the dtype and device of ``tensor``."""
    return tensor.dtype == torch.float32 and tensor.is_cpu


def is_finite(tensor: Tensor) -> bool:
    """Whether no number of a tensor that the kernels take is NaN or infinite."""
    return bool(kernels.is_finite(array_of(tensor).reshape(-1, tensor.shape[-1])))


def arrays_of(weights: CellWeights) -> Arrays:
    """The arrays of one layer in one direction, which the kernels serve."""
    w_ih, w_hh = array_of(weights.w_ih), array_of(weights.w_hh)
    no_bias, no_projection = np.zeros(len(w_hh), np.float32), np.empty((0, w_hh.shape[1]), np.float32)
    b_ih, b_hh = (no_bias if bias is None else array_of(bias) for bias in (weights.b_ih, weights.b_hh))
    w_hr = no_projection if weights.w_hr is None else array_of(weights.w_hr)
    no_panels = tuple(np.empty((0, w.shape[1], LANES), np.float32) for w in (w_ih, w_hh, w_hr))
    return Arrays(w_ih, w_hh, b_ih, b_hh, w_hr, torch.from_numpy(w_ih).t(), no_panels, [])


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
    gates = a.reshape(steps, batch, len(cell.blocks), size)
    with np.errstate(over="ignore"):  # a GRU multiplies that of the recurrent product of n by r
        bias = weights.b_ih if cell.name == "gru" else weights.b_ih + weights.b_hh
    is_long = steps * batch >= LONG
    panels = weights.panels() if is_long or weights.are_few else weights.no_panels
    panels_ih, panels_hh, panels_hr = panels
    if panels is weights.no_panels or (is_long and torch.get_num_threads() > 1):  # PyTorch's product takes them all
        panels_ih, _, _ = weights.no_panels
        inputs, into = x.detach().reshape(steps * batch, -1), torch.from_numpy(a.reshape(steps * batch, rows))
        torch.addmm(torch.from_numpy(bias), inputs, weights.w_ih_t, out=into)
    from_inputs = (array_of(x), panels_ih, bias, gates if cell.gates else a)
    own = {"lstm": (weights.w_hr, panels_hr), "gru": (weights.b_hh,), "rnn": ()}[cell.name]
    through_time = (-1 if reverse else 1, np.array(lengths), *states, *outputs)
    _KERNELS[cell](*from_inputs, weights.w_hh, panels_hh, *own, *through_time)
    if panels is not weights.no_panels:
        weights.free.append(panels)
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
