"""An answer holds two traces and their difference, as plain calls and loops by hand have them; limits are named."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import load_model
from gatescope.api.experiments.schemas import ExperimentAnswer
from gatescope.recurrent.modules import Direction
from gatescope.settings import data_folder
from gatescope.store.saving import save_model
from networks import random_network
from numpy.typing import NDArray
from recurrent.test_shipped_edits import final, to_units, unedited
from serving import HIDDEN, LETTERS, MODELS, client
from starlette.testclient import TestClient

from ..asking import TEXT, post
from .asking import RUNS, ask, numbers, refused

Array = NDArray[np.float64]

TEXTS = {name: "ab abba" if name == "letters" else TEXT for name in MODELS}
EDITS: dict[str, list[dict[str, Any]]] = {
    "lstm": [
        {"letter": "i", "steps": [3], "hold": 0.25},
        {"letter": "c", "units": [1, 4], "steps": "1-2", "scale": 0.5},
        {"letter": "h", "units": [2], "steps": [4], "patch": {"text": "the movie was good", "step": 3}},
    ],
    "gru": [{"letter": "z", "steps": [1], "hold": 1}, {"steps": [2], "swap": "bad"}],
    "rnn": [{"letter": "h", "steps": [1], "add": 0.5}],  # a cell without a path of memory
    "both-ways": [{"letter": "z", "layer": 1, "direction": "backward", "steps": [3], "hold": 0}],
    "letters": [{"freeze": True, "steps": [2, 3]}],
}
CHOICES: list[dict[str, Any]] = [
    {},
    {"encoding": "base64"},
    {"start": 1, "stop": 4, "units": [5, 0], "activations": ["h"]},
    {"pre_activations": True, "stop": 3, "encoding": "base64", "layers": [0]},
]


@pytest.mark.parametrize("options", CHOICES, ids=["all", "base64", "choice", "pre-activations"])
@pytest.mark.parametrize("model", MODELS)
def test_both_runs_are_those_of_two_trace_calls(api: TestClient, model: str, options: dict[str, Any]) -> None:
    asked, edits = {"text": TEXTS[model], **options}, EDITS[model]
    plain, edited = post(api, model, **asked), post(api, model, **asked, edits=edits)
    answer = ask(api, model, **asked, edits=edits)
    ExperimentAnswer.model_validate(answer, strict=True, extra="forbid")
    about = ("model", "steps", "start", "stop", "units", "tokens")
    assert [answer[name] for name in about] == [plain[name] for name in about]
    assert (answer["edits"], answer["notes"]) == (edited["edits"], edited["notes"])
    assert len(answer["edits"]) == len(edits)
    for run, trace in (("original", plain), ("edited", edited)):
        logits = answer[run]["outputs"].pop("logits")
        assert {name: answer[run][name] for name in ("layers", "outputs")} == {
            name: trace[name] for name in ("layers", "outputs")
        }
        function = torch.softmax if model == "letters" else lambda x, _: torch.sigmoid(x)
        values = function(torch.from_numpy(numbers(logits).astype(np.float64)), -1)
        np.testing.assert_allclose(values, numbers(trace["outputs"]["values"]), rtol=0, atol=1e-6)
        answer[run]["logits"] = numbers(logits)
    apart = answer["difference"]
    changed = set()
    for here, a, b in zip(apart["layers"], plain["layers"], edited["layers"], strict=True):
        assert {**here, "activations": None} == {**a, "activations": None}
        assert here["activations"].keys() == a["activations"].keys()
        for letter, array in here["activations"].items():
            expected = numbers(b["activations"][letter]) - numbers(a["activations"][letter])
            np.testing.assert_array_equal(numbers(array), expected)
            changed |= {letter} if expected.any() else set()
    assert "h" in changed or (model, options.get("layers")) == ("both-ways", [0])  # of the upper layer
    assert apart["outputs"]["names"] == plain["outputs"]["names"]
    expected = numbers(edited["outputs"]["values"]) - numbers(plain["outputs"]["values"])
    np.testing.assert_array_equal(numbers(apart["outputs"]["values"]), expected)
    expected = answer["edited"]["logits"] - answer["original"]["logits"]
    np.testing.assert_array_equal(numbers(apart["outputs"]["logits"]), expected)
    assert expected.any()


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def by_hand(models: Path, *, is_edited: bool) -> dict[str, Array]:
    """A loop over the equations of the LSTM in float64, with the first two edits written by hand."""
    model = load_model(models / "lstm")
    network = model.network
    w_ih, w_hh, b_ih, b_hh = (w.double().numpy() for w in network.weights(0, "forward")[:4] if w is not None)
    h = c = np.zeros(HIDDEN)
    rows: dict[str, list[Array]] = {letter: [] for letter in ("i", "f", "g", "o", "c", "h", "logit")}
    for t, token in enumerate(model.tokenizer(TEXT)):
        x = network.embedding.weight[token.id].detach().double().numpy()
        i, f, g, o = np.split(w_ih @ x + b_ih + w_hh @ h + b_hh, 4)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        if is_edited and t == 3:
            i = np.full(HIDDEN, 0.25)
        c = f * c + i * g
        if is_edited and t in (1, 2):
            c[[1, 4]] *= 0.5
        h = o * np.tanh(c)
        logit = network.head.weight.detach().double().numpy() @ h + network.head.bias.detach().double().numpy()
        for letter, row in zip(rows, (i, f, g, o, c, h, logit), strict=True):
            rows[letter].append(row)
    return {letter: np.array(each) for letter, each in rows.items()}


def test_the_numbers_are_those_of_a_loop_by_hand(api: TestClient, models: Path) -> None:
    answer = ask(api, edits=EDITS["lstm"][:2])
    plain, edited = by_hand(models, is_edited=False), by_hand(models, is_edited=True)
    for run, expected in (
        ("original", plain),
        ("edited", edited),
        ("difference", {letter: edited[letter] - plain[letter] for letter in plain}),
    ):
        activations, outputs = answer[run]["layers"][0]["activations"], answer[run]["outputs"]
        for letter, array in activations.items():
            np.testing.assert_allclose(numbers(array), expected[letter], rtol=0, atol=1e-6)
        np.testing.assert_allclose(numbers(outputs["logits"]), expected["logit"], rtol=0, atol=1e-6)
    probabilities = sigmoid(edited["logit"]) - sigmoid(plain["logit"])
    np.testing.assert_allclose(numbers(answer["difference"]["outputs"]["values"]), probabilities, rtol=0, atol=1e-6)


def test_the_means_are_those_of_the_statistics(shipped: TestClient) -> None:
    edits = [{"letter": "c", "units": [0, 3], "ablate": "mean"}]
    answer = ask(shipped, "sentiment-lstm", activations=["c"], units=[0, 3], edits=edits)
    statistics = shipped.get("/api/v1/models/sentiment-lstm/statistics").json()["activations"]
    [means] = [each["mean"] for each in statistics if each["activation"] == "c"]
    c = numbers(answer["edited"]["layers"][0]["activations"]["c"])
    np.testing.assert_array_equal(c, np.array([[means[0], means[3]]] * len(TEXT.split()), np.float32))


def test_a_shipped_model(shipped: TestClient) -> None:
    answer = ask(shipped, "sentiment-lstm", activations=[], edits=[{"letter": "i", "steps": [3], "hold": 0}])
    model = load_model(data_folder("models") / "sentiment-lstm")
    plain = final(model, TEXT, unedited)
    edited = final(model, TEXT, to_units(range(64), "i", 3, lambda _: 0))
    assert edited - plain > 0.5, "the verdict turns"
    values = {run: answer[run]["outputs"]["values"][-1][0] for run in RUNS}
    assert values == pytest.approx({"original": plain, "edited": edited, "difference": edited - plain}, abs=1e-4)


@pytest.fixture(scope="module")
def shipped() -> TestClient:
    return client(data_folder("models"), default_model="sentiment-lstm")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("options", [{}, {"edits": []}], ids=["left out", "empty"])
def test_without_edits_nothing_differs(api: TestClient, model: str, options: dict[str, Any]) -> None:
    answer = ask(api, model, text=TEXTS[model], **options)
    assert answer["original"] == answer["edited"]
    arrays = [array for layer in answer["difference"]["layers"] for array in layer["activations"].values()]
    for array in [*arrays, *(answer["difference"]["outputs"][name] for name in ("values", "logits"))]:
        assert not numbers(array).any()
    assert (answer["edits"], answer["notes"]) == ([], [])


def test_no_activations_leaves_the_outputs(api: TestClient) -> None:
    whole = ask(api, "both-ways", edits=EDITS["both-ways"])
    answer = ask(api, "both-ways", edits=EDITS["both-ways"], activations=[])
    for run in RUNS:
        assert answer[run]["outputs"] == whole[run]["outputs"]
        assert [each["activations"] for each in answer[run]["layers"]] == [{}] * 4


def test_edits_come_in_normal_form_with_notes(api: TestClient) -> None:
    edits = [{"letter": "i", "steps": "1-3", "hold": 0, "units": None}, {"letter": "i", "hold": 1}]
    answer = ask(api, activations=[], edits=edits)
    assert answer["edits"] == [{"letter": "i", "steps": [1, 2, 3], "hold": 0}, {"letter": "i", "hold": 1}]
    assert answer["notes"] == ["edits[0] (i@1-3=0) changes nothing: edits[1] sets the same places after it"]


# Limits.


def test_three_runs_count(models: Path) -> None:
    numbers_sent = 3 * 5 * (HIDDEN * 6 + 2)
    ask(client(models, max_values=numbers_sent))
    api = client(models, max_values=numbers_sent - 1)
    assert refused(api) == (
        413,
        "answer-too-large",
        "The answer would hold 660 numbers (3 × 5 steps × (7 units × 6 arrays + 2 for the outputs)); this server sends "
        "up to 659. Narrow the request with start and stop (4 of 5 steps fit), units, layers or activations.",
    )
    for narrower in ({"stop": 4}, {"units": [0]}, {"activations": ["f"]}, {"activations": []}):
        ask(api, **narrower)
    assert refused(client(models, max_values=29), activations=[])[:2] == (413, "answer-too-large")


def test_the_texts_of_patches_count_with_the_text(models: Path) -> None:
    api = client(models, max_text=len(TEXT))
    assert refused(api, text=f"{TEXT}s") == (
        413,
        "text-too-long",
        "The text has 23 characters; this server takes up to 22. Send a shorter part of it.",
    )
    assert refused(api, edits=[{"letter": "h", "patch": {"text": "bad", "step": 0}}]) == (
        413,
        "text-too-long",
        "The text and those of its patches have together 25 characters; this server takes up to 22. "
        "Send a shorter part of it.",
    )


# Numbers that leave the range of floats.

MOST = float(np.finfo(np.float32).max)
HUGE = 0.9 * MOST


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A client of minGRUs of one unit, whose states have no bound.

    That of ``wide`` and, in float64, of ``double`` is 0.9 of the largest float32 after each step, as is the logit. That
    of ``steep`` is 1, and the logit 1,000 times as large.
    """
    folder = tmp_path_factory.mktemp("wide")
    for name, dtype, n, slope in (
        ("wide", torch.float32, HUGE, 1),
        ("double", torch.float64, HUGE, 1),
        ("steep", torch.float32, 1, 1000),
    ):
        network = random_network(
            cell="mingru", vocabulary_size=4, hidden_size=1, embedding_size=1, outputs=1, bias=False, dtype=dtype
        )
        with torch.no_grad():
            network.embedding.weight.fill_(1)
            network.weights(0, "forward").w_ih.copy_(torch.tensor([[100.0], [n]], dtype=dtype))  # z = 1, n
            network.head.weight.fill_(slope)
            network.head.bias.fill_(0)
        about = {"title": name, "task": "t", "description": "d", "outputs": ["yes"], "licence": "MIT"}
        save_model(folder / name, network, LETTERS, about)
    return client(folder, default_model="wide")


