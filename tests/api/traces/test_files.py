"""Traces as files: they hold the numbers of the JSON, under the names of what they are."""

import csv
import io
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from gatescope.api.traces import files
from gatescope.api.traces.content import Selection
from gatescope.api.traces.files import as_text, csv_rows
from gatescope.recurrent.tokenizer import TOKENIZERS, UNKNOWN, CharacterTokenizer, Tokenizer
from gatescope.recurrent.trace import trace
from gatescope.store.saving import save_model
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import random_network, random_tokens
from serving import HIDDEN, client
from starlette.testclient import TestClient

from ..asking import CSV, NPZ, TEXT, each_form, post, problem

Arrays = dict[str, np.ndarray]
Row = dict[str, str]

PARTS: list[tuple[str, dict[str, Any]]] = [
    ("lstm", {}),
    ("gru", {"activations": ["h", "z"], "units": [5, 0, 2]}),
    ("rnn", {"start": 2, "stop": 4}),
    ("both-ways", {"layers": [1], "units": [3], "start": 1}),
    ("letters", {"text": 'ab\n\r,"b', "activations": ["h"]}),
]
each_part = pytest.mark.parametrize(("model", "options"), PARTS, ids=[model for model, _ in PARTS])


def asked(api: TestClient, accept: dict[str, str], model: str = "lstm", **options: Any) -> Any:
    response = api.post(f"/api/v1/models/{model}/traces", json={"text": TEXT, **options}, headers=accept)
    assert response.status_code == 200, response.text
    return response


def arrays(api: TestClient, model: str = "lstm", **options: Any) -> Arrays:
    with np.load(io.BytesIO(asked(api, NPZ, model, **options).content), allow_pickle=False) as archive:
        return dict(archive)


def rows(api: TestClient, model: str = "lstm", **options: Any) -> list[Row]:
    response = asked(api, CSV, model, **options)
    return list(csv.DictReader(io.StringIO(response.content.decode(), newline=""), strict=True))


def float32(numbers: Any) -> np.ndarray:
    return np.array(numbers, dtype=np.float32)


@each_part
def test_npz_holds_the_numbers_of_the_json(api: TestClient, model: str, options: dict[str, Any]) -> None:
    archive, answer = arrays(api, model, **options), post(api, model, **options)
    expected = {
        f"{layer['layer']}.{layer['direction']}.{letter}": float32(numbers)
        for layer in answer["layers"]
        for letter, numbers in layer["activations"].items()
    } | {"outputs": float32(answer["outputs"]["values"])}
    assert expected.keys() | {"tokens", "output_names", "start", "units"} == archive.keys()
    for name, array in expected.items():
        assert archive[name].dtype == np.float32
        np.testing.assert_array_equal(archive[name], array, strict=True)
    assert archive["tokens"].tolist() == [token["text"] for token in answer["tokens"]]
    assert archive["output_names"].tolist() == answer["outputs"]["names"]
    assert archive["start"][()] == answer["start"]
    assert archive["units"].tolist() == (answer["units"] or list(range(HIDDEN)))


@each_part
def test_csv_holds_the_numbers_of_the_json(api: TestClient, model: str, options: dict[str, Any]) -> None:
    table, answer = rows(api, model, **options), post(api, model, **options)
    units = answer["units"] or range(HIDDEN)
    places, values = [], []
    for t, token in enumerate(answer["tokens"]):
        for layer in answer["layers"]:
            for letter, array in layer["activations"].items():
                place = model, answer["start"] + t, token["text"], layer["layer"], layer["direction"], letter
                places += [[str(each) for each in (*place, unit)] for unit in units]
                values += array[t]
    assert len(places) >= HIDDEN
    assert [list(row.values())[:-1] for row in table] == places
    np.testing.assert_array_equal(float32([row["value"] for row in table]), float32(values))
    assert list(table[0]) == ["model", "step", "token", "layer", "direction", "activation", "unit", "value"]


def test_only_numpy_loses_a_nul(api: TestClient) -> None:
    options = {"text": "a\x00b", "units": [0], "activations": ["h"]}
    assert arrays(api, "letters", **options)["tokens"].tolist() == ["a", "", "b"]
    assert [row["token"] for row in rows(api, "letters", **options)] == ["a", "\x00", "b"]


@pytest.mark.parametrize("model", ["lstm", "both-ways"])
def test_csv_in_chunks_holds_the_same(models: Path, api: TestClient, model: str) -> None:
    in_chunks, whole = (rows(each, model, start=1, stop=4) for each in (client(models, chunk_steps=2), api))
    values = [[float(row.pop("value")) for row in each] for each in (in_chunks, whole)]
    assert in_chunks == whole
    np.testing.assert_allclose(*values, rtol=0, atol=1e-6)  # sums in another order


def test_csv_comes_step_by_step_where_steps_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    traced = trace(random_network(cell="gru"), random_tokens(5))
    selection = Selection(layers=frozenset({0}), letters=["h"], units=None)
    [whole] = csv_rows([traced], "m", selection)
    monkeypatch.setattr(files, "CHUNK", 1)
    steps = list(csv_rows([traced], "m", selection))
    assert len(steps) == 5
    assert b"".join(steps) == whole


def test_the_bytes_of_a_file_are_always_the_same(api: TestClient) -> None:
    for accept in (NPZ, CSV):
        assert asked(api, accept).content == asked(api, accept).content


