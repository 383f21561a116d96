"""An answer holds the numbers of the same decomposition from Python, in either encoding; what does not fit is named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import Decomposition, decompose, load_model
from gatescope.api.decompositions.answer import MATRICES, ONLY_IF_NAMED, PARTS
from gatescope.api.decompositions.schemas import DecompositionAnswer
from gatescope.store.saving import save_model
from networks import random_network
from serving import LETTERS, client
from starlette.testclient import TestClient

from ..asking import TEXT
from ..memory.asking import numbers
from .asking import ask, refused


def same(given: Any, expected: Any, encoding: str = "numbers") -> None:
    expected = np.asarray(expected, np.float64)
    expected = np.where(np.isfinite(expected), expected, np.nan)
    digits = 1e-15 if encoding == "numbers" else 1e-6  # computed twice: sums depend on where arrays lie in memory
    np.testing.assert_allclose(numbers(given), expected, rtol=digits, atol=digits)


def check(answer: dict[str, Any], made: Decomposition, encoding: str = "numbers") -> None:
    DecompositionAnswer.model_validate(answer, strict=False, extra="forbid")
    assert answer["columns"] == list(made.columns)
    assert (answer["layer"], answer["direction"], answer["cell"]) == (made.layer, made.direction, made.cell)
    assert (answer["state"], answer["steps"]) == (made.letter, len(made))
    for part in set(PARTS) - ONLY_IF_NAMED:
        expected = getattr(made, part)
        if part == "change" and expected is not None:
            same(answer[part]["forgetting"], expected.forgetting, encoding)
            same(answer[part]["letting_out"], expected.letting_out, encoding)
        elif expected is None:
            assert answer[part] is None
        else:
            same(answer[part], expected, encoding if part in MATRICES else "numbers")


@pytest.mark.parametrize("model", ["lstm", "gru", "both-ways"])
@pytest.mark.parametrize("encoding", ["numbers", "base64"])
def test_all_parts(api: TestClient, models: Path, model: str, encoding: str) -> None:
    loaded = load_model(models / model)
    for layer, direction in loaded.network.layers():
        made = decompose(loaded.trace(TEXT), layer=layer, direction=direction)
        answer = ask(api, model, layer=layer, direction=direction, encoding=encoding)
        check(answer, made, encoding)
        if made.logit is None:
            assert answer["logit"] is None
        else:
            assert answer["logit"] == {"output": "positive", "against": None, "bias": made.bias}
        assert "per_unit" not in answer


def test_shares_of_both_directions_make_the_logit(api: TestClient) -> None:
    answers = [ask(api, "both-ways", direction=each) for each in ("forward", "backward")]
    logit = sum(np.array(each["shares"]).sum(axis=1) for each in answers) + answers[0]["logit"]["bias"]
    [values] = np.array(
        api.post("/api/v1/models/both-ways/traces", json={"text": TEXT}).json()["outputs"]["values"]
    ).T.tolist()
    assert 1 / (1 + np.exp(-logit)) == pytest.approx(values, abs=1e-6)


def test_only_what_is_wanted(api: TestClient) -> None:
    answer = ask(api, parts=["new", "amounts"])
    assert set(PARTS) & answer.keys() == {"new", "amounts"}
    assert answer["new"][0] == 1


EDITS = [{"letter": "h", "steps": [1], "units": [0, 2], "add": 0.5}, {"steps": [2], "freeze": True}]


@pytest.mark.parametrize("model", ["lstm", "gru", "both-ways"])
def test_edits_are_decomposed_with_a_column_each(api: TestClient, models: Path, model: str) -> None:
    loaded = load_model(models / model)
    traced = loaded.trace(TEXT, EDITS)
    answer = ask(api, model, edits=EDITS)
    check(answer, decompose(traced))
    assert answer["columns"][-2:] == ["h[0,2]@1:add=0.5", "@2:freeze"]
    assert answer["edits"] == [each.to_dict() for each in traced.edits]
    assert answer["notes"] == []
    assert "edits" not in ask(api, model)


@pytest.mark.parametrize("model", ["lstm", "gru", "both-ways"])
def test_effects_are_those_of_keeping_each_word_from_being_written(api: TestClient, models: Path, model: str) -> None:
    loaded = load_model(models / model)
    layer, direction = list(loaded.network.layers())[-1]
    answer = ask(api, model, parts=["effects"], direction=direction, edits=EDITS)
    experiment = answer["experiment"]
    [before] = np.log(loaded.trace(TEXT, EDITS).outputs[-1]) - np.log1p(-loaded.trace(TEXT, EDITS).outputs[-1])
    for step, effect in enumerate(answer["effects"]):
        [p] = loaded.trace(TEXT, [*EDITS, {**experiment, "steps": [step]}]).outputs[-1].astype(np.float64)
        assert effect == pytest.approx(np.log(p) - np.log1p(-p) - before, abs=2e-5)
    assert any(abs(effect) > 1e-3 for effect in answer["effects"])
    if layer > 0:
        assert refused(api, model, layer=0, parts=["effects"])[0] == 422


def test_an_edit_that_does_not_fit_is_named(api: TestClient) -> None:
    status, _, detail = refused(api, "gru", edits=[{"letter": "f", "hold": 1}])
    what = "a GRU has no forget gate 'f': its update gate 'z' does that work; choose from r, z, n, h"
    assert (status, detail) == (422, f"edits.0.letter: {what}.")


@pytest.mark.parametrize("options", [{"source": 3}, {"source": 5}, {"time": 2}])
@pytest.mark.parametrize("model", ["lstm", "gru", "both-ways"])
def test_unit_by_unit(api: TestClient, models: Path, model: str, options: dict[str, int]) -> None:
    units = decompose(load_model(models / model).trace(TEXT)).per_unit(**options)  # type: ignore[arg-type]
    answer = ask(api, model, parts=["new"], **options)["per_unit"]
    assert {name: answer[name] for name in ("source", "time")} == {"source": None, "time": None} | options
    for name, expected in units._asdict().items():
        if expected is None:
            assert answer[name] is None
        else:
            same(answer[name], expected)
    assert ask(api, model, layer=0, **options)["per_unit"]["parts"]


def test_what_keeps_a_word_from_being_written(api: TestClient) -> None:
    place = {"layer": 0, "direction": "forward"}
    assert ask(api)["experiment"] == {"letter": "i", "hold": 0, **place}
    assert ask(api, "gru")["experiment"] == {"letter": "z", "hold": 1, **place}
    backward = ask(api, "both-ways", direction="backward")["experiment"]
    assert backward == {"letter": "z", "hold": 1, "layer": 1, "direction": "backward"}


ABOUT = {"title": "M", "task": "t", "description": "d", "licence": "MIT"}


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A client of models whose heads give several outputs, and of one whose numbers overflow."""
    folder = tmp_path_factory.mktemp("heads")
    outputs = ["a", "b", "end"]
    for name, head, more in (
        ("sigmoid", "sigmoid", {}),
        ("verdict", "sigmoid", {"verdict": "end"}),
        ("softmax", "softmax", {}),
    ):
        network = random_network(cell="gru", vocabulary_size=4, outputs=3, head=head)
        save_model(folder / name, network, LETTERS, {**ABOUT, "outputs": outputs, **more})
    network = random_network(cell="mingru", vocabulary_size=4, outputs=1)
    with torch.no_grad():
        network.embedding.weight.fill_(3e38)
        network.weights(0, "forward").w_ih.fill_(3e38)
    save_model(folder / "huge", network, LETTERS, {**ABOUT, "outputs": ["yes"]})
    return client(folder, default_model="verdict")


