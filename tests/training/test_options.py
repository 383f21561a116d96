"""The options of a run: their ranges, and that each is one of a recipe or of a network."""

from dataclasses import fields
from typing import Any

import pytest
from gatescope.training.options import RANGES, Options
from gatescope.training.trainer import Recipe


def test_only_what_was_asked_for_is_given() -> None:
    assert Options().given() == {}
    assert Options(epochs=3, patience=0, forget_bias=-1.5).given() == {"epochs": 3, "patience": 0, "forget_bias": -1.5}


def test_every_option_has_a_range_and_replaces_something() -> None:
    names = {each.name for each in fields(Options)}
    assert names == RANGES.keys()
    assert names - {each.name for each in fields(Recipe)} == {"hidden"}


@pytest.mark.parametrize(
    ("name", "least", "most", "message"),
    [
        ("hidden", 1, 4_096, "from 1 to 4,096"),
        ("epochs", 1, 10_000, "from 1 to 10,000"),
        ("patience", 0, 10_000, "from 0 to 10,000"),
        ("learning_rate", 1e-6, 1.0, "from 1e-06 to 1"),
        ("forget_bias", -100.0, 100.0, "from -100 to 100"),
        ("chrono", 0, 1_000_000, "from 0 to 1,000,000"),
    ],
)
def test_a_value_outside_its_range_is_refused(name: str, least: float, most: float, message: str) -> None:
    for value in (least, most):
        Options(**{name: value})  # type: ignore[arg-type]
    wrong: list[Any] = [least - 1, most + 1, float("nan")]
    for value in wrong:
        with pytest.raises(ValueError, match=f"^{name} is {value}: it must be {message}$"):
            Options(**{name: value})
