"""The model card."""

import jinja2
import pytest
from gatescope.training.card import card


def test_a_fact_that_is_missing_is_named() -> None:
    with pytest.raises(jinja2.UndefinedError, match=r"^'title' is undefined$"):
        card({})
