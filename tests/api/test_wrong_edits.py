"""What edits are refused, and in which words: the same ones in Python and in every call that takes edits."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from gatescope import Edit, EditError, ablate, load_model, patch, swap, trace_module
from gatescope.api.wire.schemas import ProblemDetails
from gatescope.recurrent.trace import trace
from networks import random_network, random_tokens
from starlette.testclient import TestClient

from .asking import CSV, JSON, JSONL, NPZ, TEXT, lines, post, problem

NONE = "there is no operation: add one of hold, scale, add, ablate, patch, freeze, couple, swap"
INDICES = "it must be a list, or like 3-7"

REFUSED: list[tuple[str, Any, str, str]] = [
    # A letter that the cell lacks.
    (
        "gru",
        [{"letter": "f", "hold": 0}],
        "edits.0.letter",
        "a GRU has no forget gate 'f': its update gate 'z' does that work; choose from r, z, n, h",
    ),
    (
        "gru",
        [{"letter": "i", "hold": 0}],
        "edits.0.letter",
        "a GRU has no input gate 'i': its update gate 'z' does that work; choose from r, z, n, h",
    ),
    ("gru", [{"letter": "c", "hold": 0}], "edits.0.letter", "a GRU has no cell state 'c': choose from r, z, n, h"),
    (
        "lstm",
        [{"letter": "z", "hold": 0}],
        "edits.0.letter",
        "an LSTM has no update gate 'z': choose from i, f, g, o, c, h",
    ),
    ("rnn", [{"letter": "f", "hold": 0}], "edits.0.letter", "a plain RNN has no forget gate 'f': choose from h"),
    ("lstm", [{"letter": "q", "hold": 0}], "edits.0.letter", "an LSTM has no 'q': choose from i, f, g, o, c, h"),
    ("lstm", [{"hold": 0}], "edits.0.letter", "is missing: hold needs one of i, f, g, o, c, h"),
    (
        "lstm",
        [{"letter": "i", "freeze": True}],
        "edits.0.letter",
        "'i' is not a state: only c and h can be frozen",
    ),
    ("gru", [{"couple": True}], "edits.0.couple", "a GRU has nothing to couple: one gate both keeps and writes"),
    # Places that do not exist.
    (
        "lstm",
        [{"letter": "i", "units": [7], "hold": 0}],
        "edits.0.units",
        "there is no unit 7 of i: units go from 0 to 6",
    ),
    (
        "lstm",
        [{"letter": "i", "units": "5-9", "hold": 0}],
        "edits.0.units",
        "there is no unit 7 of i: units go from 0 to 6",
    ),
    (
        "lstm",
        [{"letter": "i", "steps": [5], "hold": 0}],
        "edits.0.steps",
        "there is no step 5: steps go from 0 to 4",
    ),
    ("lstm", [{"swap": "bad", "steps": [5]}], "edits.0.steps", "there is no step 5: steps go from 0 to 4"),
    ("lstm", [{"letter": "i", "steps": [-1], "hold": 0}], "edits.0.steps", "is -1: it must be 0 or more"),
    ("lstm", [{"letter": "i", "steps": 3, "hold": 0}], "edits.0.steps", f"is 3: {INDICES}"),
    (
        "lstm",
        [{"letter": "i", "steps": "7-3", "hold": 0}],
        "edits.0.steps",
        "7-3 is an empty range: the smaller number comes first",
    ),
    (
        "both-ways",
        [{"letter": "z", "layer": 2, "hold": 0}],
        "edits.0.layer",
        "there is no layer 2: layers go from 0 to 1",
    ),
    ("lstm", [{"letter": "i", "layer": 1, "hold": 0}], "edits.0.layer", "there is no layer 1: the only layer is 0"),
    (
        "lstm",
        [{"letter": "i", "direction": "backward", "hold": 0}],
        "edits.0.direction",
        "there is no backward direction: the network only runs forward",
    ),
    (
        "lstm",
        [{"letter": "i", "sequences": [1], "hold": 0}],
        "edits.0.sequences",
        "there is no sequence 1: the only sequence is 0",
    ),
    # Values that are not finite, or not values.
    ("lstm", [{"letter": "i", "hold": float("nan")}], "edits.0.hold", "nan is not finite"),
    ("lstm", [{"letter": "i", "scale": float("-inf")}], "edits.0.scale", "-inf is not finite"),
    ("lstm", [{"letter": "i", "units": [1], "add": [float("inf")]}], "edits.0.add", "inf is not finite"),
    ("lstm", [{"letter": "i", "hold": 10**400}], "edits.0.hold", "inf is not finite"),
    (
        "lstm",
        [{"letter": "i", "hold": 1e39}],
        "edits.0.hold",
        "1e+39 is beyond 3.4e+38, the largest float32",
    ),
    ("lstm", [{"letter": "i", "hold": "0"}], "edits.0.hold", "'0' is not a number"),
    (
        "lstm",
        [{"letter": "i", "units": [4, 5, 6], "hold": [0, 1]}],
        "edits.0.hold",
        "has 2 values for 3 units: give one for each, or a single number",
    ),
    # Operations.
    (
        "lstm",
        [{"letter": "i", "hold": 0, "scale": 1}],
        "edits.0",
        "there are 2 operations, hold and scale: an edit has one; make two edits",
    ),
    ("lstm", [{"freeze": True}, {"letter": "i"}], "edits.1", NONE),
    ("lstm", [{"letter": "i", "hold": None}], "edits.0", NONE),
    ("lstm", ["i@3=0"], "edits.0", "'i@3=0' is not an object with a letter and an operation"),
    # What a model lacks.
    (
        "lstm",
        [{"letter": "c", "ablate": "mean"}],
        "edits.0.ablate",
        "the mean is that of a model's statistics, and there are none here: hold a mean of your own",
    ),
    (
        "lstm",
        [{"swap": "not good"}],
        "edits.0.swap",
        "'not good' is 2 tokens for this model: it must be one",
    ),
    # Patches.
    (
        "lstm",
        [{"letter": "i", "patch": {"text": "good"}}],
        "edits.0.patch",
        "the text to take from has 1 step, and this one 5 steps: give the step to take, or a text of equal length",
    ),
    (
        "lstm",
        [{"letter": "i", "patch": {"text": "good", "step": 1}}],
        "edits.0.patch",
        "there is no step 1 in the text to take from: it has 1 step",
    ),
    (
        "lstm",
        [{"letter": "i", "patch": {"text": ""}}],
        "edits.0.patch",
        "there is nothing to trace: the sequence is empty",
    ),
    # The list.
    ("lstm", [{"letter": "i", "hold": 0}] * 101, "edits", "there are 101 edits: the limit is 100"),
]
each_case = pytest.mark.parametrize(
    ("model", "edits", "where", "what"), REFUSED, ids=[f"{model}: {what}" for model, _, _, what in REFUSED]
)


@each_case
def test_in_python(models: Path, model: str, edits: Any, where: str, what: str) -> None:
    with pytest.raises(EditError) as error:
        load_model(models / model).trace(TEXT, edits)
    place = re.sub(r"\.(\d+)", r"[\1]", where)  # edits[0].letter
    assert str(error.value) == f"{place}: {what}"
    assert (error.value.pointer, error.value.what) == (where, what)


FORMS = [JSON, JSONL, NPZ, CSV]
CALLS = {"traces": FORMS, "trace": FORMS, "experiments": [JSON], "decompositions": [JSON]}


@each_case
@pytest.mark.parametrize("call", CALLS)
def test_over_http(api: TestClient, call: str, model: str, edits: Any, where: str, what: str) -> None:
    if call == "decompositions" and model == "rnn":  # refused as a whole
        assert problem(asked(api, call, model, json.dumps(edits), JSON))[1] == "no-memory-path"
        return
    for form in CALLS[call]:
        answer = asked(api, call, model, json.dumps(edits), form)
        assert problem(answer) == (422, "invalid-request", f"{where}: {what}.")
        assert answer.json()["errors"] == [{"where": where, "what": what}]
        ProblemDetails.model_validate(answer.json(), strict=True, extra="forbid")


def asked(api: TestClient, call: str, model: str, edits: str, form: dict[str, str]) -> Any:
    path = f"/api/v1/models/{model}/{call}"
    if call == "trace":
        return api.get(path, params={"text": TEXT, "edits": edits}, headers=form)
    body = f'{{"text": "{TEXT}", "edits": {edits}}}'  # which may hold NaN
    return api.post(path, content=body, headers=form | {"Content-Type": "application/json"})


# What only one of the two can be asked for.


def of_size(**config: Any) -> Any:
    return trace(random_network(cell="lstm", **config), random_tokens(5))


IN_PYTHON: list[tuple[str, Callable[[], Edit], str]] = [
    (
        "lstm",
        lambda: patch("h", of_size(hidden_size=8)),
        "edits[0].patch: the trace to take from has 8 units of h, and this network 7: it must be of a network of the "
        "same size",
    ),
    (
        "gru",
        lambda: patch("z", of_size()),
        "edits[0].patch: the trace to take from has no z in layer 0 forward: it is of another network",
    ),
    (
        "both-ways",
        lambda: patch("h", of_size(), layer=1, direction="backward"),
        "edits[0].patch: the trace to take from has no h in layer 1 backward: it is of another network",
    ),
]


@pytest.mark.parametrize(("model", "edit", "message"), IN_PYTHON, ids=[each[-1] for each in IN_PYTHON])
def test_a_patch_from_another_model(models: Path, model: str, edit: Callable[[], Edit], message: str) -> None:
    with pytest.raises(EditError) as error:
        load_model(models / model).trace(TEXT, [edit()])
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            swap("good"),
            "edits[0].swap: the input is numbers, which no token can replace: change the input itself",
        ),
        (
            ablate("c", "mean"),
            "edits[0].ablate: the mean is that of a model's statistics, and there are none here: hold a mean of your "
            "own",
        ),
        (
            patch("h", "good"),
            "edits[0].patch: a text needs a model to run over it: give the trace to take the value from",
        ),
    ],
)
def test_a_module_reads_numbers(edit: Edit, message: str) -> None:
    with pytest.raises(EditError) as error:
        trace_module(torch.nn.LSTM(3, 4), torch.zeros(5, 3), edits=[edit])
    assert str(error.value) == message


@pytest.mark.parametrize("call", CALLS)
def test_half_a_character_cannot_be_sent(api: TestClient, call: str) -> None:
    what = "holds a lone surrogate (half of a UTF-16 pair); send whole characters"
    answer = asked(api, call, "lstm", r'[{"swap": "\ud800"}]', JSON)
    assert problem(answer) == (422, "invalid-request", f"edits: {what}.")


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_a_stream_takes_edits_of_either_direction(api: TestClient, direction: str) -> None:
    """A network of both directions runs to the end before the first line is sent; one direction lacks the other."""
    edits = [{"letter": "z", "direction": direction, "layer": 1, "steps": [4], "hold": 0}]
    whole = post(api, "both-ways", edits=edits)["layers"]
    for step, line in enumerate(lines(api, "both-ways", edits=edits)):
        for layer, of_whole in zip(line["layers"], whole, strict=True):
            assert layer["activations"] == {key: rows[step] for key, rows in of_whole["activations"].items()}
    plain = lines(api, "both-ways")
    first = [line["outputs"] for line in (plain[0], lines(api, "both-ways", edits=edits)[0])]
    assert (first[0] == first[1]) == (direction == "forward")
