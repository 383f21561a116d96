"""Traces on the wire, against the trace that the network gives."""

import json
import threading
from base64 import b64decode
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest
from gatescope.api.traces import plan
from gatescope.main import create_app
from gatescope.recurrent.engine import compiled as kernels
from gatescope.recurrent.trace import Trace
from gatescope.settings import Settings
from gatescope.store.loading import load_model
from numpy.typing import NDArray
from serving import HIDDEN, MODELS, client, running
from starlette.testclient import TestClient

from ..asking import JSONL, TEXT, lines, post, problem


def decoded(array: dict[str, str]) -> NDArray[np.float32]:
    shape = [int(size) for size in array["shape"].split(", ")]
    return np.frombuffer(b64decode(array["bdata"]), dtype="<f4").reshape(shape)


def expected(models: Path, model: str = "lstm", text: str = TEXT) -> Trace:
    return load_model(models / model).trace(text)


@pytest.mark.parametrize("model", MODELS)
def test_answer_holds_every_number_of_the_trace(api: TestClient, models: Path, model: str) -> None:
    text = "abba ab" if model == "letters" else TEXT
    answer, trace = post(api, model, text=text), expected(models, model, text)
    assert (answer["model"], answer["steps"], answer["start"], answer["stop"]) == (model, len(trace), 0, len(trace))
    assert answer["units"] is None
    assert len(answer["layers"]) == len(trace.layers)
    for sent, layer in zip(answer["layers"], trace.layers, strict=True):
        assert (sent["layer"], sent["direction"], sent["cell"]) == (layer.layer, layer.direction, layer.cell)
        assert sent["hidden_size"] == HIDDEN
        assert sent["activations"].keys() == layer.activations.keys()
        for letter, array in layer.activations.items():
            np.testing.assert_array_equal(np.array(sent["activations"][letter], dtype=np.float32), array)
    np.testing.assert_array_equal(np.array(answer["outputs"]["values"], dtype=np.float32), trace.outputs)


def test_get_gives_the_same_as_post(api: TestClient) -> None:
    options = {"activations": ["h", "f"], "units": [6, 0], "layers": [0], "start": 1, "stop": 3, "encoding": "base64"}
    got = api.get("/api/v1/models/lstm/trace", params={"text": TEXT, **options})
    assert got.json() == post(api, **options)


def test_choice_of_layers_activations_units_and_steps(api: TestClient, models: Path) -> None:
    answer = post(api, "both-ways", layers=[1], activations=["h", "z"], units=[5, 2], start=1, stop=4)
    trace = expected(models, "both-ways")
    assert (answer["steps"], answer["start"], answer["stop"], answer["units"]) == (5, 1, 4, [5, 2])
    assert [token["text"] for token in answer["tokens"]] == ["movie", "was", "not"]
    assert [(each["layer"], each["direction"]) for each in answer["layers"]] == [(1, "forward"), (1, "backward")]
    for sent in answer["layers"]:
        assert list(sent["activations"]) == ["z", "h"]
        for letter, rows in sent["activations"].items():
            wanted = trace.layer(1, sent["direction"])[letter][1:4, [5, 2]]
            np.testing.assert_array_equal(np.array(rows, dtype=np.float32), wanted)
    assert len(answer["outputs"]["values"]) == 3


def test_stop_past_the_end_means_the_end(api: TestClient) -> None:
    answer = post(api, start=3, stop=1000)
    assert (answer["start"], answer["stop"]) == (3, 5)


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_chunks_arrive_while_the_network_steps(models: Path, monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """The network waits before its second chunk until the client has read the first."""
    read, chunks_asked = threading.Event(), []
    in_chunks = plan.trace_in_chunks

    def waiting(*args: Any, **options: Any) -> Any:
        for part in in_chunks(*args, **options):
            if chunks_asked:
                assert read.wait(20), "the first chunk did not reach the client"
            chunks_asked.append(part.start)
            yield part

    monkeypatch.setattr(plan, "trace_in_chunks", waiting)
    with running(create_app(Settings(models=models, chunk_steps=2))) as address:
        url = f"{address}/api/v1/models/lstm/traces"
        headers = JSONL | {"Accept-Encoding": encoding}
        with httpx2.stream("POST", url, json={"text": TEXT}, headers=headers, timeout=30) as response:
            steps = []
            for line in response.iter_lines():
                steps.append(json.loads(line)["step"])
                read.set()
        assert steps == [0, 1, 2, 3, 4]
        assert chunks_asked == [0, 2, 4]


@pytest.mark.parametrize("model", ["lstm", "both-ways"])
def test_the_reference_engine_gives_the_same_numbers_without_the_kernels(
    models: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    compiled, reference = client(models), client(models, engine="reference")
    answer, steps = post(compiled, model, encoding="base64"), lines(compiled, model)

    def broken(*args: Any, **options: Any) -> None:
        raise AssertionError("the kernels ran")

    monkeypatch.setattr(kernels, "unroll", broken)
    paths = ("/", f"/api/v1/models/{model}/trace?text=good")
    assert [compiled.get(path).status_code for path in paths] == [500, 500]
    assert [reference.get(path).status_code for path in paths] == [200, 200]
    for sent, fast in zip(post(reference, model, encoding="base64")["layers"], answer["layers"], strict=True):
        for letter, array in sent["activations"].items():
            np.testing.assert_allclose(decoded(array), decoded(fast["activations"][letter]), rtol=0, atol=1e-6)
    for line, fast_line in zip(lines(reference, model), steps, strict=True):
        for sent, fast in zip(line["layers"], fast_line["layers"], strict=True):
            for letter, row in sent["activations"].items():
                np.testing.assert_allclose(row, fast["activations"][letter], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Not GOOD", [("Not", 0, 3, True), ("GOOD", 4, 8, True)]),
        ("👨‍👩‍👧 good", [("👨‍👩‍👧", 0, 5, False), ("good", 6, 10, True)]),
        ("cafe\u0301 bad", [("cafe\u0301", 0, 5, False), ("bad", 6, 9, True)]),
        ("שלום good", [("שלום", 0, 4, False), ("good", 5, 9, True)]),
        ("a\x00good", [("a", 0, 1, False), ("\x00", 1, 2, False), ("good", 2, 6, True)]),
        ("wasn’t", [("was", 0, 3, True), ("n’t", 3, 6, True)]),
    ],
    ids=["case", "emoji", "combining mark", "right to left", "NUL", "clitic"],
)
def test_offsets_count_code_points_of_the_text_as_sent(
    api: TestClient, text: str, tokens: list[tuple[str, int, int, bool]]
) -> None:
    for answer in (post(api, text=text), api.get("/api/v1/models/lstm/trace", params={"text": text}).json()):
        assert [(t["text"], t["start"], t["end"], t["known"]) for t in answer["tokens"]] == tokens


def test_ten_thousand_characters(api: TestClient) -> None:
    text = ("good 👍 " * 2000)[:10_000]
    answer = post(api, text=text, activations=["h"], units=[0])
    assert answer["steps"] == sum(1 for _ in text.split())
    assert all(text[token["start"] : token["end"]] == token["text"] for token in answer["tokens"])


@pytest.mark.parametrize("query", ["text=%ff", "text=%ed%a0%80"], ids=["not UTF-8", "encoded surrogate"])
def test_query_that_is_not_utf8(api: TestClient, query: str) -> None:
    assert problem(api.get(f"/api/v1/models/lstm/trace?{query}")) == (
        400,
        "invalid-query",
        "The query is not percent-encoded UTF-8. Encode the text as UTF-8 before percent-encoding it.",
    )
