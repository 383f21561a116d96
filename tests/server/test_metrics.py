"""Metrics: by route, and never by what was asked."""

import string
from pathlib import Path
from random import Random
from urllib.parse import quote

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from serving import client, started
from starlette.testclient import TestClient


def test_metrics_count_requests_by_route_and_keep_the_text_out(api: TestClient) -> None:
    api.get("/api/v1/models/lstm/trace", params={"text": "good xylophone"})
    metrics = api.get("/metrics").text
    assert 'handler="/api/v1/models/{model}/trace"' in metrics
    assert "xylophone" not in metrics


def test_metrics_do_not_grow_with_invented_methods(models: Path) -> None:
    api = client(models)
    for number in range(3):
        api.request(f"FOO{number}", "/api/v1/models")
    metrics = api.get("/metrics").text
    assert "FOO" not in metrics
    assert 'http_requests_total{handler="/api/v1/models",method="other",status="4xx"} 3.0' in metrics


def handlers(metrics: str) -> set[str]:
    """The routes by which requests are counted."""
    samples = [sample for family in text_string_to_metric_families(metrics) for sample in family.samples]
    return {sample.labels["handler"] for sample in samples if "handler" in sample.labels}


def test_every_label_is_a_route(models: Path) -> None:
    """Whatever is asked: here a thousand paths made of parts of ours, odd characters, and slashes in odd places."""
    api, random = client(models), Random(17)
    document = api.get("/api/v1/openapi.json").json()
    pages = {"/", "/docs", "/first-screen", "/static/css/cells.css", "/static/css/figures.css"}
    routes = {*document["paths"], *pages, "/vendor/{_version}/{name}", "/models/{model}", "/models/{model}/{name}"}
    routes |= {"/api/v1/openapi.json", "other"}
    words = [
        "api",
        "v1",
        "models",
        "lstm",
        "trace",
        "traces",
        "memory",
        "static",
        "vendor",
        "docs",
        "metrics",
        "healthz",
    ]
    odd = ["", ".", "..", "%", "{model}", "\x00", "\n", "é", "💥", "a b", "..;", "x" * 300]
    for _ in range(1000):
        parts = random.choices(words, k=random.randint(0, 6))
        for _ in range(random.randint(0, 2)):
            parts.insert(random.randint(0, len(parts)), random.choice([*odd, *string.punctuation]))
        path = "/" + "/".join(quote(part, safe=random.choice(["", "/%;"])) for part in parts) + random.choice(["", "/"])
        api.request(random.choice(["GET", "HEAD", "POST", "BREW"]), path, follow_redirects=False)
    for number in range(100):
        assert api.get(f"/api/v1/models/any-{number}/", follow_redirects=False).status_code == 307
    api.get("/api/v1/models/lstm")
    counted = handlers(api.get("/metrics").text)
    assert {"/api/v1/models/{model}", "other"} < counted
    assert counted <= routes


def test_metrics_are_documented_as_the_text_that_they_are(api: TestClient) -> None:
    answer = api.get("/api/v1/openapi.json").json()["paths"]["/metrics"]["get"]["responses"]["200"]
    assert answer["content"] == {"text/plain": {"schema": {"type": "string"}}}
    assert api.get("/metrics").headers["content-type"].startswith("text/plain;")


@pytest.mark.slow("starts a server in processes of its own", seconds=15)
def test_any_of_several_workers_answers_for_all(models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "figures"
    folder.mkdir()
    settings = {
        "GATESCOPE_MODELS": str(models),
        "GATESCOPE_DEFAULT_MODEL": "lstm",
        "PROMETHEUS_MULTIPROC_DIR": str(folder),
    }
    command = ("uvicorn", "gatescope.main:create_app", "--factory", "--workers", "2")
    with started(tmp_path / "log", *command, workers=2, **settings) as address:
        workers: set[str] = set()
        asked = 0
        while len(workers) < 2 or asked < 30:  # a connection each: the kernel gives it to one of the workers
            assert asked < 1000
            answer = httpx2.get(f"{address}/api/v1/models/lstm/trace", timeout=60, params={"text": "not good"})
            assert answer.status_code == 200
            asked += 1
            workers = {
                path.name
                for path in folder.glob("counter_*.db")
                if b'"/api/v1/models/{model}/trace"' in path.read_bytes()
            }
        for _ in range(5):
            metrics = httpx2.get(f"{address}/metrics", timeout=60).text
            assert f"\ngatescope_traces_total {asked}.0\n" in metrics
            labels = 'handler="/api/v1/models/{model}/trace",method="GET",status="2xx"'
            assert f"\nhttp_requests_total{{{labels}}} {asked}.0\n" in metrics
