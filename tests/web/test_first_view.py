"""What the page shows first, of any address."""

from pathlib import Path

import pytest
from gatescope.web import first_view
from serving import client
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


@pytest.mark.parametrize(
    ("query", "layer", "direction"),
    [("", 1, "forward"), ("&layer=1", 0, "backward"), ("&layer=3", 1, "backward"), ("&unit=2", 0, "forward")],
)
def test_only_the_layer_that_is_shown_comes_with_the_page(models: Path, query: str, layer: int, direction: str) -> None:
    page = client(models).get(f"/?model=both-ways&text=not+good{query}").text
    [trace] = embedded(page, "first-traces")
    assert [(each["layer"], each["direction"]) for each in trace["layers"]] == [(layer, direction)]


def test_of_many_units_a_window_comes_around_the_pinned_one(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_view, "MAX_ROWS", 3)
    monkeypatch.setattr(first_view, "MAX_NUMBERS", 3 * 6 * 2)
    api = client(models)
    for unit, rows in ((None, [0, 1, 2]), (4, [3, 4, 5]), (6, [6]), (7, [0, 1, 2])):
        query = "" if unit is None else f"&unit={unit}"
        [trace] = embedded(api.get(f"/?text=the+movie+was+not+good{query}").text, "first-traces")
        [layer] = trace["layers"]
        assert (layer["units"], layer["hidden_size"], trace["stop"]) == (rows, 7, 2 + 1)


def test_default_model_that_is_missing_gives_way_to_another(models: Path) -> None:
    assert embedded(client(models, default_model="nope").get("/").text, "boot")["model"] == "both-ways"
