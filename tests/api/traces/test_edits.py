"""Edits over HTTP: in every form, against the edited trace from Python; never in another request's answer."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from gatescope.main import create_app
from gatescope.recurrent.edits import OPERATIONS
from gatescope.recurrent.edits.data import edits_from
from gatescope.recurrent.trace import Trace
from gatescope.settings import Settings
from gatescope.store.loading import load_model
from hypothesis import given
from hypothesis import strategies as st
from serving import client, running
from starlette.testclient import TestClient

from ..asking import CSV, JSONL, NPZ, TEXT, each_form, interleaved, lines, post, problem

EDITS: list[dict[str, Any]] = [
    {"letter": "i", "steps": [3], "hold": 0.25},
    {"letter": "c", "units": [1, 4], "steps": "1-2", "scale": 0.5},
    {"letter": "h", "units": [2], "steps": [4], "patch": {"text": "the movie was good", "step": 3}},
    {"freeze": True, "steps": [2]},
    {"steps": [4], "swap": "bad"},
]


def expected(models: Path, model: str = "lstm", edits: Any = EDITS) -> Trace:
    return load_model(models / model).trace(TEXT, edits)


def test_every_form_holds_the_edited_trace(api: TestClient, models: Path) -> None:
    trace = expected(models)
    layer = trace.layer()
    answer = post(api, edits=EDITS)
    assert answer["edits"] == [each.to_dict() for each in trace.edits]
    assert answer["notes"] == list(trace.notes)
    by_step = lines(api, edits=EDITS)
    options = {"text": TEXT, "edits": EDITS}
    archive = np.load(BytesIO(api.post("/api/v1/models/lstm/traces", json=options, headers=NPZ).content))
    rows = list(csv.DictReader(StringIO(api.post("/api/v1/models/lstm/traces", json=options, headers=CSV).text)))
    for letter, array in layer.activations.items():
        sent = {
            "json": answer["layers"][0]["activations"][letter],
            "jsonl": [line["layers"][0]["activations"][letter] for line in by_step],
            "npz": archive[f"0.forward.{letter}"],
            "csv": np.reshape([float(row["value"]) for row in rows if row["activation"] == letter], array.shape),
        }
        for numbers in sent.values():
            np.testing.assert_array_equal(np.array(numbers, np.float32), array)
    np.testing.assert_array_equal(np.array(answer["outputs"]["values"], np.float32), trace.outputs)
    np.testing.assert_array_equal(archive["outputs"], trace.outputs)
    np.testing.assert_array_equal(np.array([line["outputs"] for line in by_step], np.float32), trace.outputs)
    assert (layer["i"][3] == 0.25).all()


@each_form
def test_the_address_takes_the_json_list(api: TestClient, form: dict[str, str]) -> None:
    params = {"text": TEXT, "edits": json.dumps(EDITS)}
    got = api.get("/api/v1/models/lstm/trace", params=params, headers=form)
    posted = api.post("/api/v1/models/lstm/traces", json={"text": TEXT, "edits": EDITS}, headers=form)
    assert got.status_code == 200, got.text
    assert got.content == posted.content


@each_form
@pytest.mark.parametrize("model", ["lstm", "both-ways"])
def test_a_part_of_an_edited_trace_is_cut_from_the_whole(api: TestClient, model: str, form: dict[str, str]) -> None:
    """An edit past ``stop`` does not count, or, of a backward layer, does."""
    edits = [{"letter": "h", "steps": [1, 4], "scale": 0.5}, {"letter": "h", "patch": {"text": "it was a bad one"}}]
    whole = lines(api, model, edits=edits)
    options = {"text": TEXT, "edits": edits, "stop": 3, "start": 1}
    answer = api.post(f"/api/v1/models/{model}/traces", json=options, headers=form)
    assert answer.status_code == 200, answer.text
    if form == JSONL:
        assert [json.loads(line) for line in answer.text.splitlines()] == whole[1:3]


def test_without_edits_the_answer_says_nothing_of_them(api: TestClient) -> None:
    plain = post(api)
    assert post(api, edits=[]) == plain
    assert not {"edits", "notes"} & plain.keys()


def test_files_say_that_they_are_of_an_edited_run(api: TestClient) -> None:
    def saved(form: dict[str, str], **options: Any) -> tuple[str, bytes]:
        answer = api.post("/api/v1/models/lstm/traces", json={"text": TEXT, **options}, headers=form)
        return answer.headers["content-disposition"], answer.content

    edits = [{"letter": "i", "hold": 0}, *EDITS, {"letter": "i", "hold": 1}]
    name, content = saved(NPZ, edits=edits)
    assert name == 'attachment; filename="gatescope-lstm-edited.npz"'
    archive = np.load(BytesIO(content), allow_pickle=False)
    assert json.loads(str(archive["edits"])) == [each.to_dict() for each in edits_from(edits)]
    assert archive["notes"].tolist() == post(api, edits=edits)["notes"] != []
    assert np.load(BytesIO(saved(NPZ, edits=EDITS[:1])[1]))["notes"].shape == (0,)
    assert saved(CSV, edits=edits)[0] == 'attachment; filename="gatescope-lstm-edited.csv"'
    for options in ({}, {"edits": []}):
        assert saved(CSV, **options)[0] == 'attachment; filename="gatescope-lstm.csv"'
        assert not {"edits", "notes"} & np.load(BytesIO(saved(NPZ, **options)[1])).keys()


@each_form
def test_edits_change_the_tag_and_are_revalidated(api: TestClient, form: dict[str, str]) -> None:
    def get(edits: str, **headers: str) -> Any:
        params = {"text": TEXT} | ({"edits": edits} if edits else {})
        return api.get("/api/v1/models/lstm/trace", params=params, headers=form | headers)

    one, two, none = (get(edits) for edits in ('[{"letter":"i","hold":0}]', '[{"letter":"i","hold":1}]', ""))
    tags = [each.headers["etag"] for each in (one, two, none)]
    assert len(set(tags)) == 3
    again = get('[{"letter":"i","hold":0}]', **{"If-None-Match": tags[0]})
    assert again.status_code == 304
    assert get('[{"letter":"i","hold":1}]', **{"If-None-Match": tags[0]}).status_code == 200


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("edits=i@3=0", "is not a JSON list: Expecting value: line 1 column 1 (char 0)"),
        ("edits=[]&edits=[]", "is given more than once: send one JSON list"),
        ("edits=" + "[" * 5000, "is not a JSON list: "),
        ("edits={}", "Input should be a valid list"),
        ("edits=3", "Input should be a valid list"),
    ],
)
def test_edits_in_the_address_that_are_not_a_list(api: TestClient, query: str, what: str) -> None:
    answer = api.get(f"/api/v1/models/lstm/trace?text=good&{query}")
    assert problem(answer)[:2] == (422, "invalid-request")
    [error] = answer.json()["errors"]
    assert error["where"] == "edits"
    assert error["what"].startswith(what)


def test_the_texts_of_patches_count_with_the_text(models: Path) -> None:
    api = client(models, max_text=30)
    edits = [{"letter": "h", "patch": {"text": "bad " * n, "step": 0}} for n in (1, 2)]
    answer = api.post("/api/v1/models/lstm/traces", json={"text": TEXT, "edits": edits})
    assert problem(answer) == (
        413,
        "text-too-long",
        "The text and those of its patches have together 34 characters; this server takes up to 30. "
        "Send a shorter part of it.",
    )


@each_form
def test_an_edit_that_overflows_says_so_in_every_form(api: TestClient, form: dict[str, str]) -> None:
    edits = [{"letter": "i", "steps": [2], "scale": 1e38}] * 2
    answer = api.post("/api/v1/models/lstm/traces", json={"text": TEXT, "edits": edits}, headers=form)
    assert problem(answer) == (
        422,
        "states-overflow",
        "At step 2 of 5, i of layer 0 forward leaves the range of float32. Make the edits smaller, or send a shorter "
        "text, or set stop to 2 or less.",
    )


@pytest.mark.slow("sends hundreds of requests from 50 threads", seconds=3)
def test_edits_never_leak_into_another_request(models: Path) -> None:
    """Fifty clients at once, each with an edit of its own or none, against one server."""
    values = [None if n % 5 == 0 else n / 50 for n in range(50)]
    with (
        interleaved(),
        running(create_app(Settings(models=models, default_model="lstm"))) as address,
        ThreadPoolExecutor(len(values)) as pool,
    ):

        def ask(value: float | None) -> list[Any]:
            edits = [] if value is None else [{"letter": "i", "steps": [2], "hold": value}]
            found = []
            with httpx2.Client(base_url=address, timeout=None) as session:
                for _ in range(4):
                    answer = session.post("/api/v1/models/lstm/traces", json={"text": TEXT, "edits": edits})
                    found.append(answer.json()["layers"][0]["activations"]["i"])
            return found

        plain = expected(models, edits=[]).layer()["i"]
        for value, found in zip(values, pool.map(ask, values), strict=True):
            for sent in found:
                gates = np.array(sent, np.float32)
                np.testing.assert_array_equal(gates[:2], plain[:2])
                assert (gates[2] == (plain[2] if value is None else np.float32(value))).all()


@pytest.mark.parametrize("depth", [5, 100, 300, 500, 700, 800, 900, 950, 980, 1000, 5000])
def test_edits_nested_deeply_are_refused(api: TestClient, depth: int) -> None:
    edits = f'[{{"letter": "i", "hold": {"[" * depth}{"]" * depth}}}]'
    body = f'{{"text": "good", "edits": {edits}}}'
    posted = api.post("/api/v1/models/lstm/traces", content=body, headers={"Content-Type": "application/json"})
    got = api.get("/api/v1/models/lstm/trace", params={"text": "good", "edits": edits})
    for answer in (posted, got):
        assert problem(answer)[0] in (400, 422)


NAMES = ["letter", "layer", "direction", "units", "steps", "sequences", *OPERATIONS]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 8)
    | st.floats()
    | st.sampled_from(["i", "h", "0-1", "zero", "good", ""])
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "step"]), inner),
    max_leaves=4,
)


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=4), max_size=3))
def test_any_edits_are_run_or_refused(api: TestClient, edits: Any) -> None:
    body = json.dumps({"text": TEXT, "edits": edits})
    posted = api.post("/api/v1/models/lstm/traces", content=body, headers={"Content-Type": "application/json"})
    got = api.get("/api/v1/models/lstm/trace", params={"text": TEXT, "edits": json.dumps(edits)})
    assert posted.status_code in (200, 413, 422), posted.text
    assert got.content == posted.content