def test_a_difference_that_overflows_is_refused(wide: TestClient) -> None:
    edits = [{"letter": "h", "steps": [1], "hold": -HUGE}]
    post(wide, "wide", text="aba", edits=edits)  # each run by itself fits
    what = "At step 1 of 3, the difference of h of layer 0 forward leaves the range of "
    advice = "Make the edits smaller, or send a shorter text, or set stop to 1 or less"
    for start in (0, 1):
        refusal = refused(wide, "wide", text="aba", edits=edits, start=start)
        assert refusal == (422, "states-overflow", f"{what}float32. {advice}.")
        assert refused(wide, "wide", text="aba", edits=edits, activations=[], start=start) == (
            422,
            "states-overflow",
            f"At step 1 of 3, the difference of a logit leaves the range of float32. {advice}.",
        )
    ask(wide, "wide", text="aba", edits=edits, stop=1)
    answer = ask(wide, "double", text="aba", edits=edits)
    assert answer["difference"]["layers"][0]["activations"]["h"] == [[0], [pytest.approx(-2 * HUGE)], [0]]
    assert refused(wide, "double", text="aba", edits=edits, encoding="base64") == (
        422,
        "states-overflow",
        f'{what}float32, which base64 holds. {advice}, or ask for another "encoding".',
    )


