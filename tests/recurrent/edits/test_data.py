"""The data form: what it reads and writes, and what it refuses, in which words."""

import json
from typing import Any

import gatescope
import numpy as np
import pytest
import torch
from gatescope import Edit, EditError, hold
from gatescope.recurrent.edits import OPERATIONS
from gatescope.recurrent.edits.data import edits_from, edits_from_json, schema
from gatescope.recurrent.edits.short_form import from_short_form, short_form
from hypothesis import given
from hypothesis import strategies as st

OF_THE_DOCUMENTATION = [
    {"letter": "i", "steps": [3], "hold": 0},
    {"letter": "i", "scale": 0.5},
    {"letter": "g", "add": -0.1},
    {"letter": "c", "units": [62], "ablate": "zero"},
    {"letter": "h", "units": [3], "steps": [5], "patch": {"text": "…", "step": 5}},
    {"freeze": True, "steps": [4]},
    {"couple": True},
    {"steps": [2], "swap": "good"},
]

numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
indices = st.lists(st.integers(0, 40), min_size=1, max_size=6, unique=True)
texts = st.text(st.characters(codec="utf-8"), max_size=8)


@st.composite
def any_edit(draw: st.DrawFn) -> dict[str, Any]:
    """Any edit in the data form."""
    name = draw(st.sampled_from(sorted(OPERATIONS)))
    data: dict[str, Any] = {
        "steps": draw(st.none() | indices),
        "sequences": draw(st.none() | indices),
    }
    fields = OPERATIONS[name].fields
    if "letter" in fields:
        data["letter"] = draw(st.none() | st.sampled_from("ifgocrznh"))
    if "layer" in fields:
        data |= {"layer": draw(st.none() | st.integers(0, 9)), "units": draw(st.none() | indices)}
        data["direction"] = draw(st.sampled_from([None, "forward", "backward"]))
    value: Any = True
    if name in ("hold", "scale", "add"):
        count = len(data["units"] or [])
        value = draw(numbers | st.lists(numbers, min_size=count, max_size=count) if count else numbers)
    elif name == "ablate":
        value = draw(st.sampled_from(["zero", "mean"]))
    elif name == "patch":
        value = {"text": draw(texts), "step": draw(st.none() | st.integers(0, 9))}
    elif name == "swap":
        value = draw(texts)
    return {**data, name: value}


@given(st.lists(any_edit(), max_size=5))
def test_edits_come_back_from_the_data_form_and_from_the_short_form(data: list[dict[str, Any]]) -> None:
    edits = edits_from(data)
    written = [each.to_dict() for each in edits]
    assert edits_from(written) == edits == edits_from_json(json.dumps(written))
    assert from_short_form(short_form(edits)) == edits


@given(st.text('i@3=0;:[]{}"\\~.,-hold', max_size=20))
def test_a_short_form_is_read_or_refused(text: str) -> None:
    try:
        edits = from_short_form(text)
    except EditError:
        return
    assert from_short_form(short_form(edits)) == edits


def test_all_examples_of_the_documentation_are_read() -> None:
    assert [each.to_dict() for each in edits_from(OF_THE_DOCUMENTATION)] == OF_THE_DOCUMENTATION
    assert short_form(edits_from(OF_THE_DOCUMENTATION)) == (
        'i@3=0;i:scale=0.5;g:add=-0.1;c[62]:ablate="zero";h[3]@5:patch={"text":"\\u2026","step":5};@4:freeze;:couple;'
        '@2:swap="good"'
    )


def test_the_constructors_say_the_same() -> None:
    g = gatescope
    made = [
        g.hold("i", 0, steps=[3]),
        g.scale("i", 0.5),
        g.add("g", -0.1),
        g.ablate("c", units=[62]),
        g.patch("h", "…", 5, units=[3], steps=[5]),
        g.freeze(steps=[4]),
        g.couple(),
        g.swap("good", steps=[2]),
    ]
    assert made == list(edits_from(OF_THE_DOCUMENTATION))


