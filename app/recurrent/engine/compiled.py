"""Unroll the cells by the compiled kernels: what ``stepped`` does, for float32 on the CPU."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import Parameter

from ..cells.cell import Activations, Cell, CellWeights
from ..overflow import require_finite
from . import products
from .edits import NO_EDITS, Edits
from .loop import kernel
from .matmul import FLOAT_BYTES, HALF, SEQUENCES, WIDTH

Array = NDArray[Any]

CACHE_LINE = 64  # bytes
# When copying weights into panels pays off:
LONG = 64  # from this many rows of inputs on
FEW = 2**15  # always, up to this many weights
REPEATED = 24  # for the recurrent weights, which every step reads, from this many steps on


class Panels:
    """Memory for a matrix in panels, kept from call to call: touching new pages takes longer than filling them."""

    def __init__(self, w: Array) -> None:
        self._w, self._free = w, list[Array]()
        self.none = aligned(0, w.shape[1], WIDTH)
        self.is_in_halves = len(w) % HALF == 0  # what is left of a panel costs one sequence more than it gains

    def take(self) -> Array:
        """Return the matrix as it is now in panels, for one call, which gives them back."""
        if len(self._w) == 0:
            return self.none
        try:
            panels = self._free.pop()
        except IndexError:
            panels = aligned(math.ceil(len(self._w) / WIDTH), self._w.shape[1], WIDTH)
        products.put_in_panels(self._w, panels)
        return panels

    def give_back(self, panels: Array) -> None:
        """Keep ``panels`` for the next call."""
        if len(panels) > 0:
            self._free.append(panels)


class Arrays(NamedTuple):
    """``CellWeights`` as the kernels read them: the tensors' own memory if it is contiguous, otherwise a copy."""

    w_ih: Array  # (blocks·H, E)
    w_hh: Array  # (blocks·H, P)
    b_ih: Array  # (blocks·H,); zeros where the module has no biases
    b_hh: Array  # (blocks·H,)
    w_hr: Array  # (P, H); (0, H) without a projection
    w_ch: Array  # (peepholes, H)
    w_ih_t: Tensor  # (E, blocks·H) for PyTorch's matrix product
    recurrent: tuple[Array, Array]  # w_hh without, and only, its last block, if the cell has a second row
    panels: tuple[Panels, Panels, Panels, Panels]  # of w_ih, recurrent and w_hr

    @property
    def are_few(self) -> bool:
        """Return whether putting the weights into panels always pays off."""
        return self.w_ih.size + self.w_hh.size <= FEW

    def are_finite(self) -> bool:
        """Return whether all weights are finite."""
        return bool(products.are_finite(*self[:6]))


def serves(tensor: Tensor) -> bool:
    """Return whether the kernels take the dtype, device and layout of ``tensor``."""
    return (
        tensor.dtype == torch.float32 and tensor.is_cpu and tensor.layout is torch.strided and holds_its_numbers(tensor)
    )


def holds_its_numbers(tensor: Tensor) -> bool:
    """Return whether a dense ``tensor`` has its storage: training code may free it to save memory.

    A subclass that wraps another tensor has no storage of its own, and counts as having it.
    """
    return tensor.data_ptr() != 0 or tensor.numel() == 0 or type(tensor) not in (Tensor, Parameter)


def is_finite(tensor: Tensor) -> bool:
    """Return whether all numbers of a tensor that the kernels take are finite."""
    return bool(products.is_finite(array_of(tensor).reshape(-1, tensor.shape[-1])))


def arrays_of(cell: Cell, weights: CellWeights) -> Arrays:
    """Return the arrays of one layer in one direction, whose weights the kernels must serve."""
    w_ih, w_hh = array_of(weights.w_ih), array_of(weights.w_hh)
    size = len(w_ih) // len(cell.blocks)
    no_bias, no_projection = np.zeros(len(w_ih), np.float32), np.empty((0, w_hh.shape[1]), np.float32)
    b_ih, b_hh = (no_bias if bias is None else array_of(bias) for bias in (weights.b_ih, weights.b_hh))
    w_hr = no_projection if weights.w_hr is None else array_of(weights.w_hr)
    w_ch = np.zeros((len(cell.peepholes), size), np.float32) if weights.w_ch is None else array_of(weights.w_ch)
    split = len(w_hh) - (size if cell.second_row else 0)
    recurrent = (w_hh[:split], w_hh[split:])
    panels = (Panels(w_ih), Panels(recurrent[0]), Panels(recurrent[1]), Panels(w_hr))
    return Arrays(w_ih, w_hh, b_ih, b_hh, w_hr, w_ch, torch.from_numpy(w_ih).t(), recurrent, panels)


