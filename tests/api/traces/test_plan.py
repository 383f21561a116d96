"""What a trace may ask for: numbers that leave the range of floats, pre-activations, and more than the server sends."""

import html
import json
import re
from base64 import b64decode
from csv import DictReader
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gatescope import load_model
from gatescope.store.saving import save_model
from networks import random_network
from serving import HIDDEN, WORDS, client
from starlette.testclient import TestClient
from typer.testing import CliRunner

from ..asking import CSV, JSON, JSONL, NPZ, TEXT, each_form, lines, post, problem

FACTOR, LONG_TEXT = 10.0, "the " * 400
LEAST_STEP = {"single": 39, "double": 309}  # (10^(step + 1) − 1) / 9 is the first beyond the dtype's largest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two relu RNNs of one unit that is ten times as large after each step, in float32 and in float64."""
    folder = tmp_path_factory.mktemp("relu")
    for name, dtype in (("single", torch.float32), ("double", torch.float64)):
        network = random_network(
            cell="rnn", nonlinearity="relu", vocabulary_size=len(WORDS.vocabulary), hidden_size=1, embedding_size=1,
            outputs=1, bias=False,
        )  # fmt: skip
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.fill_(1)
            network.recurrent.weight_hh_l0.fill_(FACTOR)  # type: ignore[operator, union-attr]
        about = {"title": name, "task": "t", "description": "d", "outputs": ["yes"], "licence": "MIT"}
        save_model(folder / name, network.to(dtype), WORDS, about)
    return folder


@pytest.fixture(scope="module")
def api(folder: Path) -> TestClient:
    return client(folder, default_model="single")


def expected(step: int) -> float:
    """What the unit is at a step."""
    h = 0.0
    for _ in range(step + 1):
        h = 1 + FACTOR * h
    return h


def asked(api: TestClient, model: str, form: dict[str, str], **options: Any) -> Any:
    return api.post(f"/api/v1/models/{model}/traces", json={"text": LONG_TEXT, **options}, headers=form)


@each_form
@pytest.mark.parametrize("model", LEAST_STEP)
def test_every_form_says_at_which_step_which_letter_overflows(
    api: TestClient, model: str, form: dict[str, str]
) -> None:
    step, dtype = LEAST_STEP[model], {"single": "float32", "double": "float64"}[model]
    assert problem(asked(api, model, form)) == (
        422,
        "states-overflow",
        f"At step {step} of 400, h of layer 0 forward leaves the range of {dtype}. Send a shorter text, or set stop to "
        f"{step} or less.",
    )
    response = api.get(f"/api/v1/models/{model}/trace", params={"text": LONG_TEXT}, headers=form)
    assert problem(response)[:2] == (422, "states-overflow")


def values(response: Any, form: dict[str, str]) -> list[float]:
    """h at every step, by the form of the answer."""
    assert response.status_code == 200, response.text
    if form == JSON:
        return [row[0] for row in response.json()["layers"][0]["activations"]["h"]]
    if form == JSONL:
        return [json.loads(line)["layers"][0]["activations"]["h"][0] for line in response.text.splitlines()]
    if form == NPZ:
        return [float(each) for each in np.load(BytesIO(response.content))["0.forward.h"][:, 0]]
    return [float(row["value"]) for row in DictReader(StringIO(response.text))]


@each_form
@pytest.mark.parametrize("model", LEAST_STEP)
def test_up_to_that_step_the_numbers_are_right(api: TestClient, model: str, form: dict[str, str]) -> None:
    step = LEAST_STEP[model]
    sent = values(asked(api, model, form, stop=step), form)
    np.testing.assert_allclose(sent, [expected(each) for each in range(step)], rtol=1e-5)


@pytest.mark.parametrize("form", [JSON, JSONL], ids=["json", "jsonl"])
def test_base64_refuses_what_float32_does_not_hold(api: TestClient, form: dict[str, str]) -> None:
    assert problem(asked(api, "double", form, encoding="base64", stop=100)) == (
        422,
        "states-overflow",
        "At step 39 of 400, h of layer 0 forward leaves the range of float32, which base64 holds. Send a shorter text, "
        'or set stop to 39 or less, or ask for another "encoding".',
    )
    answer = asked(api, "double", JSON, encoding="base64", stop=39).json()
    sent = np.frombuffer(b64decode(answer["layers"][0]["activations"]["h"]["bdata"]), "<f4")
    np.testing.assert_allclose(sent, [expected(each) for each in range(39)], rtol=1e-5)