def test_indices_may_be_ranges_and_values_arrays() -> None:
    of_list = Edit.from_dict({"letter": "i", "units": [1, 3, 4, 5], "steps": [3, 4, 5, 6, 7], "hold": [1, 2, 3, 4]})
    assert of_list == Edit.from_dict({"letter": "i", "units": "1,3-5", "steps": "3-7", "hold": [1, 2, 3, 4]})
    for values in (np.array([1, 2, 3, 4]), torch.tensor([1.0, 2, 3, 4])):
        assert of_list == hold("i", values, units=np.array([1, 3, 4, 5]), steps=range(3, 8))


REFUSED = [
    (
        {"letter": "i"},
        f"edits[0]: there is no operation: add one of {', '.join(OPERATIONS)}",
    ),
    (
        {"letter": "i", "hold": 0, "scale": 1},
        "edits[0]: there are 2 operations, hold and scale: an edit has one; make two edits",
    ),
    (
        {"lettre": "i", "hold": 0},
        "edits[0].lettre: there is no such field: the fields are letter, layer, direction, units, steps, sequences and "
        "one operation",
    ),
    ("i@3=0", "edits[0]: 'i@3=0' is not an object with a letter and an operation"),
    ({"letter": 3, "hold": 0}, "edits[0].letter: is 3: it must be the letter of an activation"),
    ({"letter": "i", "hold": float("nan")}, "edits[0].hold: nan is not finite"),
    ({"letter": "i", "units": [1], "hold": [float("inf")]}, "edits[0].hold: inf is not finite"),
    ({"letter": "i", "scale": "much"}, "edits[0].scale: 'much' is not a number"),
    ({"letter": "i", "add": True}, "edits[0].add: True is not a number"),
    (
        {"letter": "i", "hold": torch.ones((), requires_grad=True)},
        "edits[0].hold: is a tensor that requires a gradient, which would not reach it: detach() it",
    ),
    ({"letter": "i", "hold": 10**400}, "edits[0].hold: inf is not finite"),
    ({"letter": "i", "hold": 1e39}, "edits[0].hold: 1e+39 is beyond 3.4e+38, the largest float32"),
    (
        {"letter": "i", "hold": [0, 1]},
        "edits[0].hold: a list has one value for each unit named, and none is: add units",
    ),
    (
        {"letter": "i", "units": [4], "hold": [0, 1]},
        "edits[0].hold: has 2 values for 1 unit: give one for each, or a single number",
    ),
    ({"letter": "i", "steps": [], "hold": 0}, "edits[0].steps: is empty; leave it out for all of them"),
    ({"letter": "i", "steps": [1, 1], "hold": 0}, "edits[0].steps: 1 is listed twice"),
    ({"letter": "i", "steps": [-1], "hold": 0}, "edits[0].steps: is -1: it must be 0 or more"),
    ({"letter": "i", "steps": [1.5], "hold": 0}, "edits[0].steps: 1.5 is not a whole number"),
    ({"letter": "i", "steps": 3, "hold": 0}, "edits[0].steps: is 3: it must be a list, or like 3-7"),
    (
        {"letter": "i", "steps": "7-3", "hold": 0},
        "edits[0].steps: 7-3 is an empty range: the smaller number comes first",
    ),
    (
        {"letter": "i", "steps": "0-999999999", "hold": 0},
        "edits[0].steps: lists more than 100,000 numbers, which is the limit",
    ),
    ({"letter": "i", "steps": "three", "hold": 0}, "edits[0].steps: is 'three': it must be a list, or like 3-7"),
    ({"letter": "i", "layer": "0", "hold": 0}, "edits[0].layer: '0' is not a whole number"),
    ({"letter": "i", "direction": "up", "hold": 0}, "edits[0].direction: is 'up': it must be forward or backward"),
    ({"letter": "i", "ablate": "all"}, "edits[0].ablate: 'all' must be zero or mean"),
    ({"freeze": 1}, "edits[0].freeze: 1 must be true"),
    (
        {"letter": "i", "couple": True},
        "edits[0].letter: couple does not take it: it sets the gate that writes to 1 minus the gate that keeps",
    ),
    (
        {"units": [1], "swap": "a"},
        "edits[0].units: swap does not take it: it puts another token at the input of the steps",
    ),
    ({"swap": 3}, "edits[0].swap: 3 is not a token: it must be a text"),
    ({"letter": "h", "patch": {"step": 1}}, "edits[0].patch: has no text to take the value from"),
    ({"letter": "h", "patch": {"text": "a", "step": -1}}, "edits[0].patch.step: is -1: it must be 0 or more"),
    (
        {"letter": "h", "patch": {"trace": [1]}},
        "edits[0].patch: {'trace': [1]} must be an object: the text and, to take one step of it for all, that step",
    ),
    (
        {"letter": "h", "patch": "a"},
        "edits[0].patch: 'a' must be an object: the text and, to take one step of it for all, that step",
    ),
]


