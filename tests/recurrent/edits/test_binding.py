"""What an edit is checked against, and what a list of edits is said to do."""

from typing import Any

import gatescope
import numpy as np
import pytest
from gatescope.recurrent.cells import cell_named
from gatescope.recurrent.edits.binding import Subject, bind
from gatescope.recurrent.edits.edit import NO_RESOURCES, EditError, Resources
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import Trace, trace
from networks import random_network, random_tokens

SUBJECTS = {
    "lstm": Subject(cell_named("lstm"), 2, ("forward",), 6, 3, [5, 4]),
    "gru": Subject(cell_named("gru"), 1, ("forward", "backward"), 6, 0, [5]),
    "rnn": Subject(cell_named("rnn"), 1, ("forward",), 6, 0, [5]),
    "mingru": Subject(cell_named("mingru"), 1, ("forward",), 6, 0, [5]),
}

REFUSED = [
    (
        "gru",
        {"letter": "f", "hold": 0},
        "letter: a GRU has no forget gate 'f': its update gate 'z' does that work; choose from r, z, n, h",
    ),
    (
        "gru",
        {"letter": "i", "hold": 0},
        "letter: a GRU has no input gate 'i': its update gate 'z' does that work; choose from r, z, n, h",
    ),
    ("gru", {"letter": "c", "hold": 0}, "letter: a GRU has no cell state 'c': choose from r, z, n, h"),
    (
        "lstm",
        {"letter": "z", "hold": 0},
        "letter: an LSTM has no update gate 'z': choose from i, f, g, o, c, h",
    ),
    ("rnn", {"letter": "f", "hold": 0}, "letter: a plain RNN has no forget gate 'f': choose from h"),
    ("gru", {"letter": "q", "hold": 0}, "letter: a GRU has no 'q': choose from r, z, n, h"),
    ("gru", {"letter": "rz", "hold": 0}, "letter: a GRU has no 'rz': choose from r, z, n, h"),
    ("gru", {"hold": 0}, "letter: is missing: hold needs one of r, z, n, h"),
    ("gru", {"letter": "r", "freeze": True}, "letter: 'r' is not a state: only h can be frozen"),
    ("lstm", {"letter": "i", "freeze": True}, "letter: 'i' is not a state: only c and h can be frozen"),
    ("rnn", {"couple": True}, "couple: a plain RNN has nothing to couple: it has no gates"),
    ("mingru", {"couple": True}, "couple: a minGRU has nothing to couple: one gate both keeps and writes"),
    ("lstm", {"letter": "i", "layer": 2, "hold": 0}, "layer: there is no layer 2: layers go from 0 to 1"),
    ("gru", {"letter": "r", "layer": 1, "hold": 0}, "layer: there is no layer 1: the only layer is 0"),
    (
        "lstm",
        {"letter": "i", "direction": "backward", "hold": 0},
        "direction: there is no backward direction: the network only runs forward",
    ),
    ("lstm", {"letter": "i", "units": [6], "hold": 0}, "units: there is no unit 6 of i: units go from 0 to 5"),
    ("lstm", {"letter": "h", "units": [3], "hold": 0}, "units: there is no unit 3 of h: units go from 0 to 2"),
    ("lstm", {"units": [3], "freeze": True}, "units: there is no unit 3 of h: units go from 0 to 2"),
    ("lstm", {"letter": "i", "steps": [5], "hold": 0}, "steps: there is no step 5: steps go from 0 to 4"),
    (
        "lstm",
        {"letter": "i", "steps": [4], "sequences": [1], "hold": 0},
        "steps: there is no step 4: steps go from 0 to 3",
    ),
    (
        "lstm",
        {"letter": "i", "sequences": [2], "hold": 0},
        "sequences: there is no sequence 2: sequences go from 0 to 1",
    ),
    (
        "gru",
        {"letter": "h", "ablate": "mean"},
        "ablate: the mean is that of a model's statistics, and there are none here: hold a mean of your own",
    ),
    (
        "gru",
        {"letter": "h", "patch": {"text": "a"}},
        "patch: a text needs a model to run over it: give the trace to take the value from",
    ),
    ("gru", {"swap": "a"}, "swap: the input is numbers, which no token can replace: change the input itself"),
]


