"""A file becomes a model on the page, and is removed again."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from gatescope.importers import process
from gatescope.importers.examples import STEPS, examples_for
from gatescope.main import create_app
from gatescope.settings import Settings
from gatescope.store.columns import unnamed
from gatescope.store.imported import Comparison, ImportReport
from gatescope.store.importing import sweep
from gatescope.store.saving import save_model
from networks import numeric_network, random_network
from playwright.sync_api import Browser, Locator, Page, expect
from pydantic import SecretStr
from serving import FAKE_CHILD, WORDS, random_models, running

from .axe import violations
from .driving import another_page

TOKEN = "a-token-of-some-length"
ABOUT = {"title": "Mine", "task": "own", "description": "Random.", "outputs": ["positive"], "licence": "MIT"}
REPORT = ImportReport(
    source="weights.pt",
    format="PyTorch",
    version="0",
    placed=[],
    conventions=[],
    steps=[1],
    inputs="nothing",
    comparisons=[Comparison(reference="equations", kind="equations", difference=0)],
    allowed=1,
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the child makes of an upload."""
    network = random_network(cell="gru", outputs=1, vocabulary_size=len(WORDS.vocabulary))
    return save_model(tmp_path_factory.mktemp("made") / "model", network, WORDS, ABOUT, report=REPORT).folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    return tmp_path / "imported"