@pytest.mark.parametrize(("data", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_is_not_an_edit_is_refused(data: Any, message: str) -> None:
    with pytest.raises(EditError) as error:
        edits_from([data])
    assert str(error.value) == message
    assert error.value.pointer == message.split(": ")[0].replace("[0]", ".0")


def test_a_list_has_at_most_100() -> None:
    edits = edits_from([{"letter": "i", "hold": 0}] * 100)
    with pytest.raises(EditError, match=r"^edits: there are 101 edits: the limit is 100$"):
        edits_from([*edits, edits[0]])
    with pytest.raises(EditError, match=r"^edits: must be a list of edits; this is of type dict$"):
        edits_from({"letter": "i", "hold": 0})
    with pytest.raises(EditError, match=r"^edits: is not a JSON list: Expecting value"):
        edits_from_json("i@3=0")
    for text in ("[" * 100_000, f'[{{"letter": "i", "hold": {"1" * 5000}}}]'):
        with pytest.raises(
            EditError, match=r"^edits: is not a JSON list: it is nested too deeply, or a number has tho"
        ):
            edits_from_json(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("i@3", "edits: 'i@3' has no value: an edit is written like i@3=0"),
        ("i@3=x", "edits: 'x' cannot be read: a value is written as in JSON"),
        ("i@3=0 ", "edits: ' ' cannot be read: edits are joined by a semicolon"),
        ("i=0;", "edits: '' cannot be read: an edit is written like i@3=0"),
        ("i=0;?", "edits: '?' cannot be read: an edit is written like i@3=0"),
        ("i:letter=0", "edits: 'letter' is not an operation"),
        ("i@5-3=0", "edits[0].steps: 5-3 is an empty range: the smaller number comes first"),
    ],
)
def test_a_short_form_that_cannot_be_read_says_where(text: str, message: str) -> None:
    with pytest.raises(EditError) as error:
        from_short_form(text)
    assert str(error.value) == message


def test_a_patch_of_a_trace_cannot_be_written() -> None:
    edit = gatescope.patch("h", gatescope.trace_module(torch.nn.GRU(2, 3), torch.zeros(4, 2)))
    with pytest.raises(
        ValueError, match=r"^this patch takes its value from a trace: only that from a text can be written$"
    ):
        edit.to_dict()
    assert str(edit) == "patch of h"


@pytest.mark.parametrize("source", [None, 3, [torch.zeros(4, 3)]], ids=str)
def test_a_patch_of_anything_but_a_text_or_a_trace_is_refused(source: Any) -> None:
    with pytest.raises(EditError, match=r"^patch: a \w+ is neither a text nor the trace of one sequence$"):
        gatescope.patch("h", source)


@pytest.mark.parametrize("misspelt", ["step", "unit", "letter"])
def test_a_place_with_a_misspelt_name_is_refused(misspelt: str) -> None:
    """It would otherwise be left out, and left out means all."""
    with pytest.raises(TypeError, match=rf"^couple\(\) got an unexpected keyword argument '{misspelt}': choose from l"):
        gatescope.couple(**{misspelt: [3]})  # type: ignore[misc]


def test_the_schema_has_a_field_for_every_operation() -> None:
    assert {*OPERATIONS, "letter", "steps"} <= set(schema()["properties"])