@pytest.mark.parametrize(("subject", "data", "message"), REFUSED, ids=[each[-1] for each in REFUSED])
def test_an_edit_that_does_not_fit_is_refused(subject: str, data: dict[str, Any], message: str) -> None:
    with pytest.raises(EditError) as error:
        bind([{"letter": "h", "hold": 0}, data], SUBJECTS[subject])
    assert str(error.value) == f"edits[1].{message}"


def traced(count: int, **config: Any) -> Trace:
    return trace(random_network(**config), random_tokens(count))


PATCHES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {"count": 4, "cell": "gru", "hidden_size": 6, "bidirectional": True},
        {},
        "the trace to take from has 4 steps, and this one 5 steps: give the step to take, or a trace of equal length",
    ),
    (
        {"count": 4, "cell": "gru", "hidden_size": 6, "bidirectional": True},
        {"step": 4},
        "there is no step 4 in the trace to take from: it has 4 steps",
    ),
    (
        {"count": 5, "cell": "gru", "hidden_size": 7, "bidirectional": True},
        {},
        "the trace to take from has 7 units of h, and this network 6: it must be of a network of the same size",
    ),
    (
        {"count": 5, "cell": "gru", "hidden_size": 6},
        {},
        "the trace to take from has no h in layer 0 backward: it is of another network",
    ),
]


@pytest.mark.parametrize(("source", "patch", "message"), PATCHES, ids=[each[-1] for each in PATCHES])
def test_a_patch_of_another_length_or_size_is_refused(
    source: dict[str, Any], patch: dict[str, Any], message: str
) -> None:
    edit = gatescope.patch("h", traced(**source), patch.get("step"))
    with pytest.raises(EditError) as error:
        bind([edit], SUBJECTS["gru"])
    assert str(error.value) == f"edits[0].patch: {message}"


def notes(*data: dict[str, Any], subject: str = "lstm", resources: Resources = NO_RESOURCES) -> list[str]:
    return list(bind(data, SUBJECTS[subject], resources).notes)


def test_an_edit_that_later_ones_make_void_is_named() -> None:
    first = {"letter": "i", "steps": [3], "hold": 0}
    assert notes(first, {"letter": "i", "hold": 1}) == [
        "edits[0] (i@3=0) changes nothing: edits[1] sets the same places after it"
    ]
    halves = [{"letter": "i", "units": units, "scale": 0} for units in ("0-2", "3-5")]
    assert notes(first, *halves) == [
        "edits[0] (i@3=0) changes nothing: edits[1] and edits[2] set the same places after it"
    ]
    assert notes({"letter": "c", "add": 1}, {"freeze": True}) == [
        "edits[0] (c:add=1) changes nothing: edits[1] sets the same places after it"
    ]
    assert notes({"letter": "i", "hold": 1}, {"couple": True}) == [
        "edits[0] (i=1) changes nothing: edits[1] sets the same places after it"
    ]


@pytest.mark.parametrize(
    "later",
    [
        {"letter": "i", "steps": [2], "hold": 1},
        {"letter": "i", "units": [0, 1], "hold": 1},
        {"letter": "i", "units": "0-5", "scale": [0, 0, 0, 0, 0, 2]},
        {"letter": "i", "layer": 1, "hold": 1},
        {"letter": "i", "sequences": [0], "hold": 1},
        {"letter": "f", "hold": 1},
        {"letter": "i", "scale": 2},
        {"letter": "i", "add": 2},
    ],
    ids=str,
)
def test_an_edit_of_which_something_is_left_is_not_named(later: dict[str, Any]) -> None:
    assert notes({"letter": "i", "steps": [3], "hold": 0}, later) == []


