"""Everything below a path, behind a proxy that leaves it in front of what it passes on, or takes it away."""

import html
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
from fastapi import FastAPI
from gatescope.settings import OWN_SEGMENTS, data_folder
from serving import client
from starlette.testclient import TestClient

ROOT = "/tools/gates"
MODEL = "sentiment-lstm"
PAGES = ["/", "/?text=not+good&compare=cells&step=1", "/docs", f"/models/{MODEL}/card"]

PROXIES: dict[str, Callable[[str], str]] = {
    "leaves it": lambda path: path,
    "takes it away": lambda path: path.removeprefix(ROOT),
}
each_proxy = pytest.mark.parametrize("proxy", PROXIES.values(), ids=PROXIES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model that has a card, named units, statistics and a picture."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(data_folder("models") / MODEL, folder / MODEL)
    return folder


@pytest.fixture(scope="module")
def plain(folder: Path) -> TestClient:
    return client(folder, default_model=MODEL)


@pytest.fixture(scope="module")
def rooted(folder: Path) -> TestClient:
    return client(folder, default_model=MODEL, root_path=ROOT)


def places(page: httpx2.Response) -> set[str]:
    """Where the links, files and forms of a page lead on its own site, as paths with their queries."""
    found = re.findall(r'\s(?:href|src|action|data-openapi)="([^"]*)"', page.text)
    urls = (urlsplit(urljoin(f"http://testserver{ROOT}/", html.unescape(each))) for each in found)
    return {f"{url.path}?{url.query}" for url in urls if url.netloc == "testserver"}


@each_proxy
def test_every_link_file_and_form_is_below_the_path_and_there(rooted: TestClient, proxy: Callable[[str], str]) -> None:
    known: set[str] = set()
    for page in PAGES:
        answer = rooted.get(proxy(ROOT + page))
        assert answer.status_code == 200, page
        # A card's picture is named relative to the card.
        known |= {each.replace(f"{ROOT}/saturation", f"{ROOT}/models/{MODEL}/saturation") for each in places(answer)}
    assert [each for each in known if not each.startswith(f"{ROOT}/")] == []
    assert {each: status for each in known if (status := rooted.get(proxy(each)).status_code) != 200} == {}
    expected = [
        "api/v1/openapi.json",
        "docs",
        f"models/{MODEL}/card",
        f"models/{MODEL}/saturation.svg",
        "static/js/main.js",
    ]
    assert [each for each in expected if f"{ROOT}/{each}" not in {place.partition("?")[0] for place in known}] == []


@each_proxy
@pytest.mark.parametrize("page", PAGES)
def test_a_page_differs_only_by_the_path(
    plain: TestClient, rooted: TestClient, proxy: Callable[[str], str], page: str
) -> None:
    without = plain.get(page).text
    assert ROOT not in without
    assert "data-root" not in without
    below = rooted.get(proxy(ROOT + page)).text
    assert below.count(f' data-root="{ROOT}"') == 1
    assert below.replace(f' data-root="{ROOT}"', "").replace(f'"{ROOT}/', '"/') == without


def test_no_script_names_a_path_without_the_root() -> None:
    """The page says it in an attribute, which `kit/root.js` reads."""
    own = "|".join(sorted(OWN_SEGMENTS))
    named = re.compile(rf"""["'`]/(?:{own})\b[^"'`]*""")
    scripts = {path: path.read_text("utf-8") for path in (data_folder("static") / "js").rglob("*.js")}
    assert {path.name: found for path, text in scripts.items() if (found := named.findall(text))} == {}
    assert [path.name for path, text in scripts.items() if "dataset.root" in text] == ["root.js"]
    assert named.findall('fetch("/static/css/figures.css"); `/models/${model}`') != []


def test_no_stylesheet_names_a_path() -> None:
    styles = (data_folder("static") / "css").glob("*.css")
    assert [path.name for path in styles if re.search(r"url\(\s*[\"']?/", path.read_text("utf-8"))] == []


@each_proxy
def test_the_api_says_where_it_is(plain: TestClient, rooted: TestClient, proxy: Callable[[str], str]) -> None:
    document = rooted.get(proxy(f"{ROOT}/api/v1/openapi.json")).json()
    assert document.pop("servers") == [{"url": ROOT}]
    assert document == plain.get("/api/v1/openapi.json").json()  # which names no server
    for missing in ("/nope", "/static/nope.css"):
        detail = rooted.get(proxy(ROOT + missing)).json()["detail"]
        assert detail == f"There is nothing at {ROOT}{missing}. The calls are listed at {ROOT}/docs."
        detail = plain.get(missing).json()["detail"]
        assert detail == f"There is nothing at {missing}. The calls are listed at /docs."


@each_proxy
@pytest.mark.parametrize("path", ["/docs/", f"/api/v1/models/{MODEL}/"])
def test_redirects_stay_below_the_path(rooted: TestClient, proxy: Callable[[str], str], path: str) -> None:
    answer = rooted.get(proxy(ROOT + path), follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, f"http://testserver{ROOT}{path.rstrip('/')}")


def test_the_path_itself_leads_to_the_page(rooted: TestClient) -> None:
    answer = rooted.get(ROOT, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, f"http://testserver{ROOT}/")
    assert rooted.get("/tools/gatescope").json()["detail"].startswith(f"There is nothing at {ROOT}/tools/gatescope.")


@each_proxy
def test_metrics_name_routes(folder: Path, proxy: Callable[[str], str]) -> None:
    site = client(folder, default_model=MODEL, root_path=ROOT)
    for path in (f"/api/v1/models/{MODEL}", "/static/css/tokens.css", "/healthz", "/nope", "/"):
        site.get(proxy(ROOT + path))
    metrics = site.get(proxy(f"{ROOT}/metrics")).text
    assert set(re.findall(r'handler="([^"]*)"', metrics)) == {"/api/v1/models/{model}", "other", "/"}


@each_proxy
def test_probes_are_answered_while_others_are_not(folder: Path, proxy: Callable[[str], str]) -> None:
    site = client(folder, default_model=MODEL, root_path=ROOT, max_in_flight=1, allowed_hosts="")
    app: Any = site.app
    assert site.get(proxy(f"{ROOT}/api/v1/models")).status_code == 421
    app.state.in_flight = 1
    local = {"Host": "localhost"}
    assert site.get(proxy(f"{ROOT}/api/v1/models"), headers=local).status_code == 503
    for probe in ("/healthz", "/readyz", "/metrics"):
        assert site.get(proxy(ROOT + probe)).status_code == 200


def test_the_first_segments_of_our_own_paths_are_known(plain: TestClient) -> None:
    app: Any = plain.app
    assert isinstance(app, FastAPI)
    paths = [*app.openapi()["paths"], str(app.openapi_url)]
    paths += re.findall(
        r'@router\.\w+\(\s*"(/[^"]*)"', (Path(__file__).parents[2] / "app/web/pages.py").read_text("utf-8")
    )
    paths += ["/models/x", "/static/x"]  # of the cards, and a mount
    assert {path.split("/")[1] for path in paths} - {""} == OWN_SEGMENTS