def test_the_output(heads: TestClient) -> None:
    assert ask(heads, "sigmoid", text="ab", output=[1])["logit"]["output"] == "b"
    assert ask(heads, "verdict", text="ab")["logit"]["output"] == "end"
    logit = ask(heads, "softmax", text="ab", output=[2, 0])["logit"]
    assert (logit["output"], logit["against"]) == ("end", "a")
    logit = ask(heads, "softmax", text="ab")["logit"]
    last = heads.post("/api/v1/models/softmax/traces", json={"text": "ab"}).json()["outputs"]["values"][-1]
    ranked = sorted(range(3), key=lambda each: -last[each])
    assert [logit["output"], logit["against"]] == [["a", "b", "end"][each] for each in ranked[:2]]


OUTPUTS = "choose from 0 ('a'), 1 ('b'), 2 ('end')."


@pytest.mark.parametrize(
    ("model", "options", "detail"),
    [
        ("sigmoid", {"output": [3]}, f"output: there is no output 3: {OUTPUTS}"),
        (
            "sigmoid",
            {},
            "output: the head gives 3 outputs, each with a probability of its own (sigmoid): give one of them: "
            f"{OUTPUTS}",
        ),
        (
            "softmax",
            {"output": [1]},
            "output: one logit of a softmax means nothing by itself: give two outputs, one against the other: "
            f"{OUTPUTS}",
        ),
        ("verdict", {"direction": "backward"}, "direction: there is no 'backward': choose forward."),
        ("verdict", {"layer": 1}, "layer: there is no layer 1: choose from 0 to 0."),
        ("verdict", {"source": 3}, "source: there is no column 3: choose from 0 to 2."),
        ("verdict", {"time": 2}, "time: there is no step 2: choose from 0 to 1."),
        ("verdict", {"source": 0, "time": 0}, "time: is not taken together with source: send one of the two."),
    ],
)
def test_what_does_not_fit_is_named(heads: TestClient, model: str, options: dict[str, Any], detail: str) -> None:
    assert refused(heads, model, text="ab", **options) == (422, "invalid-request", detail)