def test_swaps_are_noted_as_other_edits_are() -> None:
    def tokens(text: str) -> list[Token]:
        return [Token(word, 0, 1, len(word) % 5, known=len(word) % 5 > 0) for word in text.split()]

    resources = Resources(tokens=tokens)
    assert notes({"steps": [1, 2], "swap": "bad"}, {"swap": "terrible"}, resources=resources) == [
        'edits[0] (@1,2:swap="bad") changes nothing: edits[1] sets the same places after it'
    ]
    assert notes({"steps": [1], "swap": "other"}, resources=resources) == [
        "edits[0]: the vocabulary lacks 'other', which is read as unknown"
    ]
    with pytest.raises(EditError, match=r"^edits\[0\].swap: 'a b' is 2 tokens for this model: it must be one$"):
        bind([{"swap": "a b"}], SUBJECTS["lstm"], resources)


def test_what_a_sequence_knows_of_a_list_names_edits_by_their_places_in_its_own() -> None:
    edits = [
        {"letter": "h", "sequences": [1], "hold": 1},
        {"letter": "h", "sequences": [0], "steps": [2], "scale": 2},
        {"letter": "h", "sequences": [0], "hold": 0.5},
    ]
    bound = bind(edits, SUBJECTS["lstm"])
    assert bound.notes == ("edits[1] (h@2~0:scale=2) changes nothing: edits[2] sets the same places after it",)
    first, second = (bound.of_sequence(b) for b in range(2))
    assert [str(each) for each in first.edits] == ["h@2:scale=2", "h=0.5"]
    assert first.notes == ("edits[0] (h@2:scale=2) changes nothing: edits[1] sets the same places after it",)
    assert [str(each) for each in second.edits] == ["h=1"]
    assert second.notes == ()


def test_many_edits_of_many_steps_are_the_same_as_one_after_the_other() -> None:
    """A patch, which differs from step to step, and scales that begin later and later, in every order of both."""
    subject = Subject(cell_named("gru"), 1, ("forward",), 3, 0, [6])
    source = np.random.default_rng(0).normal(size=(6, 3))
    patched = {"letter": "n", "patch": {"text": "…"}}
    scales = [{"letter": "n", "steps": list(range(at, 6)), "scale": 1.0 + at} for at in range(4)]
    added = {"letter": "n", "units": [1], "steps": [1, 4, 5], "add": [0.5]}

    class Source:
        def __len__(self) -> int:
            return 6

        def layer(self, *_: object) -> Any:
            return {"n": source}

    for edits in ([*scales, patched, added], [patched, *scales, added], [added, patched, *scales[::-1]]):
        lowered = bind(edits, subject, Resources(trace=lambda _: Source())).of(0, "forward", 0, 6)
        value = np.random.default_rng(1).normal(size=(6, 3))
        expected = value.copy()
        for edit in edits:
            for t in edit.get("steps", range(6)):
                if "patch" in edit:
                    expected[t] = source[t]
                elif "scale" in edit:
                    expected[t] *= edit["scale"]
                else:
                    expected[t, 1] += 0.5
        for t in range(6):
            [row] = lowered.rows[lowered.first[t] : lowered.first[t + 1]]
            made = lowered.scale[0, row] * value[t] + lowered.shift[0, row]
            assert made == pytest.approx(expected[t], rel=1e-14)


def test_steps_that_share_edits_share_a_row() -> None:
    """2,000 steps of 512 units take the memory of a few rows."""
    subject = Subject(cell_named("lstm"), 1, ("forward",), 512, 0, [2000])
    edits = bind([{"letter": "i", "hold": 0.5}, {"letter": "i", "steps": "100-199", "add": 0.1}], subject)
    table = edits.of(0, "forward", 0, 2000)
    assert table.scale.shape == (1, 2, 512)
    assert len(table.letters) == 2000


def test_a_part_of_a_sequence_has_its_own_edits() -> None:
    bound = bind([{"letter": "i", "steps": [1, 3], "hold": 0}], SUBJECTS["lstm"])
    assert bound.of(0, "forward", 0, 2).first.tolist() == [0, 0, 1]
    assert bound.of(0, "forward", 2, 5).first.tolist() == [0, 0, 1, 1]
    assert len(bound.of(0, "forward", 2, 5).letters) == 1
    np.testing.assert_array_equal(bound.of(1, "forward", 0, 5).first, [0, 0, 1, 1, 2, 2])
