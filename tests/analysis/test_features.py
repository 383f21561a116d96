"""A feature of the tokens of a text."""

import dataclasses

import numpy as np
import pytest
from gatescope.analysis.features import Feature


def test_a_feature_keeps_its_values_and_cannot_be_given_others() -> None:
    values = np.array([0.0, 1.0, np.nan])
    feature = Feature("bracket depth", values)
    assert feature.values is values
    assert feature == feature
    assert feature != Feature("bracket depth", values)
    with pytest.raises(dataclasses.FrozenInstanceError):
        feature.values = values + 1  # type: ignore[misc]