def unroll(
    cell: Cell,
    weights: Arrays,
    x: Tensor,
    lengths: Sequence[int],
    initial: Activations | None,
    *,
    reverse: bool,
    strict: bool = False,
    edits: Edits = NO_EDITS,
) -> dict[str, Array]:
    """Return what ``stepped.unroll`` returns, for ``lengths`` in falling order.

    Raises RangeError if ``strict`` and a number overflows.
    """
    steps, batch, _ = x.shape
    rows, width = len(weights.w_ih), weights.w_hh.shape[1]
    size = rows // len(cell.blocks)
    sizes = {"c": size if "c" in cell.states else 0, "h": width}
    if initial is None:
        states = {letter: np.zeros((batch, width), np.float32) for letter, width in sizes.items()}
    else:
        none = np.empty((batch, 0), np.float32)
        states = {letter: array_of(initial[letter]).copy() if letter in cell.states else none for letter in sizes}
    is_in_place = "h" in cell.blocks  # the sums become h itself
    a, cells, *separate = allocate(steps, batch, [rows, sizes["c"], *([] if is_in_place else [width])])
    gates, hidden = a.reshape(steps, batch, len(cell.blocks), size), separate[0] if separate else a
    bias = weights.b_ih
    if cell.recurrence == "joined":
        with np.errstate(over="ignore"):
            bias = bias + weights.b_hh
    is_long = steps * batch >= LONG
    in_panels = is_long or weights.are_few
    is_shared = batch > 1 and x.stride(1) == 0  # all sequences have the same inputs: one product is enough
    is_outside = not in_panels or (is_long and torch.get_num_threads() > 1)  # PyTorch's product takes all threads
    inputs = x.detach()
    if is_shared:
        inputs = torch.addmm(torch.from_numpy(bias), inputs[:, 0], weights.w_ih_t)[:, None]
    elif is_outside:
        into = torch.from_numpy(a.reshape(steps * batch, rows))
        torch.addmm(torch.from_numpy(bias), inputs.reshape(steps * batch, -1), weights.w_ih_t, out=into)
    for_tiles = in_panels and batch >= SEQUENCES
    for_steps = weights.are_few or steps >= REPEATED
    of_inputs, *of_steps = weights.panels
    taken = [of_inputs.none if is_outside or is_shared else of_inputs.take()]
    taken += [each.take() if for_tiles or (for_steps and each.is_in_halves) else each.none for each in of_steps]
    panels_ih, panels_hh, panels_second, panels_hr = taken
    w_hh, w_second = weights.recurrent
    are_finite = kernel(cell)(
        *(array_of(inputs), panels_ih, bias, gates),
        *(w_hh, panels_hh, w_second, panels_second, weights.b_hh, weights.w_hr, panels_hr, weights.w_ch),
        *(-1 if reverse else 1, np.array(lengths), states["c"], states["h"], cells, hidden),
        *edits.in_float32(),
    )
    for each, panels in zip(weights.panels, taken, strict=True):
        each.give_back(panels)
    arrays: dict[str, Array] = dict(zip(cell.blocks, gates.transpose(2, 0, 1, 3), strict=True))
    arrays |= {"c": cells, "h": hidden}
    activations = {letter: arrays[letter] for letter in cell.activations}
    if strict and not are_finite:
        require_finite(activations, lengths, reverse=reverse)
    return activations


def allocate(steps: int, batch: int, widths: Sequence[int]) -> list[Array]:
    """Return an array (T, B, width) for each of ``widths``, in one block of memory.

    For a large block NumPy asks for huge pages, which PyTorch does not, and the first touch of that many ordinary pages
    can take as long as the arithmetic.
    """
    rows = steps * batch
    block, start, arrays = np.empty(rows * sum(widths), np.float32), 0, []
    for width in widths:
        stop = start + rows * width
        arrays.append(block[start:stop].reshape(steps, batch, width))
        start = stop
    return arrays


def aligned(*shape: int) -> Array:
    """Return an uninitialised array that starts on a cache line, so that none of its vectors straddles two lines."""
    size, line = math.prod(shape), CACHE_LINE // FLOAT_BYTES
    block = np.empty(size + line, np.float32)
    start = -block.ctypes.data % CACHE_LINE // FLOAT_BYTES
    return block[start : start + size].reshape(shape)


def array_of(tensor: Tensor) -> Array:
    """Return the numbers of a tensor, contiguous: its own memory if that is, otherwise a copy."""
    return tensor.detach().contiguous().numpy()
