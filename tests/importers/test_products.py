"""The product of inputs and a weight, of which only some rows are there in float64 at a time."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from gatescope.importers.products import ROWS, products


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("rows", [1, ROWS, 2 * ROWS + 3])
def test_it_is_that_of_all_rows_at_once_in_float64(rows: int, dtype: Any) -> None:
    random = np.random.default_rng(0)
    weight, x = random.standard_normal((rows, 5)).astype(dtype), random.standard_normal((7, 5))
    found = products(weight, x)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, np.einsum("te,re->tr", x, weight.astype(np.float64)), atol=1e-13)


def test_a_large_weight_is_never_whole_in_float64() -> None:
    weight, x = np.ones((20 * ROWS, 400), np.float32), np.ones((2, 400))
    tracemalloc.start()
    try:
        products(weight, x)
        assert tracemalloc.get_traced_memory()[1] < weight.nbytes / 4
    finally:
        tracemalloc.stop()