@pytest.mark.parametrize("part", ["shares", "cancellation", "change"])
def test_shares_of_a_lower_layer_are_refused(api: TestClient, part: str) -> None:
    detail = f"parts: {part!r} is of the last layer, 1, which is all that the head reads: layer 0 has no shares."
    assert refused(api, "both-ways", layer=0, parts=["amounts", part]) == (422, "invalid-request", detail)
    assert refused(api, "both-ways", layer=0, output=[0])[:2] == (422, "invalid-request")


def test_a_cell_without_a_path_of_memory(api: TestClient) -> None:
    detail = (
        "A plain RNN keeps nothing apart, as it rewrites its whole state at every step: there is no path of memory to "
        "decompose."
    )
    assert refused(api, "rnn") == (422, "no-memory-path", detail)


def test_numbers_that_overflow(heads: TestClient) -> None:
    status, kind, detail = refused(heads, "huge", text="ab")
    assert (status, kind) == (422, "states-overflow")
    assert detail.endswith("leaves the range of float32. Send a shorter text.")


@pytest.mark.parametrize(
    ("limit", "value", "what", "fits"),
    [
        ("max_held", 1000, "numbers held at a time", "4 of 5 steps fit"),
        ("max_values", 99, "numbers sent", "3 of 5 steps fit"),
    ],
)
def test_more_than_the_server_takes(models: Path, limit: str, value: int, what: str, fits: str) -> None:
    status, kind, detail = refused(client(models, **{limit: value}))
    assert (status, kind) == (413, "too-much-work")
    assert detail.startswith("For 5 steps this takes ")
    assert detail.endswith(
        f" {what}; this server takes up to {value:.2g} for an answer. "
        f"Send a shorter text ({fits}), or ask for fewer parts."
    )


def test_a_text_without_a_word(api: TestClient) -> None:
    assert refused(api, text=" ")[:2] == (422, "empty-text")