@pytest.fixture
def address(folder: Path, imported: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that imports, whose child does what the file says."""
    monkeypatch.setattr(process, "COMMAND", FAKE_CHILD)
    with running(create_app(Settings(models=folder, default_model="lstm", imported=imported, max_upload=5_000))) as at:
        yield at


def opened(page: Page, address: str) -> Locator:
    """The sheet, on a page that has been drawn."""
    page.goto(f"{address}/?text=not good")
    page.locator(".tokens bdi").first.wait_for()
    if not page.get_by_role("button", name="your model").is_visible():  # on a phone it is in the menu
        page.locator("#more > summary").click()
    page.get_by_role("button", name="your model").click()
    return page.get_by_role("dialog", name="Your model")


def drop(page: Page, what: dict[str, Any], name: str = "my weights.pt") -> None:
    """Drop a file that tells the child what to do."""
    script = (
        "([name, text]) => { const data = new DataTransfer(); data.items.add(new File([text], name)); return data; }"
    )
    data = page.evaluate_handle(script, [name, json.dumps(what)])
    for event in ("dragover", "drop"):
        page.locator("#drop").dispatch_event(event, {"dataTransfer": data})


def test_a_dropped_file_becomes_the_model_that_is_shown_until_it_is_removed(
    browser: Browser, address: str, model: Path, imported: Path
) -> None:
    with another_page(browser) as page:
        sheet = opened(page, address)
        expect(sheet).to_contain_text("Everyone who can open this page sees an imported model.")
        drop(page, {"do": "ask", "model": str(model)})
        expect(sheet.get_by_label("name")).to_have_value("my-weights")
        sheet.get_by_role("button", name="Import").click()
        expect(sheet.get_by_role("alert").first).to_have_text(
            "The file does not say. Say which nonlinearity it is: tanh or relu."
        )
        expect(sheet.get_by_role("radio", name="tanh")).to_be_focused()
        page.keyboard.press("Space")
        with page.expect_request("**/api/v1/imports?**") as answer:
            page.keyboard.press("Enter")
        assert answer.value.post_data_buffer is None, "the server has the file"
        page.wait_for_url("**/?model=my-weights")
        expect(page.get_by_role("radio", name="Mine")).to_be_checked()
        page.locator("#text").fill("not good")
        expect(page.locator(".tokens bdi")).to_have_text(["not", "good"])

        page.get_by_role("link", name="How it was imported, with proof").click()
        expect(page.get_by_role("heading", name="Imported from weights.pt")).to_be_in_viewport()
        page.go_back()
        page.get_by_role("button", name="your model").click()
        sheet.get_by_role("button", name="remove my-weights").click()
        assert (imported / "my-weights").exists()
        sheet.get_by_role("button", name="remove my-weights for everyone").click()
        page.wait_for_url(f"{address}/")
        expect(page.get_by_role("radio", name="LSTM")).to_be_checked()
        assert not (imported / "my-weights").exists()


def test_a_file_that_the_server_does_not_keep_any_longer_is_sent_again(
    browser: Browser, address: str, model: Path, imported: Path
) -> None:
    with another_page(browser) as page:
        sheet = opened(page, address)
        drop(page, {"do": "ask", "model": str(model)})
        sheet.get_by_role("button", name="Import").click()
        expect(sheet.get_by_role("radio", name="tanh")).to_be_focused()
        sweep(imported)
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        page.wait_for_url("**/?model=my-weights")


def test_whoever_comes_from_elsewhere_has_the_token_or_is_told_that_it_is_wrong(
    browser: Browser, folder: Path, model: Path, imported: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "COMMAND", FAKE_CHILD)
    wrong = "The token is wrong: 'Authorization: Bearer' takes that of this server's setting GATESCOPE_TOKEN."
    settings = Settings(models=folder, default_model="lstm", imported=imported, token=SecretStr(TOKEN))
    with running(create_app(settings)) as at, another_page(browser, extra_http_headers={"Via": "1.1 proxy"}) as page:
        sheet = opened(page, at)
        token, told = sheet.get_by_label("token of this server"), page.locator("#import-problem")
        expect(sheet.get_by_text("This page came without TLS")).to_be_hidden()  # as it came from this machine
        start = sheet.get_by_role("button", name="Import")
        drop(page, {"do": "copy", "model": str(model)})
        start.click()
        assert token.evaluate("(field) => document.activeElement === field"), "it is asked for before anything is sent"
        token.fill("a-token-that-is-another")
        start.click()
        expect(told).to_have_text(wrong)
        token.fill(TOKEN)
        with page.expect_request("**/api/v1/imports?**") as sent:
            start.click()
        assert TOKEN not in sent.value.url
        page.wait_for_url("**/?model=my-weights")
        assert (
            page.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])").find(TOKEN) < 0
        )

        page.get_by_role("button", name="your model").click()
        sheet.get_by_role("button", name="remove my-weights").click()
        remove = sheet.get_by_role("button", name="remove my-weights for everyone")
        for given, said in (("", ""), ("a-token-that-is-another", wrong)):
            token.fill(given)
            remove.click()
            expect(page.locator("#remove-problem")).to_have_text(said)
        token.fill(TOKEN)
        remove.click()
        page.wait_for_url(f"{at}/")
        assert not (imported / "my-weights").exists()


def test_a_wrong_token_is_told_of_a_large_file_too(
    browser: Browser, folder: Path, imported: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large.pt"
    large.write_bytes(bytes(40_000_000))
    settings = Settings(models=folder, default_model="lstm", imported=imported, token=SecretStr(TOKEN))
    with running(create_app(settings)) as at, another_page(browser, extra_http_headers={"Via": "1.1 proxy"}) as page:
        sheet = opened(page, at)
        sheet.get_by_label("token of this server").fill("a-token-that-is-another")
        page.locator("#import-files").set_input_files(large)
        sheet.get_by_role("button", name="Import").click()
        expect(page.locator("#import-problem")).to_contain_text("The token is wrong")


def test_what_is_refused_or_cancelled_is_said_and_leaves_nothing(
    browser: Browser, address: str, imported: Path, tmp_path: Path
) -> None:
    with another_page(browser) as page:
        sheet = opened(page, address)
        told, start = page.locator("#import-problem"), sheet.get_by_role("button", name="Import")
        drop(page, {"do": "refuse", "why": "this is an image"})
        start.click()
        expect(told).to_have_text("This is an image.")
        sheet.get_by_label("name").fill("lstm")
        start.click()
        expect(told).to_have_text("There is a model 'lstm' already. Choose another name, or remove that one first.")
        drop(page, {"padding": "x" * 5_000})
        expect(told).to_have_text("")
        start.click()
        expect(told).to_contain_text("bytes are more than the 5,000 that this server takes")
        drop(page, {"do": "wait", "into": str(tmp_path / "noted")})
        start.click()
        expect(sheet.get_by_role("progressbar")).to_be_visible()
        expect(sheet.locator("#import-stage")).to_have_text("reading and proving")
        expect(start).to_be_disabled()
        sheet.get_by_role("button", name="cancel").click()
        expect(told).to_have_text("The import was cancelled; nothing of it was kept.")
        sheet.get_by_text("more", exact=True).click()
        sheet.get_by_label("network, of several in the file").fill("encoder.rnn")
        sheet.get_by_label("what the file cannot say").fill("function=sigmoid head=fc")
        drop(page, {"do": "note", "into": str(tmp_path / "noted")})
        for part in ("vocabulary, if it reads words", "columns, if it reads numbers"):
            file = {"name": f"{part.partition(',')[0]}.json", "mimeType": "application/json", "buffer": b"[]"}
            sheet.get_by_label(part).set_input_files(file)
        expect(told).to_have_text("")
        for _ in range(100):  # the server notices that this browser has left the one before
            start.click()
            expect(told).not_to_be_empty()
            expect(start).to_be_enabled()
            if "Another import is under way" not in told.inner_text():
                break
        expect(told).to_contain_text(
            "The folder of imported models cannot be written to"
        )  # where the child saved nothing
        job = json.loads((tmp_path / "noted").read_text())
        assert (job["module"], job["answers"]) == ("encoder.rnn", {"function": "sigmoid", "head": "fc"})
        for part in ("vocabulary", "columns"):
            assert Path(job[part]).name == f"{part}.json"
        assert [each.name for each in imported.iterdir()] == [".imports"]


def test_an_imported_model_of_numbers_opens_with_its_example_and_says_that_its_head_was_left_out(
    browser: Browser, folder: Path, imported: Path
) -> None:
    columns, network = unnamed(2), numeric_network(cell="gru", inputs=2)
    report = REPORT.model_copy(update={"remarks": ["the head is not complete: it is in the code"]})
    about = ABOUT | {"outputs": [], "columns": [asdict(each) for each in columns]}
    save_model(imported / "mine", network, None, about | {"examples": examples_for(None, columns)}, report=report)
    settings = Settings(models=folder, default_model="lstm", imported=imported)
    with running(create_app(settings)) as at, another_page(browser) as page:
        page.goto(f"{at}/?model=mine")
        after, box = page.locator(".prediction .after"), page.locator("#text")
        expect(after).to_have_text(re.compile(f" of {STEPS}: the head was not imported, and so no verdict$"))
        expect(page.locator("#first-screen text", has_text="head not imported")).to_be_visible()
        box.fill("")
        expect(page.locator(".prediction .verdict")).to_have_text("Paste numbers, and the gates appear.")
        box.fill("rain,wind\n1,2\n")
        expect(page.locator("#message")).to_contain_text("rain, wind, and this model's columns have no names yet")


def test_escape_cancels_the_import_and_closes_the_sheet(browser: Browser, address: str, tmp_path: Path) -> None:
    with another_page(browser) as page:
        sheet = opened(page, address)
        drop(page, {"do": "wait", "into": str(tmp_path / "noted")})
        sheet.get_by_role("button", name="Import").click()
        cancel = sheet.get_by_role("button", name="cancel")
        expect(cancel).to_be_focused()
        cancel.evaluate("(button) => button.blur()")  # as if a screen reader had moved it
        page.keyboard.press("Escape")
        expect(sheet).to_be_hidden()
        page.get_by_role("button", name="your model").click()
        expect(page.locator("#import-problem")).to_have_text("The import was cancelled; nothing of it was kept.")
        expect(sheet.get_by_role("button", name="Import")).to_be_enabled()


def test_a_file_that_was_changed_after_it_was_chosen_is_not_taken_for_a_server_that_is_gone(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    with another_page(browser) as page:
        sheet, file = opened(page, address), tmp_path / "weights.pt"
        file.write_text("{}")
        page.locator("#import-files").set_input_files(file)
        file.unlink()
        sheet.get_by_role("button", name="Import").click()
        expect(page.locator("#import-problem")).to_have_text(
            "weights.pt cannot be read: it is a folder, or was changed or moved after it was chosen. Choose it again; "
            "of a folder, choose its files."
        )


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_axe_finds_nothing_where_a_token_is_needed(
    browser: Browser, folder: Path, imported: Path, scheme: Any, width: int
) -> None:
    settings = Settings(models=folder, default_model="lstm", imported=imported, token=SecretStr(TOKEN))
    options: Any = {"viewport": {"width": width, "height": 900}, "extra_http_headers": {"Via": "1.1 proxy"}}
    with (
        running(create_app(settings)) as at,
        another_page(browser, color_scheme=scheme, bypass_csp=True, **options) as page,
    ):
        sheet = opened(page, at)
        page.locator("#token-in-the-open").evaluate("(note) => (note.hidden = false)")
        assert violations(page) == []
        assert sheet.evaluate("(sheet) => sheet.scrollWidth <= sheet.clientWidth"), "it is wider than it may be"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_axe_finds_nothing_in_the_sheet(
    browser: Browser, address: str, model: Path, imported: Path, scheme: Any, width: int
) -> None:
    size = {"width": width, "height": 900}
    with another_page(browser, viewport=size, color_scheme=scheme, bypass_csp=True) as page:
        sheet = opened(page, address)
        drop(page, {"do": "ask", "model": str(model)})
        sheet.get_by_role("button", name="Import").click()
        expect(sheet.get_by_role("radio", name="relu")).to_be_visible()
        assert violations(page) == []
        assert sheet.evaluate("(sheet) => sheet.scrollWidth <= sheet.clientWidth"), "it is wider than it may be"


def test_where_no_file_is_taken_the_sheet_says_why(browser: Browser, folder: Path, imported: Path) -> None:
    settings = Settings(models=folder, default_model="lstm", imported=imported)
    with running(create_app(settings)) as at, another_page(browser, extra_http_headers={"Via": "1.1 proxy"}) as page:
        sheet = opened(page, at)
        expect(sheet).to_contain_text(
            "Files are taken only in a browser on the machine that serves this page; this visit is not one, as it "
            "comes through a proxy. There, gatescope import FILE adds a model, too."
        )
        expect(sheet.locator("input")).to_have_count(0)
