"""Traces as files: they hold the numbers of the JSON, under the names of what they are."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gatescope.recurrent.tokenizer import TOKENIZERS, Tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from serving import HIDDEN, client
from starlette.testclient import TestClient

from ..asking import CSV, NPZ, TEXT, post, problem

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


@pytest.mark.parametrize("tokenizer", TOKENIZERS.values(), ids=TOKENIZERS.keys())
@given(text=st.text(st.sampled_from("=+-@\t\r'()[]:;/\\|!^Doap13.,\u0301\u200d 💥"), max_size=40) | st.text())
@settings(deadline=None)
def test_a_token_that_a_spreadsheet_takes_for_a_formula_calls_nothing(tokenizer: type[Tokenizer], text: str) -> None:
    """``=A()`` is the shortest call; an emoticon such as ``='(`` the longest token that begins like one."""
    for start, end in tokenizer.spans(text):
        if text[start] in "=+-@\t\r":
            assert sum(character.isascii() for character in text[start:end]) <= 3


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
