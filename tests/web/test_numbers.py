"""The page of models that read numbers, with a head and without one."""

import re
from html import unescape
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from gatescope.store.model import Model
from model_folders import saved_numbers
from networks import numeric_network
from serving import client, random_models
from starlette.testclient import TestClient

from .embedded import embedded, notice

WRITTEN = "# Two <days>\ndate,rain,temperature,wind\n8 Jan,0.5,9,-1\n9 Jan,0,12.25,-2\n10 Jan,3,8,-2"
VALUES = np.array([[9, 0.5, -1], [12.25, 0, -2], [8, 3, -2]])


def of_length(characters: int) -> str:
    """CSV of so many characters and a few hundred rows."""
    rows = "# Long\n" + "1,2,3\n" * (characters // 6 - 2)
    return rows + "4,5," + "6" * (characters - len(rows) - 4)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    folder = random_models(tmp_path_factory.mktemp("models"))
    network = numeric_network(cell="lstm", outputs=1)
    headed = saved_numbers(folder / "headed", network, examples=[WRITTEN, of_length(4000), of_length(4001)])
    return {"headed": headed, "bare": saved_numbers(folder / "bare", examples=[WRITTEN])}


@pytest.fixture(scope="module")
def site(models: dict[str, Model]) -> TestClient:
    return client(models["bare"].folder.parent)


def screen(site: TestClient, model: str, text: str = WRITTEN) -> ElementTree.Element:
    response = site.post("/first-screen", json={"model": model, "text": text, "width": 1000})
    assert response.status_code == 200, response.text
    return ElementTree.fromstring(f"<root>{response.text}</root>")


def told(root: ElementTree.Element, kind: str) -> str:
    [element] = (each for each in root.iter() if each.get("class") == kind)
    return "".join(element.itertext())


def test_the_page_opens_with_the_first_example(site: TestClient) -> None:
    page = site.get("/", params={"model": "headed"}).text
    box = re.search(r"<textarea id=\"text\"[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert box
    assert unescape(box[1]) == WRITTEN
    assert "data-csv" in box[0]
    assert 'placeholder="Paste CSV: temperature,rain,wind"' in box[0]
    assert "<title>Two &lt;days&gt; · " in page
    assert 'accept=".csv,.tsv,.npy,.json"' in page
    [trace] = embedded(page, "first-traces")
    assert [token["text"] for token in trace["tokens"]] == ["8 Jan", "9 Jan", "10 Jan"]
    assert notice(page) == ""
    assert '<label class="file" id="file-choice" hidden>' in site.get("/").text


def test_each_step_is_told_with_what_it_reads(site: TestClient) -> None:
    root = screen(site, "headed")
    lines = [line.text or "" for line in root.iter("li")]
    for line, label, (temperature, rain, wind) in zip(lines, ("8 Jan", "9 Jan", "10 Jan"), VALUES, strict=True):
        numbers = [f"{value:.3g}".replace("-", "−") for value in (temperature, rain, wind)]
        assert line.startswith(f"{label}: temperature {numbers[0]} °C; rain {numbers[1]} mm; wind {numbers[2]} m/s; ")
    words = "".join(root.itertext())
    assert not set("“”␣") & set(words)
    assert told(root, "readout").startswith("At ")
    assert {each.text for each in root.iter("text")} >= {"temperature", "°C", "rain", "mm", "wind", "m/s"}


def test_without_a_head_the_norm_of_h_is_in_the_place_of_the_verdict(
    site: TestClient, models: dict[str, Model]
) -> None:
    """Against torch.nn.LSTM in float64, which reads the standardised values."""
    model = models["bare"]
    config = model.network.config
    lstm = torch.nn.LSTM(3, config.hidden_size, dtype=torch.float64)
    weights = {name.removeprefix("recurrent."): each.double() for name, each in model.network.state_dict().items()}
    lstm.load_state_dict(weights)
    h, _ = lstm(torch.tensor((VALUES - [10, 0, -2]) / [4, 1, 0.5]))
    root = screen(site, "bare")
    for line, norm in zip(root.iter("li"), h.norm(dim=1).tolist(), strict=True):
        assert f"; norm of h {norm:.3g}; " in (line.text or "")
    words = "".join(root.itertext())
    assert "there is no head" in words
    assert "verdict" not in words
    assert not [each for each in root.iter() if each.get("class") == "experiment"]


def test_what_is_wrong_with_csv_is_said_and_nothing_is_lost(site: TestClient) -> None:
    wrong = WRITTEN.replace("12.25", "warm")
    page = site.get("/", params={"model": "headed", "text": wrong})
    assert page.status_code == 200
    assert "line 4, column &#39;temperature&#39;: &#39;warm&#39; is not a number" in page.text
    assert "8 Jan,0.5,9,-1\n9 Jan,0,warm,-2" in page.text
    answer = site.post("/first-screen", json={"model": "headed", "text": wrong})
    assert answer.json()["detail"] == "csv: line 4, column 'temperature': 'warm' is not a number."


def test_an_empty_box_invites_to_paste(site: TestClient) -> None:
    words = "".join(screen(site, "headed", " \n").itertext())
    assert words.startswith("Paste CSV of temperature, rain, wind above, or open an example:Two <days>")
    page = site.get("/", params={"model": "headed", "text": ""}).text
    assert notice(page) == ""


def test_numbers_are_not_compared_word_by_word(site: TestClient) -> None:
    page = site.get("/", params={"model": "headed", "compare": "text", "other": WRITTEN}).text
    assert notice(page) == "headed reads numbers, which are not compared word by word."
    assert len(re.findall(r'<section class="first-screen', page)) == 1
    assert re.search(r'<option value="text" hidden>', page)
    assert not re.search(r'<option value="text" hidden>', site.get("/").text)


def test_models_are_compared_with_those_of_the_same_columns(models: dict[str, Model], site: TestClient) -> None:
    folder = models["bare"].folder.parent
    saved_numbers(folder / "gru", numeric_network(cell="gru", outputs=1))
    other = [{"name": name} for name in ("heat", "rain", "wind")]
    saved_numbers(folder / "rnn", numeric_network(cell="rnn", outputs=1), columns=other)
    response = client(folder).post("/first-screen", json={"model": "headed", "text": WRITTEN, "compare": "cells"})
    words = "".join(ElementTree.fromstring(f"<root>{response.text}</root>").itertext())
    assert response.status_code == 200
    assert "10 Jan" in words
    assert not set("“”␣") & set(words)
    assert site.get("/", params={"model": "headed"}).status_code == 200


def test_of_many_columns_the_first_are_drawn(tmp_path: Path) -> None:
    columns = [{"name": f"x{place}"} for place in range(6)]
    folder = random_models(tmp_path / "models")
    saved_numbers(folder / "wide", numeric_network(cell="gru", inputs=6, outputs=1), columns=columns)
    words = "".join(screen(client(folder), "wide", "1,2,3,4,5,6\n6,5,4,3,2,1").itertext())
    assert "x3" in words
    assert "x4" not in words
    assert "4 of 6 columns of the input are drawn." in words
    blank = "".join(screen(client(folder), "wide", " ").itertext())
    assert blank.startswith("Paste CSV of x0, x1, x2, 3 more columns above")


@pytest.mark.parametrize("example", [1, 3])
def test_an_address_may_name_an_example(site: TestClient, models: dict[str, Model], example: int) -> None:
    page = site.get("/", params={"model": "headed", "example": example, "step": 2, "edits": "i@1=0"}).text
    assert (notice(page), embedded(page, "boot")["text"]) == ("", models["headed"].config.examples[example - 1])
    links = [unescape(each) for each in re.findall(r'href="(\?[^"]*step=[^"]*)"', page)]
    assert links
    assert all(("example=3&" in each) == (example == 3) and len(each) < 1000 for each in links)


def test_examples_that_are_too_long_for_an_address_are_linked_by_their_number(site: TestClient) -> None:
    empty = site.get("/", params={"model": "headed", "text": ""}).text
    [_, carried, named] = re.findall(r'<li><a href="(\?[^"]*)"', empty)
    assert ("text=" in carried, "example" in carried) == (True, False)
    assert unescape(named) == "?model=headed&example=3"


@pytest.mark.parametrize(
    ("model", "example", "why"),
    [
        (
            "headed",
            "none",
            "This link does not hold its numbers, which are too long for an address: ask whoever sent it for them. "
            "This is an example in their place.",
        ),
        ("headed", "4", "There is no example 4 of headed."),
        ("lstm", "40", "There is no example 40 of lstm."),
    ],
)
def test_a_link_without_its_numbers_shows_an_example_and_says_so(
    site: TestClient, models: dict[str, Model], model: str, example: str, why: str
) -> None:
    page = site.get("/", params={"model": model, "example": example, "step": 200, "edits": "i@150=0"}).text
    assert notice(page) == why
    if model in models:
        assert embedded(page, "boot")["text"] == models[model].config.examples[0]
    assert "i@150" not in page


def test_the_picture_of_long_csv_does_not_repeat_it_in_its_links(site: TestClient) -> None:
    drawn = site.post("/first-screen", json={"model": "headed", "text": of_length(5000), "width": 1000}).text
    assert "example=none" in drawn
    assert len(re.findall("1%2C2%2C3", drawn)) == 0
