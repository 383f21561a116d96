"""The page of a model."""

import html
import re
from pathlib import Path

import pytest
import torch
from gatescope.importers import Request
from gatescope.importers.saving import Wishes, import_model
from gatescope.store.fields import NamedUnit
from gatescope.store.loading import load_model
from gatescope.store.saving import save_model
from gatescope.web.cards import render
from serving import client, random_models
from starlette.testclient import TestClient
from torch_files import saved, tagger

SVG = '<svg xmlns="http://www.w3.org/2000/svg"></svg>'


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """A client of models of which one has a card, a picture and a named unit of its second layer."""
    folder: Path = random_models(tmp_path_factory.mktemp("models"))
    model = load_model(folder / "both-ways")
    unit = NamedUnit(
        feature="negation", layer=1, direction="backward", activation="h", unit=3, sign=-1, measure="AUC", score=0.9,
        interval=(0.8, 0.95), untrained=[0.6], close=4, close_from=0.86, texts=5, steps=40,
    )  # fmt: skip
    about = model.config.model_dump(exclude={"network", "tokenizer", "corrects_spelling", "weights_sha256"}) | {
        "units": [unit]
    }
    text = "# A card\n\n| a | b |\n|---|--:|\n| <b>x</b> | 2 |\n\n![Gates](saturation.svg)\n"
    save_model(folder / "both-ways", model.network, model.tokenizer, about, card=text, saturation=SVG)
    return client(folder)


def test_card_is_the_models_own_text(described: TestClient) -> None:
    page = described.get("/models/both-ways/card").text
    assert "<h1>A card</h1>" in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page
    assert '<td class="figure">2</td>' in page
    assert 'src="saturation.svg"' in page
    picture = described.get("/models/both-ways/saturation.svg")
    assert (picture.text, picture.headers["content-type"]) == (SVG, "image/svg+xml")


def test_card_leads_to_the_named_units_and_the_figures(described: TestClient) -> None:
    page = described.get("/models/both-ways/card").text
    assert 'href="/?model=both-ways#layer=3&amp;unit=3"' in page
    assert ">negation (hidden state h, unit 3, one of 4 that come close)</a>" in page
    assert 'href="/api/v1/models/both-ways"' in page
    assert "/statistics" not in page, "the model has none"


def test_model_without_a_card_says_what_it_is(described: TestClient) -> None:
    page = described.get("/models/lstm/card").text
    assert "<h1>LSTM</h1>" in page
    assert "Says nothing: its weights are random." in page


@pytest.mark.parametrize("path", ["lstm/saturation.svg", "both-ways/config.json", "both-ways/..%2Flstm%2Fconfig.json"])
def test_no_other_file_is_given(described: TestClient, path: str) -> None:
    response = described.get(f"/models/{path}")
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(("name", "status"), [("nope", 404), ("broken", 503)])
def test_card_of_a_model_that_cannot_be_used(described: TestClient, name: str, status: int) -> None:
    assert described.get(f"/models/{name}/card").status_code == status


def test_markdown_has_no_style_of_its_own_and_no_empty_header() -> None:
    table = render("| | a |\n|---|:-:|\n| b | c |\n")
    assert "style=" not in table
    assert "<td></td>\n<th>a</th>" in table


def table_of(text: str) -> list[list[str]]:
    """The cells of the table that ends in a text, row by row, but for its head."""
    rows = re.findall(r"<tr>(<td.*?)</tr>", text)
    return [[html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in row.split("</td>")[:-1]] for row in rows]


def test_the_card_of_an_imported_model_shows_the_report(tmp_path: Path) -> None:
    network = tagger(vocabulary=9, outputs=9)
    state = {f"<b>net</b>.{name}": weight for name, weight in network.state_dict().items()}
    path = saved({"net": state, "vocab": ["<unk>", *"abcdefgh"], "scale": torch.ones(2)}, tmp_path)
    model, report = import_model(Request(path), tmp_path / "models", "0.1.0", Wishes("letters", text="a bad cafe"))
    page = client(tmp_path / "models", default_model="letters").get("/models/letters/card").text
    assert '<h2 id="imported">Imported from model.pt</h2>' in page
    assert f"SHA-256 of the file <code>{report.sha256}</code>" in page
    assert report.verdict in html.unescape(page)
    compared, conventions, orders, placed = [table_of(part) for part in page.split("<table")[1:]]
    assert compared == [[each.reference, f"{each.difference:.1e}"] for each in report.comparisons]
    assert conventions == [[each.question, each.answer, each.reason] for each in report.conventions]
    assert orders == [[each.order, f"{each.difference:.1e}", f"{each.bits:.2f}"] for each in report.orders]
    assert placed == [[each.source, " × ".join(map(str, each.shape)), each.target, "no"] for each in report.placed]
    assert "Unused: <code>scale</code>." in page
    assert "<b>net" not in page
    assert model.imported == report


def test_the_card_of_another_model_shows_none(described: TestClient) -> None:
    assert "Imported from" not in described.get("/models/lstm/card").text
