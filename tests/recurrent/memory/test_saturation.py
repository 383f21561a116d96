"""The two bounds of saturation, by hand."""

import numpy as np
from gatescope.recurrent.memory.saturation import is_open, is_shut


def test_a_gate_is_saturated_strictly_beyond_the_bounds() -> None:
    gate = np.array([[0.0, 0.0999, 0.1, 0.5], [0.9, 0.9001, 1.0, 0.1001]])
    np.testing.assert_array_equal(is_shut(gate), [[True, True, False, False], [False] * 4])
    np.testing.assert_array_equal(is_open(gate), [[False] * 4, [False, True, True, False]])
