"""The row of a unit that tracks something: the right unit, and its activation as high as it is."""

import numpy as np
import pytest
from gatescope.figures.unit_row import TALL, heights_of, values_of

from .pictures import shipped, subject, traced


@pytest.mark.parametrize("name", ["prose-lstm", "agreement-lstm", "code-lstm"])
def test_it_is_a_named_unit_that_moves_and_tracks_well(name: str) -> None:
    text = shipped(name).config.examples[0]
    unit = subject(name, text).unit
    if unit is None:
        pytest.fail(f"no unit of {name} moves in its first example")
    assert unit in shipped(name).config.units
    assert unit.score >= 0.8
    values = traced(name, text)[0].layer(unit.layer, unit.direction)[unit.activation][:, unit.unit]
    of = values_of(subject(name, text))
    assert of is not None
    np.testing.assert_allclose(of, unit.sign * values.astype(np.float64))
    heights = heights_of(of, 100.0)
    np.testing.assert_allclose((100.0 + TALL / 2 - heights) / (TALL / 2), of / np.abs(of).max(), atol=1e-12)


@pytest.mark.parametrize("name", ["sentiment-lstm", "brackets-lstm", "prose-rnn"])
def test_where_bands_push_or_nothing_is_carried_there_is_none(name: str) -> None:
    assert subject(name, shipped(name).config.examples[0]).unit is None
