"""What an address says of the first picture: every field is read, written and checked."""

from typing import Any
from urllib.parse import parse_qsl

import pytest
from gatescope.recurrent.edits.data import edits_from
from gatescope.web.look import Look
from hostile import HOSTILE
from pydantic import ValidationError

FIELDS: dict[str, tuple[str, Any]] = {
    "model": ("sentiment-gru", "sentiment-gru"),
    "text": ("not good", "not good"),
    "example": ("2", 2),
    "compare": ("text", "text"),
    "other": ("not bad", "not bad"),
    "edits": ('i@3=0;!@1:swap="a;b"', 'i@3=0;!@1:swap="a;b"'),
    "layer": ("1", 1),
    "step": ("3", 3),
    "unit": ("0", 0),
    "start": ("40", 40),
    "chapter": ("3", 3),
    "present": ("1", "1"),
    "width": ("1320", 1320),
    "height": ("640", 640),
}


def test_every_field_is_tried() -> None:
    assert FIELDS.keys() == Look.model_fields.keys()


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_is_read(name: str) -> None:
    written, value = FIELDS[name]
    look, wrong = Look.of({name: written})
    assert (getattr(look, name), wrong) == (value, [])


def test_a_unit_is_of_the_first_layer_where_no_layer_is_named() -> None:
    """As it was before there was a first screen."""
    assert Look(unit=4).shown_layer == 0
    assert Look(unit=4, layer=2).shown_layer == 2
    assert Look(step=4).shown_layer is None


def test_what_the_address_leaves_out_is_left_to_the_server() -> None:
    look, wrong = Look.of({})
    assert (look, wrong) == (Look(), [])
    assert (look.text, look.step, look.start, look.applied) == (None, None, 0, ())


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("step", "-1"),
        ("step", "1000000"),
        ("unit", "x"),
        ("layer", "1.5"),
        ("start", ""),
        ("edits", "i@3"),
        ("edits", "i=0;!f"),
        ("edits", "!"),
        ("width", "199"),
        ("width", "4001"),
        ("height", "299"),
        ("height", "1601"),
        ("height", "NaN"),
        ("present", "yes"),
        ("example", "0"),
        ("example", "some"),
    ],
)
def test_a_field_that_makes_no_sense_is_named_and_ignored(name: str, written: str) -> None:
    look, wrong = Look.of({"text": "good", name: written, "nope": "1"})
    assert wrong == [f"{name}={written}"]
    assert look == Look(text="good")
    with pytest.raises(ValidationError):
        Look.model_validate({name: written})


@pytest.mark.parametrize(("name", "ends"), [("width", (200, 4000)), ("height", (300, 1600))])
def test_the_ends_of_sizes_are_allowed(name: str, ends: tuple[int, int]) -> None:
    for size in ends:
        look, wrong = Look.of({name: str(size)})
        assert (getattr(look, name), wrong) == (size, [])


def test_several_fields_that_make_no_sense_are_named_once_each() -> None:
    look, wrong = Look.of({"step": "x", "text": "good", "edits": "?", "unit": "2"})
    assert wrong == ["edits=?", "step=x"]
    assert look == Look(text="good", unit=2)


def test_only_edits_that_are_on_are_made() -> None:
    look = Look(edits="!i@3=0;f@1=0.5")
    assert look.applied == edits_from([{"letter": "f", "steps": [1], "hold": 0.5}])


def test_an_address_holds_what_was_said_and_no_sizes() -> None:
    look, _ = Look.of({name: written for name, (written, _) in FIELDS.items()})
    address = dict(parse_qsl(look.address()[1:], keep_blank_values=True))
    unsaid = {"text": None, "width": None, "height": None}  # an example stands for the text
    assert address == {name: written for name, (written, _) in FIELDS.items() if name not in unsaid}
    assert Look.of(address)[0] == look.model_copy(update=unsaid)
    assert Look(model="m", text="a b", step=0).address() == "?model=m&text=a+b&step=0"


def test_an_address_changes_what_it_is_told_to() -> None:
    look = Look(model="m", text="a", edits="i=0", step=2)
    assert look.address(edits="", step=5, unit=None) == "?model=m&text=a&step=5"


@pytest.mark.parametrize("hostile", HOSTILE)
def test_an_address_holds_any_text(hostile: str) -> None:
    address = Look(model="m", text=hostile).address(other=hostile)
    assert not set("<>\"' ") & set(address)
    assert dict(parse_qsl(address[1:])) == {"model": "m", "text": hostile, "other": hostile}