def test_a_file_is_the_same_in_either_encoding_of_json(api: TestClient) -> None:
    for accept in (NPZ, CSV):
        assert asked(api, accept, encoding="base64").content == asked(api, accept).content


def test_csv_is_as_rfc_4180_asks(api: TestClient) -> None:
    lines = asked(api, CSV, "letters", text='a"\n', units=[0], activations=["h"]).content.split(b"\r\n")
    assert [line.rpartition(b",")[0] for line in lines] == [
        b"model,step,token,layer,direction,activation,unit",
        b"letters,0,a,0,forward,h,0",
        b'letters,1,"""",0,forward,h,0',
        b'letters,2,"\n",0,forward,h,0',
        b"",
    ]


FORMULA = re.compile(r"\s*[=+@＝＋－＠-]")  # as spreadsheets find one


def told(cell: str) -> str:
    """The text of a cell, as docs/api.md says to read it."""
    return re.sub(r"^'(?=['\s]*[=+@＝＋－＠-])", "", cell)


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS.keys())
@given(text=st.text(st.sampled_from("=+-@＝\t\r\n '()[]:;/\\|!^Doap13.,\u0301\u200d 💥"), max_size=40) | st.text())
@settings(deadline=None)
def test_no_token_becomes_a_formula_and_each_comes_back(tokenizer: type[Tokenizer], text: str) -> None:
    for token in (text, *(text[start:end] for start, end in tokenizer.spans(text))):
        cell = as_text(token)
        assert not FORMULA.match(cell)
        assert told(cell) == token
        assert cell in {token, f"'{token}"}


def test_no_cell_of_text_becomes_a_formula_and_numbers_stay_numbers(models: Path, tmp_path: Path) -> None:
    name = "=cmd|' /C calc'!A0"
    tmp_path = tmp_path / "models"
    tmp_path.mkdir()
    vocabulary = CharacterTokenizer([UNKNOWN, *"=+-@'a"])
    network = random_network(cell="lstm", outputs=1, vocabulary_size=7)
    about = {"title": "T", "task": "t", "description": "D.", "outputs": ["positive"], "licence": "MIT"}
    save_model(tmp_path / "plain", network, vocabulary, about)
    (tmp_path / "plain").rename(tmp_path / name.replace("/", "\N{DIVISION SLASH}"))
    name = name.replace("/", "\N{DIVISION SLASH}")
    api = client(tmp_path, default_model=name)
    text = "=+-@\t\r'a"
    response = api.get(f"/api/v1/models/{quote(name)}/trace", params={"text": text}, headers=CSV)
    assert response.status_code == 200, response.text
    table = list(csv.DictReader(io.StringIO(response.content.decode(), newline=""), strict=True))
    assert [cell for row in table for key, cell in row.items() if key != "value" and FORMULA.match(cell)] == []
    assert {told(row["model"]) for row in table} == {name}
    assert list(dict.fromkeys(told(row["token"]) for row in table)) == list(text)
    values = [row["value"] for row in table]
    assert any(value.startswith("-") for value in values)
    assert np.isfinite([float(value) for value in values]).all()


@each_form
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_head_traces_nothing(models: Path, form: dict[str, str], encoding: str) -> None:
    api = client(models)
    headers = {**form, "Accept-Encoding": encoding}
    url = "/api/v1/models/lstm/trace?text=not+good"
    head = api.head(url, headers=headers)
    assert "gatescope_traces_total 0.0" in api.get("/metrics").text
    get = api.get(url, headers=headers)
    assert "gatescope_traces_total 1.0" in api.get("/metrics").text
    assert (head.status_code, head.content) == (200, b"")
    own = dict.fromkeys(["x-request-id", "content-length"], "")  # a length would have to be computed
    assert {**head.headers, **own} == {**get.headers, **own}
    assert api.head(url.replace("text", "txt"), headers=headers).status_code == 422


@pytest.mark.parametrize(("accept", "name"), [(NPZ, "gatescope-lstm.npz"), (CSV, "gatescope-lstm.csv")])
def test_a_file_has_a_name(api: TestClient, accept: dict[str, str], name: str) -> None:
    assert asked(api, accept).headers["content-disposition"] == f'attachment; filename="{name}"'


def test_the_name_of_a_file_may_be_of_any_script(models: Path, tmp_path: Path) -> None:
    (tmp_path / "modèle").symlink_to(models / "lstm")
    response = asked(client(tmp_path), CSV, "modèle")
    assert response.headers["content-disposition"] == "attachment; filename*=UTF-8''gatescope-mod%C3%A8le.csv"
    assert response.text.splitlines()[1].startswith("modèle,0,the,")


@pytest.mark.parametrize("accept", ["application/json", "application/jsonl"])
def test_json_is_no_file(api: TestClient, accept: str) -> None:
    assert "content-disposition" not in asked(api, {"Accept": accept}).headers


def test_the_limit_on_an_answer_holds_for_what_is_made_as_a_whole(models: Path) -> None:
    api = client(models, max_values=5 * HIDDEN * 6 - 1)
    response = api.post("/api/v1/models/lstm/traces", json={"text": TEXT}, headers=NPZ)
    assert problem(response)[:2] == (413, "answer-too-large")
    assert len(rows(api)) == 5 * HIDDEN * 6
