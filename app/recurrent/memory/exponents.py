"""Numbers beyond the range of floats: groups, each with its own power of two."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

_FAR = 120  # binary places by which a float32 can be moved at once
_NOWHERE = -(1 << 40)  # in a sum, the exponent of a group of zeros: below any other


@dataclass(frozen=True)
class Scaled:
    """Groups of numbers, each times 2^exponent: a product of many matrices neither vanishes nor overflows.

    The largest number of a group lies between 1/2 and 1, or all are 0. Changing exponents is exact.
    """

    numbers: Tensor  # (*groups, ...)
    exponents: Tensor  # (*groups), int64

    @classmethod
    def of(cls, numbers: Tensor, exponents: Tensor) -> "Scaled":
        """Return ``numbers`` times 2^exponents, whatever their size."""
        largest = numbers.flatten(exponents.dim()).abs().amax(dim=-1)
        shifts = torch.frexp(largest).exponent
        near = shifts.clamp(-_FAR, _FAR)
        numbers = _moved(numbers, -near)
        if (near != shifts).any():
            numbers = _moved(numbers, near - shifts)
        return cls(numbers, exponents + shifts)

    def __add__(self, other: "Scaled") -> "Scaled":
        ours, theirs = self._exponents_of_numbers(), other._exponents_of_numbers()
        top = torch.maximum(ours, theirs)
        total = _moved(self.numbers, ours - top) + _moved(other.numbers, theirs - top)
        return Scaled.of(total, torch.where(top == _NOWHERE, 0, top))

    def aligned(self) -> "Scaled":
        """Return the same with one exponent for all groups along the last dimension of groups: these become numbers."""
        exponents = self._exponents_of_numbers()
        top = exponents.amax(dim=-1)
        return Scaled.of(_moved(self.numbers, exponents - top[..., None]), torch.where(top == _NOWHERE, 0, top))

    def to(self, dtype: torch.dtype) -> "Scaled":
        """Return the same with numbers of another type."""
        return Scaled(self.numbers.to(dtype), self.exponents)

    def _exponents_of_numbers(self) -> Tensor:
        """Return the exponents, with the lowest possible for groups of zeros."""
        return torch.where(self.numbers.flatten(self.exponents.dim()).any(dim=-1), self.exponents, _NOWHERE)

    def log10_norms(self) -> Tensor:
        """Return the base-10 logarithm of the norm of each group, (*groups) in float64; −∞ where all numbers are 0."""
        norms: Tensor = torch.linalg.vector_norm(self.numbers.flatten(self.exponents.dim()), dim=-1)
        return norms.double().log10() + self.exponents.double() * math.log10(2)


def _moved(numbers: Tensor, exponents: Tensor) -> Tensor:
    """Return ``numbers`` times 2^exponents; 0 where that underflows."""
    factors = torch.exp2(exponents.to(numbers.dtype))
    return numbers * factors.reshape(exponents.shape + (1,) * (numbers.dim() - exponents.dim()))