def test_the_memory_says_so_too(api: TestClient) -> None:
    response = api.post("/api/v1/models/single/memory", json={"text": LONG_TEXT, "parts": ["saturation"]})
    status, kind, detail = problem(response)
    assert (status, kind) == (422, "states-overflow")
    assert "At step 39 of 400" in detail


def test_the_page_opens_with_the_reason(api: TestClient) -> None:
    page = api.get("/", params={"text": LONG_TEXT})
    assert page.status_code == 200
    [notice] = re.findall(r'id="message"[^>]*>(.*?)</span>', page.text, re.DOTALL)
    assert html.unescape(notice).startswith("At step 39 of 400, h of layer 0 forward leaves the range of float32. ")
    assert 'id="first-traces">[null]<' in page.text


def test_python_and_the_command_line_say_so_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gatescope.cli import app

    with pytest.raises(OverflowError, match=r"^h of layer 0 forward leaves the range of float32 at step 39$"):
        load_model(folder / "single").trace(LONG_TEXT)
    monkeypatch.setenv("GATESCOPE_MODELS", str(folder))
    result = CliRunner().invoke(app, ["trace", LONG_TEXT, "--model", "single"])
    assert result.exit_code == 1
    assert result.stderr.startswith("gatescope: At step 39 of 400, h of layer 0 forward leaves the range of float32. ")


# Pre-activations, which are asked for.


@each_form
def test_pre_activations_come_with_the_activations_that_are_wanted(
    api: TestClient, models: Path, form: dict[str, str]
) -> None:
    zoo, options = client(models), {"text": "not good", "activations": ["f", "c"], "pre_activations": True}
    response = zoo.post("/api/v1/models/lstm/traces", json=options, headers=form)
    model = load_model(models / "lstm")
    f = model.trace("not good").layer()["f"].astype(np.float64)
    exact = np.log(f / (1 - f))  # moderate gates lose nothing
    if form == JSON:
        activations = response.json()["layers"][0]["activations"]
        assert list(activations) == ["f", "c", "a_f"]
        sent = np.array(activations["a_f"])
    elif form == JSONL:
        sent = np.array([json.loads(line)["layers"][0]["activations"]["a_f"] for line in response.text.splitlines()])
    elif form == NPZ:
        sent = np.load(BytesIO(response.content))["0.forward.a_f"]
    else:
        assert form == CSV
        rows = [float(row["value"]) for row in DictReader(StringIO(response.text)) if row["activation"] == "a_f"]
        sent = np.array(rows).reshape(2, -1)
    np.testing.assert_allclose(sent, exact, rtol=1e-4, atol=1e-5)


def test_pre_activations_are_left_out_unless_asked_for_and_count_as_numbers(models: Path) -> None:
    zoo = client(models, max_values=2 * (7 + 1))
    path, options = "/api/v1/models/rnn/traces", {"text": "not good"}
    assert list(zoo.post(path, json=options).json()["layers"][0]["activations"]) == ["h"]
    assert zoo.post(path, json={**options, "pre_activations": True}).status_code == 413


def test_answer_over_the_limit(models: Path) -> None:
    api = client(models, max_values=5 * (HIDDEN * 6 + 1) - 1)
    response = api.post("/api/v1/models/lstm/traces", json={"text": TEXT})
    assert problem(response) == (
        413,
        "answer-too-large",
        "The answer would hold 215 numbers (5 steps × (7 units × 6 arrays + 1 output)); this server sends up to 214. "
        "Narrow the request with start and stop (4 of 5 steps fit), units, layers or activations, or ask for "
        "application/jsonl or text/csv, which are sent in parts.",
    )
    for narrower in ({"stop": 4}, {"units": [0]}, {"activations": ["f"]}):
        assert post(api, **narrower)["model"] == "lstm"
    assert len(lines(api)) == 5
