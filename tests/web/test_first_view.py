"""What the page shows first, of any address."""

import re
from pathlib import Path

import pytest
import torch
from gatescope.store.saving import save_model
from gatescope.web import first_view
from networks import random_network
from serving import LETTERS, client
from starlette.testclient import TestClient

from .embedded import embedded, notice


@pytest.mark.parametrize(
    ("query", "lanes"),
    [
        ("model=both-ways&text=good&compare=cells", [("lstm", 1), ("both-ways", 1), ("rnn", 1)]),
        ("model=gru&text=good&compare=text&other=not+bad", [("gru", 1), ("gru", 2)]),
        ("model=gru&text=good&compare=text", [("gru", 1), None]),
        ("model=gru&text=good&compare=nope&other=bad", [("gru", 1)]),
    ],
)
def test_comparison_comes_with_the_traces_of_all_its_lanes(
    api: TestClient, query: str, lanes: list[tuple[str, int] | None]
) -> None:
    page = api.get(f"/?{query}").text
    traced = [trace and (trace["model"], trace["steps"]) for trace in embedded(page, "first-traces")]
    assert traced == lanes
    assert ("There is no comparison “nope”" in notice(page)) == ("nope" in query)


def test_picture_without_scripts_holds_means_of_gates_and_norms_of_states(api: TestClient) -> None:
    page = api.get("/?text=not+good").text
    [still] = re.findall(r"<noscript>.*?(<svg.*?</svg>).*?</noscript>", page, re.DOTALL)
    layer = api.post("/api/v1/models/lstm/traces", json={"text": "not good"}).json()["layers"][0]["activations"]
    shares = [float(share) for share in re.findall(r'fill-opacity="([\d.]+)"', still)]
    gates = [sum(row) / len(row) for row in layer["i"]]
    norms = [sum(value**2 for value in row) ** 0.5 for row in layer["c"]]
    assert shares[:2] == pytest.approx(gates, abs=0.0051)
    assert shares[8:10] == pytest.approx([norm / max(norms) for norm in norms], abs=0.0051)
    assert "<svg" not in re.sub(r"<script.*?</script>", "", api.get("/?text=").text, flags=re.DOTALL)


def test_picture_without_scripts_holds_shares_of_states_whose_squares_overflow(tmp_path: Path) -> None:
    """Each step of this relu RNN makes h 1e5 times as large, so that h² leaves float32 after the fourth."""
    network = random_network(
        cell="rnn", nonlinearity="relu", vocabulary_size=4, hidden_size=2, embedding_size=1, outputs=1, bias=False
    )
    with torch.no_grad():
        network.embedding.weight.fill_(1)
        network.weights(0, "forward").w_ih.fill_(1)
        network.weights(0, "forward").w_hh.copy_(1e5 * torch.eye(2))
    about = {"title": "R", "task": "t", "description": "d", "outputs": ["yes"], "licence": "MIT"}
    save_model(tmp_path / "relu", network, LETTERS, about)
    page = client(tmp_path, default_model="relu").get("/", params={"text": "ababab"}).text
    [still] = re.findall(r"<noscript>.*?(<svg.*?</svg>).*?</noscript>", page, re.DOTALL)
    assert re.findall(r'fill-opacity="([^"]+)"', still) == ["0.00"] * 5 + ["1.00"]


def test_picture_without_scripts_names_what_cannot_be_seen(models: Path) -> None:
    page = client(models, default_model="letters").get("/", params={"text": "a\u00a0b \u0301"}).text
    [still] = re.findall(r"<noscript>.*?(<svg.*?</svg>).*?</noscript>", page, re.DOTALL)
    words = re.findall(r'<text x="[\d.]+" y="16" text-anchor="middle">([^<]*)<', still)
    assert words == ["a", "‹NBSP›", "b", "␣", "◌\u0301"]


@pytest.mark.parametrize(
    ("query", "model", "text", "message"),
    [
        ("model=nope", "lstm", "the movie was not good", "There is no model “nope” here; this is lstm."),
        ("text=", "lstm", "", ""),
        ("text=%20", "lstm", " ", ""),
        (
            f"text={'a+' * 30}",
            "lstm",
            "a " * 30,
            "The text has 60 characters; this server takes up to 50. Send a shorter part of it.",
        ),
        (
            f"model=nope&text={'a' * 51}",
            "lstm",
            "a" * 51,
            "There is no model “nope” here; this is lstm. "
            "The text has 51 characters; this server takes up to 50. Send a shorter part of it.",
        ),
    ],
)
def test_address_that_cannot_be_shown(models: Path, query: str, model: str, text: str, message: str) -> None:
    response = client(models, max_text=50).get(f"/?{query}")
    assert response.status_code == 200
    boot = embedded(response.text, "boot")
    assert (boot["model"], boot["text"], notice(response.text)) == (model, text, message)
    [trace] = embedded(response.text, "first-traces")
    assert (trace is None) == (not text.strip() or len(text) > 50)


def test_a_blank_is_text_where_the_tokenizer_says_so(models: Path) -> None:
    page = client(models, default_model="letters").get("/?text=%20").text
    [trace] = embedded(page, "first-traces")
    assert [token["text"] for token in trace["tokens"]] == [" "]
    assert notice(page) == ""


def test_long_text_comes_as_far_as_one_picture_goes(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_view, "MAX_NUMBERS", 7 * 6 * 3)
    [trace] = embedded(client(models).get("/?text=the+movie+was+not+good").text, "first-traces")
    assert (trace["start"], trace["stop"], trace["steps"]) == (0, 3 + 1, 5), "the step behind the page comes along"


def test_default_model_that_is_missing_gives_way_to_another(models: Path) -> None:
    assert embedded(client(models, default_model="nope").get("/").text, "boot")["model"] == "both-ways"
