"""Conditional requests: a client that holds an answer is told so, and nothing is traced again."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from gatescope.analysis.statistics import statistics
from gatescope.api.traces import plan
from gatescope.api.traces.schemas import TraceOptions
from gatescope.api.wire import conditional
from gatescope.recurrent.tokenizer import WordTokenizer
from gatescope.store.files import CONFIG, STATISTICS, VOCABULARY
from gatescope.store.loading import load_model
from gatescope.store.saving import save_model
from networks import random_network
from serving import HIDDEN, client
from starlette.testclient import TestClient

from ..asking import CSV, JSON, JSONL, NPZ, TEXT, each_form, problem

URL = f"/api/v1/models/lstm/trace?text={TEXT}"
OTHER = 'W/"0123456789abcdef0123456789abcdef"'


def tag_of(api: TestClient, url: str = URL, headers: dict[str, str] | None = None) -> str:
    response = api.get(url, headers=headers)
    assert response.status_code == 200, response.text
    return str(response.headers["etag"])


def forbid_tracing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any) -> None:
        raise AssertionError("a trace was run")

    monkeypatch.setattr(plan, "trace", fail)
    monkeypatch.setattr(plan, "trace_in_chunks", fail)


def figures(api: TestClient) -> list[float]:
    """Traces that were run, hits and misses."""
    metrics = api.get("/metrics").text
    names = ["traces_total", *(f'conditional_requests_total{{result="{each}"}}' for each in ("hit", "miss"))]
    return [float(re.findall(rf"^gatescope_{re.escape(name)} (\S+)$", metrics, re.MULTILINE)[0]) for name in names]


@each_form
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_copy_that_stands_is_confirmed_without_tracing(
    api: TestClient, monkeypatch: pytest.MonkeyPatch, method: str, form: dict[str, str]
) -> None:
    answer = api.request(method, URL, headers=form)
    assert answer.headers["cache-control"] == "private, no-cache"
    forbid_tracing(monkeypatch)
    confirmed = api.request(method, URL, headers={**form, "If-None-Match": answer.headers["etag"]})
    assert (confirmed.status_code, confirmed.content) == (304, b"")
    for name in ("etag", "cache-control", "vary"):
        assert confirmed.headers[name] == answer.headers[name]
    assert not {"content-type", "content-length", "content-encoding"} & confirmed.headers.keys()
    changed = api.request(method, URL, headers={**form, "If-None-Match": OTHER})
    assert changed.status_code == (500 if method == "GET" else 200)  # HEAD computes nothing


@pytest.mark.parametrize("coding", ["identity", "gzip", "br", "zstd"])
def test_a_copy_stands_however_it_was_compressed(api: TestClient, coding: str) -> None:
    answer = api.get(URL, headers={"Accept-Encoding": coding})
    assert answer.headers.get("content-encoding", "identity") == coding
    for accepted in ("identity", coding):
        headers = {"If-None-Match": answer.headers["etag"], "Accept-Encoding": accepted}
        confirmed = api.get(URL, headers=headers)
        assert confirmed.status_code == 304
        # A cache takes over what a 304 says, to choose among the copies that it holds.
        assert confirmed.headers["vary"] == answer.headers["vary"] == "Accept, Accept-Encoding"


def test_the_text_is_split_once(api: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    tag, split, spans = tag_of(api), [], WordTokenizer.spans

    def counted(text: str) -> Any:
        split.append(text)
        return spans(text)

    monkeypatch.setattr(WordTokenizer, "spans", staticmethod(counted))
    assert api.get(URL, headers={"If-None-Match": tag}).status_code == 304
    assert split == [TEXT]


@pytest.mark.parametrize(
    ("held", "status"),
    [
        (["*"], 304),
        ([" *\t"], 304),
        (["W/{tag}"], 304),
        (["{tag}"], 304),
        ([OTHER + ", W/{tag}"], 304),
        (['W/"a,b" ,{tag},"c"'], 304),
        (['"", , {tag}'], 304),
        ([OTHER, "{tag}"], 304),
        ([OTHER], 200),
        ([OTHER, '"*"'], 200),
        (["{bare}"], 200),
        (['"x{bare}"'], 200),
        (['"{bare}x"'], 200),
        ([""], 200),
        (["\xe9"], 200),
    ],
)
def test_what_the_header_may_hold(api: TestClient, held: list[str], status: int) -> None:
    tag = tag_of(api).removeprefix("W/")
    values = [each.format(tag=tag, bare=tag.strip('"')) for each in held]
    headers = [(b"If-None-Match", value.encode("latin-1")) for value in values]
    assert api.get(URL, headers=headers).status_code == status


def test_a_tag_is_weak_and_does_not_hold_the_text(api: TestClient) -> None:
    assert re.fullmatch('W/"[0-9a-f]{32}"', tag_of(api))


@each_form
def test_a_tag_is_the_same_in_every_process(api: TestClient, models: Path, form: dict[str, str]) -> None:
    assert tag_of(client(models), headers=form) == tag_of(api, headers=form)


def test_a_tag_changes_with_whatever_is_asked(api: TestClient) -> None:
    asked = [
        URL,
        URL.replace("good", "bad"),
        URL.replace("good", "Good"),
        URL.replace("lstm", "gru"),
        *(f"{URL}&{option}" for option in ("layers=0", "activations=h", "units=0&units=1", "units=1&units=0")),
        *(f"{URL}&{option}" for option in ("start=1", "stop=1", "encoding=base64", "top=1")),
        *(f'{URL}&edits=[{{"letter":"h","steps":[{step}],"hold":0}}]' for step in (0, 1)),
    ]
    tags = {tag_of(api, url, form) for url in asked for form in (JSON, JSONL, NPZ, CSV)}
    assert len(tags) == 4 * len(asked)
    options = set(TraceOptions.model_fields) - {"text", "values", "labels", "csv"}  # the last three: test_sequence
    assert all(any(f"&{option}=" in url for url in asked) for option in options)


def test_a_tag_changes_with_the_engine(api: TestClient, models: Path) -> None:
    assert tag_of(client(models, engine="reference")) != tag_of(api)


def test_a_tag_changes_with_the_code(api: TestClient, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditional, "code", lambda: "of another build")
    assert tag_of(client(models)) != tag_of(api)


@pytest.mark.parametrize("changed", ["weights", "vocabulary", "configuration", "statistics"])
def test_a_tag_changes_with_the_model(api: TestClient, models: Path, tmp_path: Path, changed: str) -> None:
    folder = tmp_path / "lstm"
    shutil.copytree(models / "lstm", folder)
    assert tag_of(client(tmp_path)) == tag_of(api)
    match changed:
        case "weights":
            model = load_model(folder)
            about = model.config.model_dump(exclude={"network", "tokenizer", "corrects_spelling", "weights_sha256"})
            network = random_network(
                seed=1, cell="lstm", outputs=1, hidden_size=HIDDEN, vocabulary_size=len(model.tokenizer.vocabulary)
            )
            save_model(folder, network, model.tokenizer, about)
        case "vocabulary":
            unknown, first, second, *rest = json.loads((folder / VOCABULARY).read_text())
            (folder / VOCABULARY).write_text(json.dumps([unknown, second, first, *rest]))
        case "configuration":
            config = json.loads((folder / CONFIG).read_text())
            (folder / CONFIG).write_text(json.dumps({**config, "outputs": ["otherwise"]}))
        case "statistics":  # an ablation to the mean reads them
            model = load_model(folder)
            measured = statistics([model.trace("good")])
            (folder / STATISTICS).write_text(measured.model_dump_json(), encoding="utf-8")
    assert tag_of(client(tmp_path)) != tag_of(api)


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("lstm/trace?text=%ff", "*/*", 400),
        ("nope/trace?text=good", "*/*", 404),
        ("lstm/trace?text=good", "text/html", 406),
        ("lstm/trace?text=good+good+good+good+good", "*/*", 413),
        ("lstm/trace?text=good+bad", "*/*", 413),
        ("lstm/trace", "*/*", 422),
        ("lstm/trace?text=", "*/*", 422),
        ("lstm/trace?text=good&stop=0", "*/*", 422),
        ("lstm/trace?text=good&units=7", "*/*", 422),
        ("lstm/trace?text=good&start=1", "*/*", 422),
        ("lstm/trace?text=", "application/jsonl", 422),
        ("lstm/trace?text=", "text/csv", 422),
        ("lstm/trace?text=good+bad", "application/x-npz", 413),
        ("broken/trace?text=good", "*/*", 503),
    ],
)
def test_a_wrong_request_is_refused_whatever_the_client_holds(
    models: Path, path: str, accept: str, status: int
) -> None:
    api = client(models, max_text=20, max_values=HIDDEN * 6)
    response = api.get(f"/api/v1/models/{path}", headers={"Accept": accept, "If-None-Match": "*"})
    assert problem(response)[0] == status
    assert "etag" not in response.headers
    assert figures(api) == [0, 0, 0]


def test_an_answer_by_post_has_no_tag(api: TestClient) -> None:
    response = api.post("/api/v1/models/lstm/traces", json={"text": TEXT}, headers={"If-None-Match": "*"})
    assert response.status_code == 200
    assert not {"etag", "cache-control"} & response.headers.keys()


@each_form
def test_metrics_count_traces_hits_and_misses(models: Path, form: dict[str, str]) -> None:
    api, unasked = client(models), client(models)
    assert figures(api) == [0, 0, 0]
    tag = tag_of(api, headers=form)
    assert figures(api) == [1, 0, 0]
    for _ in range(2):
        api.get(URL, headers={**form, "If-None-Match": tag})
    assert figures(api) == [1, 2, 0]
    api.get(URL, headers={**form, "If-None-Match": OTHER})
    assert figures(api) == [2, 2, 1]
    api.post("/api/v1/models/lstm/traces", json={"text": TEXT}, headers={**form, "If-None-Match": tag})
    assert figures(api) == [3, 2, 1]
    assert figures(unasked) == [0, 0, 0]


def test_metrics_hold_neither_text_nor_tag(models: Path) -> None:
    api = client(models)
    url = "/api/v1/models/lstm/trace?text=xylophone"
    tag = tag_of(api, url)
    api.get(url, headers={"If-None-Match": tag})
    metrics = api.get("/metrics").text
    assert "xylophone" not in metrics
    assert tag[3:-1] not in metrics


def test_openapi_describes_the_condition_and_the_tag(api: TestClient) -> None:
    calls = api.get("/api/v1/openapi.json").json()["paths"]
    get = calls["/api/v1/models/{model}/trace"]["get"]
    [header] = [each for each in get["parameters"] if each["in"] == "header"]
    assert (header["name"], header.get("required", False)) == ("If-None-Match", False)
    for status in ("200", "304"):
        assert re.fullmatch(get["responses"][status]["headers"]["ETag"]["schema"]["pattern"], OTHER)
    assert "content" not in get["responses"]["304"]
    media_types = {"application/json", "application/jsonl", "application/x-npz", "text/csv"}
    assert get["responses"]["200"]["content"].keys() == media_types
    post = calls["/api/v1/models/{model}/traces"]["post"]
    assert "304" not in post["responses"]
    assert "ETag" not in post["responses"]["200"]["headers"]


def test_a_tag_covers_the_code_that_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = Path(conditional.__file__).parents[2]
    copied = shutil.copytree(package, tmp_path / "app", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(conditional, "__file__", str(copied / "api" / "wire" / "conditional.py"))
    before = conditional.code.__wrapped__()
    assert before == conditional.code()
    with (copied / "recurrent" / "tokenizer.py").open("a") as source:
        source.write("# another way to read a text\n")
    assert conditional.code.__wrapped__() != before
