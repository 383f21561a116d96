"""The order of units, against loops over plain floats."""

import math

import numpy as np
import pytest
from gatescope.recurrent.unit_order import UNIT_ORDERS, unit_order

# Units 0 and 3 move together, unit 1 moves the most, unit 2 against 0.
SMALL = np.array([[0.1, -0.9, 0.4, 0.2], [0.2, 0.9, 0.3, 0.4], [0.4, -0.9, 0.1, 0.8]], dtype=np.float32)
LARGE = np.random.default_rng(7).normal(size=(9, 40)).astype(np.float32)


def by_loops(state: np.ndarray, by: str, at: int) -> list[int]:
    """The same order, number by number."""
    columns = [[float(value) for value in column] for column in state.T]
    moved = [[value - sum(column) / len(column) for value in column] for column in columns]
    units = range(len(columns))
    if by == "index":
        return list(units)
    if by == "value":
        return sorted(units, key=lambda unit: -columns[unit][at])
    lengths = [math.sqrt(math.fsum(value * value for value in each)) for each in moved]
    if by == "variance":
        return sorted(units, key=lambda unit: -lengths[unit])

    def cosine(a: int, b: int) -> float:
        return math.fsum(x * y for x, y in zip(moved[a], moved[b], strict=True)) / lengths[a] / lengths[b]

    order = [max(units, key=lambda unit: lengths[unit])]
    while left := set(units) - set(order):
        order.append(max(left, key=lambda unit: cosine(order[-1], unit)))
    return order


@pytest.mark.parametrize("by", UNIT_ORDERS)
@pytest.mark.parametrize("state", [SMALL, LARGE], ids=["small", "large"])
def test_every_order_is_that_of_a_loop(state: np.ndarray, by: str) -> None:
    for at in (0, 1, -1):
        assert unit_order(state, by, at).tolist() == by_loops(state, by, at)  # type: ignore[arg-type]


def test_the_orders_of_a_small_layer() -> None:
    assert unit_order(SMALL, "value", 0).tolist() == [2, 3, 0, 1]
    assert unit_order(SMALL, "variance").tolist() == [1, 3, 2, 0]
    assert unit_order(SMALL, "similarity").tolist()[0] == 1


def test_of_equal_units_the_lower_number_comes_first() -> None:
    still = np.full((3, 5), 0.5, dtype=np.float32)
    for by in UNIT_ORDERS:
        assert unit_order(still, by).tolist() == [0, 1, 2, 3, 4]
