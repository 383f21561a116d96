"""How far back a layer remembers: how its states depend on earlier states and inputs.

A derivative over many steps is a product of one-step Jacobians. Steps are counted in the order in which they are taken.
Logarithms are base-10, and −∞ where a derivative is 0.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..precision import in_full_precision
from .exponents import Scaled
from .jacobians import LayerJacobians

Array = NDArray[np.float64]
By = Literal["state", "input"]
Block = tuple[int, int, Array]

SHORT = 8  # steps whose products are all computed
_TOGETHER = 1 << 22  # numbers of these products that are carried back together, if a step's are no more
_LEAST = {torch.float32: 1e-3, torch.float64: 1e-5}  # a squared norm, relative to its bound, that keeps enough digits


def norms(jacobians: LayerJacobians, by: By = "state") -> Array:
    """Return the logarithms (T, T) of ‖∂s_t/∂s_k‖, or by input of ‖∂h_t/∂x_k‖, in row t, column k; NaN for k > t.

    Norms are Frobenius norms. Those by input are comparable between cells whose states differ. The numbers of a
    derivative share a power of two: where a unit's is below about 10⁻³⁰⁰ (float64; 10⁻³⁸ in float32) of the largest
    unit's, it counts as 0. This holds for the derivatives, too, whose product another is.
    """
    logarithms = np.full((len(jacobians), len(jacobians)), math.nan)
    for t, k, block in norm_blocks(jacobians, by):
        logarithms[t : t + block.shape[0], k : k + block.shape[1]] = block
    return logarithms


@in_full_precision
def norm_blocks(jacobians: LayerJacobians, by: By = "state") -> Iterator[Block]:
    """Yield ``norms`` block by block, each with its first row and column, as soon as it is computed.

    Steps on either side of a cut m have the derivative ∂s_t/∂s_m · ∂s_m/∂s_k = L_t R_k, whose squared norm is the inner
    product ⟨L_tᵀ L_t, R_k R_kᵀ⟩: it takes the Gram matrix of every L_t and R_k instead of the product of every pair.
    Cutting in halves makes O(T·log T) products of S × S matrices, and holds O(T) of them.
    """
    yield from _blocks(jacobians, by, 0, len(jacobians))


def _blocks(jacobians: LayerJacobians, by: By, start: int, stop: int) -> Iterator[Block]:
    """Yield the blocks of the steps from ``start`` to ``stop``."""
    if stop - start <= SHORT:
        yield start, start, _all_products(jacobians, by, start, stop)
        return
    middle = (start + stop) // 2
    yield from _blocks(jacobians, by, start, middle)
    yield from _blocks(jacobians, by, middle, stop)
    left, right = _after(jacobians, middle, stop), _before(jacobians, start, middle)
    if by == "input":
        left = [_only_h(jacobians, each) for each in left]
        right = [_to_inputs(jacobians, each, start + at) for at, each in enumerate(right)]
    yield middle, start, _norms_of_products(left, right)


def _after(jacobians: LayerJacobians, middle: int, stop: int) -> list[Scaled]:
    """Return L_t = ∂s_t/∂s_m (S, S), m = ``middle`` − 1, for the steps t from ``middle`` to ``stop``."""
    products = [_identity(jacobians)]
    for t in range(middle, stop):
        product = jacobians.from_states(products[-1].numbers, t)
        products.append(Scaled.of(product, products[-1].exponents + jacobians.exponent(t)))
    return products[1:]


def _before(jacobians: LayerJacobians, start: int, middle: int) -> list[Scaled]:
    """Return R_k = ∂s_m/∂s_k (S, S), m = ``middle`` − 1, for the steps k from ``start`` to ``middle``."""
    products = [_identity(jacobians)]
    for k in reversed(range(start + 1, middle)):
        product = jacobians.to_states(products[-1].numbers, k)
        products.append(Scaled.of(product, products[-1].exponents + jacobians.exponent(k)))
    return products[::-1]


def _identity(jacobians: LayerJacobians) -> Scaled:
    identity = jacobians.identity()
    return Scaled(identity, identity.new_zeros((), dtype=torch.int64))


def _only_h(jacobians: LayerJacobians, products: Scaled) -> Scaled:
    """Return ∂s_t/∂s_k (..., S, S) without the rows of c."""
    return Scaled.of(products.numbers[..., : jacobians.hidden, :], products.exponents)


def _to_inputs(jacobians: LayerJacobians, products: Scaled, k: int) -> Scaled:
    """Return ∂s_t/∂s_k (..., S), carried on to x_k: (..., E)."""
    return Scaled.of(jacobians.to_inputs(products.numbers, k), products.exponents + jacobians.exponent(k))


def _norms_of_products(left: Sequence[Scaled], right: Sequence[Scaled]) -> Array:
    """Return the logarithms of the norms of L_t R_k, in row t and column k."""
    by_left = _grams([each.numbers.mT for each in left])
    by_right = _grams([each.numbers for each in right])
    squares = by_left @ by_right.mT
    bounds = torch.outer(by_left.norm(dim=1), by_right.norm(dim=1))
    of_left, of_right = (torch.stack([each.exponents for each in side]) for side in (left, right))
    exponents = of_left[:, None] + of_right
    logarithms = squares.double().log10() / 2 + exponents.double() * math.log10(2)
    # Where the result is far below the bound, digits have cancelled: there, and at zeros, take the product itself.
    for t, k in (squares <= _LEAST[squares.dtype] * bounds).nonzero().tolist():
        logarithms[t, k] = Scaled.of(left[t].numbers @ right[k].numbers, exponents[t, k]).log10_norms()
    return logarithms.numpy()


def _grams(matrices: Sequence[Tensor]) -> Tensor:
    """Return M Mᵀ of each of n matrices (S, ·), flattened: (n, S²)."""
    size = len(matrices[0])
    grams = matrices[0].new_empty(len(matrices), size, size)
    for matrix, gram in zip(matrices, grams, strict=True):
        torch.mm(matrix, matrix.mT, out=gram)
    return grams.flatten(1)


def _all_products(jacobians: LayerJacobians, by: By, start: int, stop: int) -> Array:
    """Return the logarithms (n, n) of the norms of the products of every pair of n steps."""
    logarithms = np.full((stop - start, stop - start), math.nan)
    size = _together(jacobians.states)
    for first in range(start, stop, size):
        targets = range(first, min(first + size, stop))
        for k, products in _products(jacobians, targets, start, by):
            if by == "input":
                products = _to_inputs(jacobians, products, k)
            logarithms[max(k, first) - start : targets.stop - start, k - start] = products.log10_norms().numpy()
    return logarithms


def _together(states: int) -> int:
    """Return of how many steps the products (S, S) are carried back together."""
    return max(1, min(SHORT, _TOGETHER // states**2))


def numbers_held(states: int, steps: int) -> int:
    """Return about how many numbers the norms of n ``steps`` of S ``states`` hold at a time, without the Jacobians."""
    halves = 2 * steps if steps > SHORT else 0  # L and R, and their Gram matrices
    return max(halves, 3 * min(steps, _together(states))) * states**2


def _products(jacobians: LayerJacobians, targets: range, start: int, by: By = "state") -> Iterator[tuple[int, Scaled]]:
    """Yield each step k from the last target back to ``start``, with ∂s_t/∂s_k (n, S, S) of the targets from k on.

    By input, only the rows of h: ∂h_t/∂s_k (n, H, S).
    """
    identity = _identity(jacobians)
    if by == "input":
        identity = _only_h(jacobians, identity)
    products = Scaled(identity.numbers.new_empty(0, *identity.numbers.shape), identity.exponents.new_empty(0))
    for k in reversed(range(start, targets.stop)):
        if k in targets:
            products = Scaled(
                torch.cat([identity.numbers[None], products.numbers]),
                torch.cat([identity.exponents[None], products.exponents]),
            )
        yield k, products
        if k > start:
            carried = jacobians.to_states(products.numbers, k)
            products = Scaled.of(carried, products.exponents + jacobians.exponent(k))


@in_full_precision
def spectral_norms(jacobians: LayerJacobians, t: int) -> Iterator[float]:
    """Yield the logarithms of the largest singular values of ∂s_t/∂s_k, k = t, t − 1 … 0, by eigenvalues of ∂ ∂ᵀ."""
    for _, products in _products(jacobians, range(t, t + 1), 0):
        numbers = products.numbers.double()
        numbers = numbers.where(
            numbers.abs() > 1e-100, 0
        )  # negligible next to 1/2 or more, and eigvalsh may return NaN for them
        [square] = torch.linalg.eigvalsh(numbers @ numbers.mT)[:, -1].clamp(min=0)
        yield (square.log10() / 2 + products.exponents[0].double() * math.log10(2)).item()


def kept_norms(log_kept: Tensor) -> Array:
    """Return the logarithms (T, T) of the norms of ∏ f_j, k < j <= t, over all units, at (t, k); NaN for k > t.

    This is ‖∂c_t/∂c_k‖ of an LSTM with its gates and candidate held constant; of a GRU, with z in the place of f,
    ‖∂h_t/∂h_k‖ in the same way. ``log_kept`` (T, H) holds the natural logarithms of the gate.
    """
    sums = log_kept.cumsum(dim=0)
    logarithms = np.full((len(sums), len(sums)), math.nan)
    for t in range(len(sums)):
        logarithms[t, : t + 1] = torch.logsumexp(2 * (sums[t] - sums[: t + 1]), dim=-1) / (2 * math.log(10))
    return logarithms
