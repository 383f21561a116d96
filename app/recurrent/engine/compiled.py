"""The cells unrolled by the compiled kernels: what ``reference.py`` does, for float32 on the CPU."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Parameter

from ..cells import GRU, LSTM, RELU_RNN, RESET_BEFORE_GRU, RNN, Activations, Cell, CellWeights
from ..overflow import require_finite
from . import kernels
from .matmul import FLOAT_BYTES, SEQUENCES, WIDTH

Array = NDArray[Any]

CACHE_LINE = 64  # bytes
LONG = 64  # rows of inputs, from which on it is worth while to put the weights into panels
FEW = 2**15  # weights, up to which it always is

_KERNELS: dict[Cell, Callable[..., bool]] = {
    RNN: kernels.rnn,
    RELU_RNN: kernels.relu_rnn,
    LSTM: kernels.lstm,
    GRU: kernels.gru,
    RESET_BEFORE_GRU: kernels.reset_before_gru,
}


class Panels:
    """Memory for a matrix in panels, kept from call to call: to touch new pages takes longer than to fill them."""

    def __init__(self, w: Array) -> None:
        self._w, self._free = w, list[Array]()
        self.none = aligned(0, w.shape[1], WIDTH)

    def take(self) -> Array:
        """The matrix as it is now; of use to one call, which gives it back."""
        try:
            panels = self._free.pop()
        except IndexError:
            panels = aligned(math.ceil(len(self._w) / WIDTH), self._w.shape[1], WIDTH)
        if len(panels) > 0:
            kernels.put_in_panels(self._w, panels)
        return panels

    def give_back(self, panels: Array) -> None:
        """Leave what was taken to the next call."""
        if len(panels) > 0:
            self._free.append(panels)


class Arrays(NamedTuple):
    """``CellWeights`` as the kernels read them: contiguous, in the tensors' own memory wherever that is."""

    w_ih: Array  # (blocks·H, E)
    w_hh: Array  # (blocks·H, P)
    b_ih: Array  # (blocks·H,); zeros where the module has no biases
    b_hh: Array  # (blocks·H,)
    w_hr: Array  # (P, H); (0, H) where nothing projects
    w_ih_t: Tensor  # (E, blocks·H) for PyTorch's matrix product
    panels: tuple[Panels, Panels, Panels]  # of w_ih, w_hh and w_hr

    @property
    def are_few(self) -> bool:
        """Whether it is always worth while to put them into panels."""
        return self.w_ih.size + self.w_hh.size <= FEW

    def are_finite(self) -> bool:
        """Whether no weight is NaN or infinite."""
        return bool(kernels.are_finite(*self[:5]))


def serves(tensor: Tensor) -> bool:
    """Whether the kernels take the dtype, device and layout of ``tensor``."""
    return (
        tensor.dtype == torch.float32 and tensor.is_cpu and tensor.layout is torch.strided and holds_its_numbers(tensor)
    )


def holds_its_numbers(tensor: Tensor) -> bool:
    """Whether the storage of a dense ``tensor`` is there: it may have been freed, as to save memory in training.

    A subclass that wraps a tensor has none of its own.
    """
    return tensor.data_ptr() != 0 or tensor.numel() == 0 or type(tensor) not in (Tensor, Parameter)


def is_finite(tensor: Tensor) -> bool:
    """Whether no number of a tensor that the kernels take is NaN or infinite."""
    return bool(kernels.is_finite(array_of(tensor).reshape(-1, tensor.shape[-1])))


def arrays_of(weights: CellWeights) -> Arrays:
    """The arrays of one layer in one direction, which the kernels serve."""
    w_ih, w_hh = array_of(weights.w_ih), array_of(weights.w_hh)
    no_bias, no_projection = np.zeros(len(w_hh), np.float32), np.empty((0, w_hh.shape[1]), np.float32)
    b_ih, b_hh = (no_bias if bias is None else array_of(bias) for bias in (weights.b_ih, weights.b_hh))
    w_hr = no_projection if weights.w_hr is None else array_of(weights.w_hr)
    panels = (Panels(w_ih), Panels(w_hh), Panels(w_hr))
    return Arrays(w_ih, w_hh, b_ih, b_hh, w_hr, torch.from_numpy(w_ih).t(), panels)


def unroll(
    cell: Cell,
    weights: Arrays,
    x: Tensor,
    lengths: Sequence[int],
    initial: Activations | None,
    *,
    reverse: bool,
    strict: bool = False,
) -> dict[str, Array]:
    """As ``reference.unroll``, for ``lengths`` that fall. Raises RangeError if ``strict`` and a number overflows."""
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
    in_panels = is_long or weights.are_few
    is_outside = not in_panels or (is_long and torch.get_num_threads() > 1)  # PyTorch's product takes all threads
    if is_outside:
        inputs, into = x.detach().reshape(steps * batch, -1), torch.from_numpy(a.reshape(steps * batch, rows))
        torch.addmm(torch.from_numpy(bias), inputs, weights.w_ih_t, out=into)
    for_tiles = in_panels and batch >= SEQUENCES
    wanted = (not is_outside, for_tiles, for_tiles)
    taken = [each.take() if is_wanted else each.none for each, is_wanted in zip(weights.panels, wanted, strict=True)]
    panels_ih, panels_hh, panels_hr = taken
    from_inputs = (array_of(x), panels_ih, bias, gates if cell.gates else a)
    own = {"lstm": (weights.w_hr, panels_hr), "gru": (weights.b_hh,), "rnn": ()}[cell.name]
    through_time = (-1 if reverse else 1, np.array(lengths), *states, *outputs)
    are_finite = _KERNELS[cell](*from_inputs, weights.w_hh, panels_hh, *own, *through_time)
    for each, panels in zip(weights.panels, taken, strict=True):
        each.give_back(panels)
    activations = dict(zip(cell.activations, [*gates.transpose(2, 0, 1, 3), *outputs], strict=True))
    if strict and not are_finite:
        require_finite(activations, lengths, reverse=reverse)
    return activations


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


def aligned(*shape: int) -> Array:
    """An array that starts with a line of the cache, so that no vector of it lies across two."""
    size, line = math.prod(shape), CACHE_LINE // FLOAT_BYTES
    block = np.empty(size + line, np.float32)
    start = -block.ctypes.data % CACHE_LINE // FLOAT_BYTES
    return block[start : start + size].reshape(shape)


def array_of(tensor: Tensor) -> Array:
    """The numbers of a tensor, contiguous; its own memory wherever that is."""
    return tensor.detach().contiguous().numpy()
