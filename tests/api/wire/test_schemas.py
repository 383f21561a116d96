"""The fields that requests share."""

from typing import Any

import pytest
from gatescope.api.wire.schemas import StepOptions
from pydantic import ValidationError


def test_everything_but_the_text_has_a_default() -> None:
    options = StepOptions(text="a 🙂 \ufeff")
    assert (options.text, options.layers, options.start, options.stop) == ("a 🙂 \ufeff", None, 0, None)


@pytest.mark.parametrize(
    ("fields", "place", "message"),
    [
        (
            {"text": "ab\udc00"},
            ("text",),
            "character 2 is a lone surrogate (half of a UTF-16 pair); send whole characters",
        ),
        ({"layers": [1, 0, 1]}, ("layers",), "1 is listed twice"),
        ({"layers": []}, ("layers",), "List should have at least 1 item after validation, not 0"),
        ({"layers": [-1, -2]}, ("layers", 0), "Input should be greater than or equal to 0"),
        ({"start": -1}, ("start",), "Input should be greater than or equal to 0"),
        ({"stop": 0}, ("stop",), "Input should be greater than or equal to 1"),
        ({"colour": 1}, ("colour",), "Extra inputs are not permitted"),
    ],
    ids=str,
)
def test_a_wrong_field_is_named(fields: dict[str, Any], place: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        StepOptions(**{"text": "a", **fields})
    [error] = refused.value.errors()
    assert (error["loc"], error["msg"].removeprefix("Value error, ")) == (place, message)
