"""The text or the numbers of a request: too long, without a word, or not what the model reads."""

import json
from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gatescope.store.loading import load_model
from model_folders import saved_numbers
from networks import numeric_network
from serving import client, random_models
from starlette.testclient import TestClient

from ..asking import CSV, JSONL, NPZ, problem

VALUES = [[9.0, 0.5, -1.0], [12.0, 0.0, -2.0], [8.0, 3.0, -2.5], [10.5, 1.25, -1.5]]
COLUMNS = "3: temperature, rain, wind"
CALLS = ["traces", "decompositions", "memory", "experiments", "rankings"]
EDIT = {"letter": "f", "steps": [1], "hold": 0.25}


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with random models of text, and two that read numbers: ``bare`` has no head, ``headed`` has."""
    folder = random_models(tmp_path_factory.mktemp("models"))
    saved_numbers(folder / "bare")
    saved_numbers(folder / "headed", numeric_network(cell="lstm", outputs=1))
    return folder


@pytest.fixture(scope="module")
def asked(numbers: Path) -> TestClient:
    return client(numbers)


def typed(values: Any, dtype: str = "<f8") -> dict[str, str]:
    array = np.array(values, dtype)
    return {"dtype": dtype[1:], "bdata": b64encode(array.tobytes()).decode(), "shape": ", ".join(map(str, array.shape))}


@pytest.mark.parametrize("text", ["", " \n\t", "\ufeff\u00ad \u200b\u2060\u2800\u3164\ufe0f"])
@pytest.mark.parametrize("headers", [{}, JSONL], ids=["json", "jsonl"])
def test_text_without_a_word(api: TestClient, text: str, headers: dict[str, str]) -> None:
    for response in (
        api.post("/api/v1/models/lstm/traces", json={"text": text}, headers=headers),
        api.get("/api/v1/models/lstm/trace", params={"text": text}, headers=headers),
    ):
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == {
            "type": "empty-text",
            "title": "Empty text",
            "status": 422,
            "detail": "The text has no word to trace; send at least one.",
            "errors": [{"where": "text", "what": "has no word to trace; send at least one"}],
        }


def test_text_over_the_limit(models: Path) -> None:
    response = client(models, max_text=10).post("/api/v1/models/lstm/traces", json={"text": "good " * 3})
    assert problem(response) == (
        413,
        "text-too-long",
        "The text has 15 characters; this server takes up to 10. Send a shorter part of it.",
    )
    assert response.json()["limit"] == 10


def test_a_trace_of_numbers_in_every_form(asked: TestClient, numbers: Path) -> None:
    traced = load_model(numbers / "bare").trace(values=VALUES)
    url, labels = "/api/v1/models/bare/traces", ["a", "b", "=c", "d"]
    body = {"values": VALUES, "labels": labels}
    answer = asked.post(url, json=body).json()
    np.testing.assert_allclose(answer["layers"][0]["activations"]["f"], traced.layer()["f"], rtol=1e-6)
    assert answer["outputs"] == {"names": [], "values": [[], [], [], []]}
    assert [(each["text"], each["start"], each["end"], each["id"], each["known"]) for each in answer["tokens"]] == [
        (label, step, step + 1, step, True) for step, label in enumerate(labels)
    ]
    lines = [json.loads(line) for line in asked.post(url, json=body, headers=JSONL).text.splitlines()]
    assert [line["token"]["text"] for line in lines] == labels
    assert lines[2]["layers"][0]["activations"]["h"] == answer["layers"][0]["activations"]["h"][2]
    with np.load(BytesIO(asked.post(url, json=body, headers=NPZ).content)) as arrays:
        assert arrays["tokens"].tolist() == labels
        assert arrays["outputs"].shape == (4, 0)
        np.testing.assert_array_equal(arrays["0.forward.c"], traced.layer()["c"])
    rows = asked.post(url, json=body, headers=CSV).text.splitlines()
    assert len(rows) == 1 + 4 * 6 * 7
    assert rows[1].startswith("bare,0,a,0,forward,i,0,")


@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
def test_values_as_a_typed_array(asked: TestClient, dtype: str) -> None:
    url = "/api/v1/models/bare/traces"
    assert (
        asked.post(url, json={"values": typed(VALUES, dtype)}).json() == asked.post(url, json={"values": VALUES}).json()
    )


@pytest.mark.parametrize("call", CALLS)
def test_every_call_takes_values(asked: TestClient, call: str) -> None:
    edits = {} if call == "memory" else {"edits": [EDIT]}
    response = asked.post(f"/api/v1/models/headed/{call}", json={"values": VALUES, "labels": list("abcd"), **edits})
    assert response.status_code == 200, response.text
    assert [token["text"] for token in response.json()["tokens"]] == list("abcd")


@pytest.mark.parametrize("call", ["decompositions", "memory", "experiments"])
def test_what_needs_no_output_is_answered_without_a_head(asked: TestClient, call: str) -> None:
    edits = {} if call == "memory" else {"edits": [EDIT]}
    response = asked.post(f"/api/v1/models/bare/{call}", json={"values": VALUES, **edits})
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("call", "body", "detail"),
    [
        ("rankings", {}, "output: bare has no head, and so no output that parts could matter for."),
        (
            "decompositions",
            {"parts": ["shares"]},
            "parts: bare has no head, and so no output: only amounts can be asked for.",
        ),
        (
            "memory",
            {"parts": ["words"]},
            "parts: 'words' needs outputs, which a network without a head does not have: choose from states, inputs, "
            "spectral, time_scales, saturation, spectra.",
        ),
        ("memory", {"output": 0}, "output: the network has no head, and so no outputs: leave it out."),
        ("memory", {"target": 0}, "target: the network has no head, and so no outputs: leave it out."),
        (
            "decompositions",
            {"output": [0]},
            "output: bare has no head, and so no output: only amounts can be asked for.",
        ),
    ],
)
def test_what_needs_an_output_is_refused_without_a_head(
    asked: TestClient, call: str, body: dict[str, Any], detail: str
) -> None:
    response = asked.post(f"/api/v1/models/bare/{call}", json={"values": VALUES, **body})
    assert problem(response) == (422, "invalid-request", detail)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("model", "body", "detail"),
    [
        (
            "headed",
            {"text": "good"},
            f"text: headed reads numbers; send values in its place, of its columns, {COLUMNS}.",
        ),
        ("lstm", {"values": VALUES}, "values: are numbers, and lstm reads text; send a text in their place."),
        ("lstm", {"text": "good", "values": VALUES}, "values: are sent together with a text; send one of the two."),
        ("headed", {"text": "good", "values": VALUES}, "values: are sent together with a text; send one of the two."),
        ("lstm", {}, "text: is required."),
        ("headed", {}, f"values: are required: headed reads the columns {COLUMNS}."),
        (
            "lstm",
            {"text": "good", "labels": ["a"]},
            "labels: name the steps of values, and there are none; leave them out.",
        ),
        ("headed", {"values": []}, "values: the sequence is empty: give at least one step."),
        ("headed", {"values": [[1, 2]]}, f"values: the rows have 2 columns, and the model reads {COLUMNS}."),
        (
            "headed",
            {"values": VALUES, "labels": ["a"]},
            "labels: there are 1 labels for 4 steps: give one for each, or none.",
        ),
        ("headed", {"values": VALUES, "labels": ["a", 1, "b", "c"]}, "labels.1: Input should be a valid string."),
    ],
)
def test_what_the_model_does_not_read(
    asked: TestClient, call: str, model: str, body: dict[str, Any], detail: str
) -> None:
    assert problem(asked.post(f"/api/v1/models/{model}/{call}", json=body)) == (422, "invalid-request", detail)


def test_too_many_steps(numbers: Path) -> None:
    limited = client(numbers, max_text=3)
    response = limited.post("/api/v1/models/bare/traces", json={"values": VALUES})
    detail = "The sequence has 4 steps; this server takes up to 3. Send fewer of them."
    assert problem(response) == (413, "sequence-too-long", detail)
    edit = {"letter": "h", "steps": [0], "patch": {"values": VALUES[:2], "step": 1}}
    response = limited.post("/api/v1/models/bare/traces", json={"values": VALUES[:2], "edits": [edit]})
    detail = (
        "The sequence and those of its patches have together 4 steps; this server takes up to 3. Send fewer of them."
    )
    assert problem(response) == (413, "sequence-too-long", detail)


def test_numbers_in_an_address(asked: TestClient) -> None:
    url, body = "/api/v1/models/headed/trace", {"values": VALUES, "labels": ["a", "b", "c", "d"]}
    got = asked.get(url, params={name: json.dumps(value) for name, value in body.items()})
    assert got.json() == asked.post("/api/v1/models/headed/traces", json=body).json()
    other = asked.get(url, params={"values": json.dumps(VALUES)})
    assert other.headers["etag"] != got.headers["etag"]
    assert asked.get(url, params={"values": json.dumps(typed(VALUES))}).json() == other.json()
    tags = [asked.get(url, params={"csv": each}).headers["etag"] for each in (WRITTEN, WRITTEN.replace("12", "13"))]
    assert len({*tags, got.headers["etag"], other.headers["etag"]}) == 4
    longest = "1.5,2.5,3\n".ljust(4_000)
    assert asked.get(url, params={"csv": longest}).status_code == 200
    numbers = json.dumps([[1.5, 2.5, 3.5]] * 250)
    for name, sent in (("values", numbers), ("labels", json.dumps(["a" * 4_000])), ("csv", f"{longest} ")):
        assert problem(asked.get(url, params={"values": "[[1, 2, 3]]", name: sent})) == (
            422,
            "invalid-request",
            f"{name}: has {len(sent):,} characters: an address takes up to 4,000; send more in the body of a POST.",
        )


def test_a_patch_takes_values(asked: TestClient, numbers: Path) -> None:
    other = load_model(numbers / "bare").trace(values=VALUES[:2])
    edit = {"letter": "h", "steps": [3], "patch": {"values": VALUES[:2], "step": 1}}
    answer = asked.post("/api/v1/models/bare/traces", json={"values": VALUES, "edits": [edit]}).json()
    np.testing.assert_array_equal(np.float32(answer["layers"][0]["activations"]["h"][3]), other.layer()["h"][1])
    assert answer["edits"] == [edit]
    ranking = {"values": VALUES, "kind": "patches", "other_values": VALUES[::-1]}
    assert asked.post("/api/v1/models/headed/rankings", json=ranking).json()["parts"]


@pytest.mark.parametrize(
    ("edit", "detail"),
    [
        (
            {"swap": "good", "steps": [0]},
            "edits.0.swap: the input is numbers, which no token can replace: change the input itself.",
        ),
        (
            {"letter": "h", "patch": {"text": "good"}},
            f"edits.0.patch: headed reads numbers, not text: give values with its columns, {COLUMNS}.",
        ),
        (
            {"letter": "h", "patch": {"text": "good", "values": VALUES}},
            "edits.0.patch: has both a text and values to take from: give one of them.",
        ),
        (
            {"letter": "h", "patch": {"values": [1, 2]}},
            "edits.0.patch: the values are not rows: give a list of numbers for each step.",
        ),
        (
            {"letter": "h", "patch": {"values": "x"}},
            "edits.0.patch: 'x' are not values: give a row of numbers for each step.",
        ),
        ({"letter": "h", "patch": {"values": [["x"]]}}, "edits.0.patch: 'x' is not a number."),
        (
            {"letter": "h", "patch": {"values": [[1]]}},
            f"edits.0.patch: the rows have 1 column, and the model reads {COLUMNS}.",
        ),
    ],
)
def test_edits_that_numbers_do_not_have(asked: TestClient, edit: dict[str, Any], detail: str) -> None:
    response = asked.post("/api/v1/models/headed/traces", json={"values": VALUES, "edits": [edit]})
    assert problem(response) == (422, "invalid-request", detail)


def test_a_patch_of_numbers_for_a_model_of_text(asked: TestClient) -> None:
    edit = {"letter": "h", "patch": {"values": [[1.0]]}}
    response = asked.post("/api/v1/models/lstm/traces", json={"text": "good", "edits": [edit]})
    assert problem(response)[2] == "edits.0.patch: lstm reads text, not numbers: give a str, not a tuple."


def test_the_card_of_a_model_of_numbers(asked: TestClient) -> None:
    card = asked.get("/api/v1/models/bare").json()
    assert (card["input"], card["tokenizer"], card["outputs"], card["next_outputs"]) == ("numbers", None, [], [])
    assert card["columns"][0] == {"name": "temperature", "unit": "°C", "mean": 10.0, "scale": 4.0}
    assert (card["network"]["input_size"], card["network"]["outputs"]) == (3, 0)


def test_a_default_model_of_numbers_warms_up(numbers: Path) -> None:
    with client(numbers, default_model="bare") as only:  # which tries a trace
        assert only.get("/readyz").json()["status"] == "ok"


WRITTEN = "# Two hours\ntime,rain,temperature,wind\n06:00,0.5,9,-1\n07:00,0,12,-2\n"
AS_VALUES = {"values": [[9.0, 0.5, -1.0], [12.0, 0.0, -2.0]], "labels": ["06:00", "07:00"]}


@pytest.mark.parametrize("call", ["traces", "memory", "decompositions", "rankings"])
def test_csv_is_read_as_its_values_and_labels(asked: TestClient, call: str) -> None:
    answers = [asked.post(f"/api/v1/models/headed/{call}", json=each) for each in ({"csv": WRITTEN}, AS_VALUES)]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    ("model", "sent", "detail"),
    [
        (
            "headed",
            {"csv": WRITTEN.replace("12", "warm")},
            "csv: line 4, column 'temperature': 'warm' is not a number.",
        ),
        (
            "headed",
            {"csv": "rain,wind\n1,2"},
            "csv: there is no column 'temperature': the file names rain, wind, "
            "and the model reads temperature, rain, wind.",
        ),
        ("headed", {"csv": ""}, "csv: the file is empty: give at least one step."),
        ("headed", {"csv": WRITTEN, "text": "good"}, "csv: is sent together with text; send one of the two."),
        ("headed", {"csv": WRITTEN, **AS_VALUES}, "csv: is sent together with values; send one of the two."),
        ("lstm", {"csv": WRITTEN}, "csv: holds numbers, and lstm reads text; send a text in its place."),
    ],
)
def test_csv_that_does_not_fit(asked: TestClient, model: str, sent: dict[str, Any], detail: str) -> None:
    response = asked.post(f"/api/v1/models/{model}/traces", json=sent)
    assert (response.status_code, response.json()["detail"]) == (422, detail)


def test_csv_has_as_many_steps_as_a_text_may_have_characters(numbers: Path) -> None:
    few = client(numbers, max_text=1)
    response = few.post("/api/v1/models/headed/traces", json={"csv": WRITTEN})
    assert (response.status_code, response.json()["type"]) == (413, "sequence-too-long")
