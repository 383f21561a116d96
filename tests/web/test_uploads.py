"""What the page says of imported models, and of models that it cannot show."""

from pathlib import Path

import pytest
from gatescope.store.saving import save_model
from networks import random_network
from serving import WORDS, client
from starlette.testclient import TestClient

from .embedded import embedded

ABOUT = {"title": "Numbers", "task": "test", "description": "Random.", "licence": "MIT"}
COLUMNS = [{"name": "a"}, {"name": "b"}]


@pytest.fixture
def served(models: Path, tmp_path: Path) -> TestClient:
    """A server with imported models: one that reads numbers, one without a head, and one that is broken."""
    numbers = random_network(cell="lstm", vocabulary_size=0, embedding_size=0, input_size=2, outputs=0)
    save_model(tmp_path / "numbers", numbers, None, {**ABOUT, "outputs": [], "columns": COLUMNS})
    headless = random_network(cell="gru", vocabulary_size=len(WORDS.vocabulary), outputs=0)
    save_model(tmp_path / "headless", headless, WORDS, {**ABOUT, "outputs": []})
    (tmp_path / "<broken>").mkdir()
    return client(models, imported=tmp_path)


def test_imported_models_of_numbers_and_without_a_head_are_on_the_page(served: TestClient, models: Path) -> None:
    for name in ("numbers", "headless"):
        page = served.get("/", params={"model": name})
        assert page.status_code == 200
        shown = {each["id"] for each in embedded(page.text, "boot")["models"]}
        assert shown >= {"numbers", "headless", *(each.name for each in models.iterdir() if each.name != "broken")}
    assert served.post("/first-screen", json={"model": "headless", "text": "good"}).status_code == 200


def test_imported_models_are_listed_with_what_can_be_done_with_each(served: TestClient) -> None:
    html = served.get("/").text
    assert html.count("card#imported") == 3  # of the model that is shown, and of two
    assert "&lt;broken&gt;" in html
    assert "<broken>" not in html
    assert "data-remove" not in html  # this client is not on the server's machine
    assert 'href="/?model=numbers"' in html


def test_a_server_without_imports_lists_none(models: Path) -> None:
    html = client(models).get("/").text
    off = "This server imports nothing: the setting GATESCOPE_IMPORTED names no folder. Name one, and start the server"
    assert f"{off} again.</p>" in html, "and nothing of a command that would be refused for the same reason"
    assert "Imported models" not in html
