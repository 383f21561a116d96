"""The pages as the server sends them."""

import re
from pathlib import Path

from gatescope.web import pages
from gatescope.web.boot import Facts
from serving import client
from starlette.testclient import TestClient

from .embedded import embedded, notice


def test_page_holds_the_trace_of_its_address(api: TestClient) -> None:
    page = api.get("/", params={"model": "gru", "text": "not <b>good</b> </script>"}).text
    [trace] = embedded(page, "first-traces")
    expected = api.post(
        "/api/v1/models/gru/traces",
        json={"text": "not <b>good</b> </script>", "encoding": "base64", "rows": {}, "summary": True},
    ).json()
    assert trace == expected
    boot = embedded(page, "boot")
    assert (boot["model"], boot["text"], notice(page)) == ("gru", "not <b>good</b> </script>", "")
    assert "not &lt;b&gt;good" in page


def test_page_opens_with_the_first_example_of_the_default_model(api: TestClient) -> None:
    boot = embedded(api.get("/").text, "boot")
    assert (boot["model"], boot["text"]) == ("lstm", "the movie was not good")


def test_models_are_grouped_by_task(api: TestClient) -> None:
    page = api.get("/?model=letters").text
    assert re.findall(r"<option( selected)?>(\w+)</option>", page) == [(" selected", "other"), ("", "test")]
    assert re.findall(r'name="model" value="([\w-]+)"', page) == ["letters"]
    assert [model["id"] for model in embedded(page, "boot")["models"]] == ["letters", "lstm", "both-ways", "gru", "rnn"]


def test_models_of_the_same_task_stand_side_by_side(api: TestClient) -> None:
    page = api.get("/").text
    assert re.findall(r'name="model" value="([\w-]+)"', page) == ["lstm", "both-ways", "gru", "rnn"]
    assert re.findall(r'name="model" value="([\w-]+)"[^>]* checked', page) == ["lstm"]


def test_page_is_told_of_each_model_what_it_reads(api: TestClient) -> None:
    boot = embedded(api.get("/").text, "boot")
    assert (
        boot.keys() == {"model", "text", "compare", "other", "models", "chapters", "tour"} | Facts.model_fields.keys()
    )
    [lstm] = [model for model in boot["models"] if model["id"] == "lstm"]
    card = api.get("/api/v1/models/lstm").json()
    names = [
        *("title", "task", "cell", "hidden_size", "layers", "bidirectional", "tokenizer"),
        *("language", "activations", "outputs", "opposite"),
        *("predicts_next", "input", "columns", "description", "examples", "units", "variant"),
    ]
    own = {"weights_id": card["weights_sha256"][:8], "is_imported": False, "leaves_head_out": False, "top": None}
    assert lstm == {name: card[name] for name in ["id", *names]} | own


def test_page_without_any_model_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    site = client(tmp_path)
    response = site.get("/")
    assert response.status_code == 503
    assert "<code>half</code>: config.json: the file is missing" in response.text
    assert "gatescope train sentiment" in response.text
    assert site.get("/readyz").status_code == 503
    assert site.get("/readyz").json() == {"status": "no models", "models": 0, "broken": 1}


def test_docs_are_served_from_here(api: TestClient) -> None:
    page = api.get("/docs").text
    places = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert all(place.startswith("/") for place in places)
    for place in places:
        assert api.get(place).status_code == 200, place
    assert 'data-openapi="/api/v1/openapi.json"' in page


def test_every_file_that_the_page_names_is_there(api: TestClient) -> None:
    for place in re.findall(r'(?:src|href)="(/[^"#]+)"', api.get("/").text):
        assert api.get(place).status_code == 200, place


def test_the_hues_of_cells_are_a_stylesheet_that_is_revalidated(api: TestClient) -> None:
    response = api.get("/static/css/cells.css")
    assert response.headers["content-type"].startswith("text/css")
    assert response.headers["cache-control"] == "no-cache"
    tag = response.headers["etag"]
    again = api.get("/static/css/cells.css", headers={"If-None-Match": f'"x", W/{tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert api.get("/static/css/cells.css", headers={"If-None-Match": '"x"'}).status_code == 200


def test_vendor_files_may_be_kept_for_good(api: TestClient) -> None:
    response = api.get(f"/vendor/{pages.plotly_version()}/plotly.min.js")
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert f"plotly.js v{pages.plotly_version()}" in response.text[:200]
