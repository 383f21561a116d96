"""The pages as the server sends them."""

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest
from gatescope.web import first_view, pages
from gatescope.web.boot import Facts
from serving import client
from starlette.testclient import TestClient


def embedded(page: str, element: str) -> Any:
    """The JSON that stands in a script element."""
    found = re.search(rf'<script type="application/json" id="{element}">(.*?)</script>', page, re.DOTALL)
    assert found, page
    return json.loads(found.group(1))


def notice(page: str) -> str:
    """What the page says of an address that it cannot show."""
    [said] = re.findall(r'id="message"[^>]*>(.*?)</span>', page, re.DOTALL)
    return html.unescape(said)


def test_page_holds_the_trace_of_its_address(api: TestClient) -> None:
    page = api.get("/", params={"model": "gru", "text": "not <b>good</b> </script>"}).text
    [trace] = embedded(page, "first-traces")
    expected = api.post(
        "/api/v1/models/gru/traces", json={"text": "not <b>good</b> </script>", "encoding": "base64"}
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
    found = [trace and (trace["model"], trace["steps"]) for trace in embedded(page, "first-traces")]
    assert found == lanes
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


def test_picture_without_scripts_names_what_cannot_be_seen(models: Path) -> None:
    page = client(models, default_model="letters").get("/", params={"text": "a\u00a0b \u0301"}).text
    [still] = re.findall(r"<noscript>.*?(<svg.*?</svg>).*?</noscript>", page, re.DOTALL)
    words = re.findall(r'<text x="[\d.]+" y="16" text-anchor="middle">([^<]*)<', still)
    assert words == ["a", "‹NBSP›", "b", "␣", "◌\u0301"]


def test_models_of_the_same_task_stand_side_by_side(api: TestClient) -> None:
    page = api.get("/").text
    assert re.findall(r'name="model" value="([\w-]+)"', page) == ["lstm", "both-ways", "gru", "rnn"]
    assert re.findall(r'value="([\w-]+)"[^>]* checked', page) == ["lstm"]


@pytest.mark.parametrize(
    ("query", "model", "text", "said"),
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
def test_address_that_cannot_be_shown(models: Path, query: str, model: str, text: str, said: str) -> None:
    response = client(models, max_text=50).get(f"/?{query}")
    assert response.status_code == 200
    boot = embedded(response.text, "boot")
    assert (boot["model"], boot["text"], notice(response.text)) == (model, text, said)
    [trace] = embedded(response.text, "first-traces")
    assert (trace is None) == (not text.strip() or len(text) > 50)


def test_a_blank_is_text_where_the_tokenizer_says_so(models: Path) -> None:
    page = client(models, default_model="letters").get("/?text=%20").text
    [trace] = embedded(page, "first-traces")
    assert [token["text"] for token in trace["tokens"]] == [" "]
    assert notice(page) == ""


def test_page_is_told_of_each_model_what_it_reads(api: TestClient) -> None:
    boot = embedded(api.get("/").text, "boot")
    assert boot.keys() == {"model", "text", "compare", "other", "models"} | Facts.model_fields.keys()
    [lstm] = [model for model in boot["models"] if model["id"] == "lstm"]
    card = api.get("/api/v1/models/lstm").json()
    names = [
        *("title", "task", "cell", "hidden_size", "tokenizer", "activations", "outputs", "opposite", "predicts_next"),
        *("description", "examples", "units", "next_outputs", "variant"),
    ]
    assert lstm == {name: card[name] for name in ["id", *names]}


def test_long_text_comes_as_far_as_one_picture_goes(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(first_view, "MAX_NUMBERS", 7 * 6 * 3)
    [trace] = embedded(client(models).get("/?text=the+movie+was+not+good").text, "first-traces")
    assert (trace["start"], trace["stop"], trace["steps"]) == (0, 3 + 1, 5), "the step behind the page comes along"


def test_default_model_that_is_missing_gives_way_to_another(models: Path) -> None:
    assert embedded(client(models, default_model="nope").get("/").text, "boot")["model"] == "both-ways"


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


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/api/v1/models", "/api/v1/models/nope", "/static/css/tokens.css", "/nope"]
)
def test_every_answer_carries_the_guarding_headers(api: TestClient, path: str) -> None:
    headers = api.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe-inline" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"


def test_no_script_or_style_stands_inline(api: TestClient) -> None:
    for path in ("/", "/docs"):
        page = api.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=", page)
        for attributes, content in re.findall(r"<script([^>]*)>(.*?)</script>", page, re.DOTALL):
            assert "src=" in attributes or "application/json" in attributes
            assert not ("src=" in attributes and content.strip())
