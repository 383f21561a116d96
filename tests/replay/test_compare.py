"""The comparison finds what would break a client, and allows what would not."""

from typing import Any

import pytest

from .compare import ANY_COUNT, ANY_NUMBER, ANY_TEXT, WEAK_TAG, differences, header_differences
from .shapes import shape

RECORDED = {
    "model": "a",
    "steps": 2,
    "alpha": 1.0,
    "known": True,
    "half_life": None,
    "rows": [[0.5, None]],
    "detail": "x",
}


@pytest.mark.parametrize(
    "changed",
    [
        {"another": 1},
        {"rows": [[0.5 + 4e-6, None]]},
        {"detail": "Better said."},
        {"alpha": 1},
    ],
)
def test_allowed(changed: dict[str, Any]) -> None:
    assert differences(RECORDED, RECORDED | changed) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"model": "b"},
        {"steps": 3},
        {"steps": 2.0},
        {"steps": "2"},
        {"known": 1},
        {"alpha": True},
        {"alpha": None},
        {"half_life": 0},
        {"rows": [[0.5005, None]]},
        {"rows": [[0.5, 0.0]]},
        {"rows": [[0.5]]},
        {"rows": [[0.5, None], [0.5, None]]},
        {"rows": None},
        {"detail": ""},
        {"detail": None},
    ],
)
def test_refused(changed: dict[str, Any]) -> None:
    assert len(differences(RECORDED, RECORDED | changed)) == 1


@pytest.mark.parametrize("name", RECORDED)
def test_missing_name_is_refused(name: str) -> None:
    assert differences(RECORDED, {key: value for key, value in RECORDED.items() if key != name}) == [
        f".{name}: is missing"
    ]


def test_stand_ins() -> None:
    recorded = [ANY_NUMBER, ANY_COUNT, ANY_TEXT, WEAK_TAG]
    assert differences(recorded, [0.25, 3, "a", 'W/"0f"']) == []
    assert len(differences(recorded, [float("inf"), 0, "", '"0f"'])) == 4
    assert len(differences(recorded, ["1", 1.5, None, None])) == 4


def test_headers_are_those_that_were_recorded() -> None:
    recorded = {"vary": "Accept", "content-length": ANY_TEXT}
    assert header_differences(recorded, {"vary": "Accept", "content-length": "9"}) == []
    assert len(header_differences(recorded, {"vary": "Origin", "content-length": "9"})) == 1
    assert len(header_differences(recorded, {"content-length": "9"})) == 1
    assert len(header_differences(recorded, {**recorded, "x-new": "1"})) == 1


def test_shape_has_names_sizes_and_kinds() -> None:
    value = {"a": [[1.0, None], [2.0, 3.0]], "b": [1, 2], "c": [{"d": "x"}, {"d": "y"}], "e": [[1.0], []], "f": []}
    assert shape(value) == {
        "a": "float[2, 2]",
        "b": "int[2]",
        "c": {"count": 2, "each": {"d": "str"}},
        "e": ["float[1]", {"count": 0, "each": "nothing"}],
        "f": {"count": 0, "each": "nothing"},
    }