def test_a_logit_that_overflows_is_refused(wide: TestClient) -> None:
    assert ask(wide, "steep", text="ab")["original"]["outputs"]["logits"] == [[1000], [1000]]
    edits = [{"letter": "n", "hold": MOST}]
    what, advice = "a logit leaves the range of float32", "Make the edits smaller"
    assert refused(wide, "steep", text="ab", edits=edits) == (
        422,
        "states-overflow",
        f"At step 0 of 2, {what}. {advice}.",
    )
    assert refused(wide, "steep", text="ab", edits=edits, start=1) == (
        422,
        "states-overflow",
        f"At step 1 of 2, {what}. {advice}, or send a shorter text, or set stop to 1 or less.",
    )


def test_a_run_that_overflows_says_which_remedy_helps(api: TestClient) -> None:
    edits = [{"letter": "i", "steps": [2], "scale": 1e38}] * 2
    assert refused(api, edits=edits) == (
        422,
        "states-overflow",
        "At step 2 of 5, i of layer 0 forward leaves the range of float32. Make the edits smaller, or send a shorter "
        "text, or set stop to 2 or less.",
    )


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_an_edit_past_the_steps_asked_for(api: TestClient, direction: Direction) -> None:
    """It does not count in a forward run; a backward layer reads it first."""
    edits = [{"letter": "h", "layer": 1, "direction": direction, "steps": [4], "hold": 1}]
    layers = ask(api, "both-ways", edits=edits, stop=3, layers=[1])["difference"]["layers"]
    [changed] = [each["direction"] for each in layers if numbers(each["activations"]["h"]).any()] or [None]
    assert changed == (None if direction == "forward" else "backward")
