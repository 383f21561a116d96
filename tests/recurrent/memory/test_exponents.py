"""Numbers beyond the range of floats, against exact arithmetic."""

import math
from fractions import Fraction

import pytest
import torch
from gatescope.recurrent.memory.exponents import Scaled
from hypothesis import example, given
from hypothesis import strategies as st

DTYPES = {torch.float32: 24, torch.float64: 53}  # and their digits

numbers = st.tuples(st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(-2000, 2000))
dtypes = st.sampled_from(sorted(DTYPES, key=str))


def scaled(number: tuple[float, int], dtype: torch.dtype) -> Scaled:
    value, exponent = number
    return Scaled.of(torch.tensor([[value]], dtype=dtype), torch.tensor([exponent]))


def exact(number: tuple[float, int]) -> Fraction:
    value, exponent = number
    return Fraction(value) * Fraction(2) ** exponent


def log10(number: Fraction) -> float:
    return math.log10(number.numerator) - math.log10(number.denominator) if number else -math.inf


@given(numbers, dtypes)
@example((2.0**-149, 0), torch.float32)
def test_a_number_is_moved_into_range_without_loss(number: tuple[float, int], dtype: torch.dtype) -> None:
    moved = scaled(number, dtype)
    assert exact((moved.numbers.item(), int(moved.exponents))) == exact(number)
    assert moved.log10_norms().item() == pytest.approx(log10(abs(exact(number))), abs=1e-6)


@given(numbers, numbers, dtypes)
def test_a_sum_is_exact_to_the_digits_of_the_larger(
    one: tuple[float, int], other: tuple[float, int], dtype: torch.dtype
) -> None:
    total = scaled(one, dtype) + scaled(other, dtype)
    error = exact((total.numbers.item(), int(total.exponents))) - exact(one) - exact(other)
    larger = max(abs(exact(one)), abs(exact(other)))
    assert abs(error) <= larger * Fraction(2) ** -(DTYPES[dtype] - 1)


@given(st.floats(allow_nan=False, allow_infinity=False), dtypes)
@example(2.0**-1074, torch.float64)
@example(2.0**-740, torch.float64)
@example(2.0**1023, torch.float64)
@example(2.0**-149, torch.float32)
def test_the_largest_number_of_a_group_is_between_a_half_and_1(value: float, dtype: torch.dtype) -> None:
    number = torch.tensor([value]).to(dtype) if abs(value) < torch.finfo(dtype).max else torch.ones(1, dtype=dtype)
    moved = Scaled.of(number, torch.tensor(0))
    assert moved.numbers.item() == math.frexp(number.item())[0]
    assert int(moved.exponents) == math.frexp(number.item())[1]


def test_groups_have_exponents_of_their_own() -> None:
    groups = torch.tensor([[[3.0, 4.0], [0.0, 0.0]], [[6.0, 8.0], [1e-30, 0.0]]])
    scaled_groups = Scaled.of(groups, torch.tensor([[400, 7], [-400, 0]]))
    shift = 400 * math.log10(2)
    expected = [[math.log10(5) + shift, -math.inf], [1 - shift, -30]]
    torch.testing.assert_close(scaled_groups.log10_norms(), torch.tensor(expected, dtype=torch.float64))
