"""Copies of tensors, and whether two hold the same bits."""

import ctypes
from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.nn.utils.rnn import PackedSequence

# The C library's: it reads both at the speed of the memory, three times that of torch.equal, and tells NaN from NaN.
_compare = (ctypes.CDLL("msvcrt") if hasattr(ctypes, "windll") else ctypes.CDLL(None)).memcmp
_compare.argtypes, _compare.restype = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t], ctypes.c_int

_WITH_MEMORY = {Tensor, Parameter}  # a subclass may have none of its own


def is_same(one: Tensor, other: Tensor) -> bool:
    """Return whether two tensors have the same shape, dtype, device and bits."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    if one.is_cpu and other.is_cpu and one.is_contiguous() and other.is_contiguous() and type(one) in _WITH_MEMORY:
        return bool(_compare(one.data_ptr(), other.data_ptr(), one.nbytes) == 0)
    if one.device != other.device:
        return False
    flat = (each.detach().contiguous().reshape(-1).view(torch.uint8) for each in (one, other))
    return torch.equal(*flat)


def copied(tensor: Tensor) -> Tensor:
    """Return a copy on the CPU, without gradients."""
    return tensor.detach().clone() if tensor.is_cpu else tensor.detach().to("cpu", copy=True)


def copied_input(x: Tensor | PackedSequence) -> Tensor | PackedSequence:
    """Return a copy of what a module takes or returns."""
    if isinstance(x, Tensor):
        return copied(x)
    indices = (None if each is None else copied(each) for each in (x.sorted_indices, x.unsorted_indices))
    return PackedSequence(copied(x.data), x.batch_sizes.clone(), *indices)


def size_of(tensors: Iterable[Tensor | PackedSequence]) -> int:
    """Return how many bytes the numbers of ``tensors`` take."""
    return sum(each.nbytes if isinstance(each, Tensor) else each.data.nbytes for each in tensors)
