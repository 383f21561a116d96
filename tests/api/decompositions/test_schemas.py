"""The shape of a request: what is wrong with a field is said with its place."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from .asking import refused


@pytest.mark.parametrize(
    ("options", "where"),
    [
        ({"parts": ["weights"]}, "parts.0"),
        ({"parts": []}, "parts"),
        ({"parts": ["new", "new"]}, "parts"),
        ({"output": []}, "output"),
        ({"output": [0, 1, 2]}, "output"),
        ({"output": [-1]}, "output.0"),
        ({"output": 0}, "output"),
        ({"direction": "up"}, "direction"),
        ({"layer": "0"}, "layer"),
        ({"source": -1}, "source"),
        ({"colour": "red"}, "colour"),
        ({"encoding": "float"}, "encoding"),
    ],
)
def test_a_field_that_is_wrong_is_named(api: TestClient, options: dict[str, Any], where: str) -> None:
    status, kind, detail = refused(api, **options)
    assert (status, kind) == (422, "invalid-request")
    assert detail.startswith(f"{where}: ")
