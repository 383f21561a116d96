"""Which hosts are answered."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal
from gatescope.main import create_app
from gatescope.server.hosts import HostCheck, Hosts, host_of
from gatescope.settings import Settings
from serving import client
from starlette.testclient import TestClient


def hosts(host: str = "127.0.0.1", allowed: str = "") -> Hosts:
    return Hosts(Settings(host=host, allowed_hosts=allowed), machine=lambda: "Lab-7.example.edu")


LOOPBACK = ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.9.8.7", "[::1]", "[0:0::1]", "[::ffff:127.0.0.1]"]
FOREIGN = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil-localhost", "xn--lcalhost-z8a"]
ADDRESSES = ["192.0.2.7", "8.8.8.8", "[2001:db8::7]"]


@pytest.mark.parametrize("name", LOOPBACK)
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "0.0.0.0", "192.0.2.7", "localhost"])
@pytest.mark.parametrize("allowed", ["", "example.org"])
def test_loopback_is_always_answered(host: str, allowed: str, name: str) -> None:
    assert hosts(host, allowed).answers(name)


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("host", ["127.0.0.1", "::", "0.0.0.0", "192.0.2.7", "lab"])
@pytest.mark.parametrize("allowed", ["", "example.org, *.example.net"])
def test_other_names_are_not(host: str, allowed: str, name: str) -> None:
    assert not hosts(host, allowed).answers(name)


@pytest.mark.parametrize("name", ADDRESSES)
def test_addresses_are_answered_only_where_all_are_listened_on(name: str) -> None:
    assert not hosts().answers(name)
    assert hosts("0.0.0.0").answers(name)
    assert hosts("::").answers(name)
    assert not hosts("0.0.0.0", "example.org").answers(name)
    assert hosts("0.0.0.0", name).answers(name)
    assert hosts(name.strip("[]")).answers(name)


@pytest.mark.parametrize("name", ["lab-7.example.edu", "LAB-7", "lab-7.example.edu."])
def test_the_name_of_the_machine_is_answered_only_where_all_addresses_are_listened_on(name: str) -> None:
    assert hosts("0.0.0.0").answers(name)
    assert not hosts("127.0.0.1").answers(name)
    assert not hosts("0.0.0.0", "example.org").answers(name)


def test_the_name_that_is_listened_on_is_answered() -> None:
    assert hosts("Lab").answers("lab")


@pytest.mark.parametrize(
    ("allowed", "answered", "refused"),
    [
        ("example.org", ["example.org", "EXAMPLE.org."], ["www.example.org", "example.org.evil.example"]),
        ("*.example.org", ["www.example.org", "a.b.example.org"], ["example.org", "evilexample.org"]),
        (" Example.org. ,, *.Example.net,", ["example.org", "a.example.net"], ["a.example.org"]),
        ("bücher.example", ["xn--bcher-kva.example"], ["bucher.example"]),
        ("[2001:db8::1], 192.0.2.1", ["[2001:DB8:0::1]", "192.0.2.1"], ["192.0.2.2", "[2001:db8::2]"]),
        ("*", [*FOREIGN, *ADDRESSES], []),
    ],
)
def test_the_setting_adds_names(allowed: str, answered: list[str], refused: list[str]) -> None:
    rule = hosts("0.0.0.0", allowed)
    assert [name for name in answered if not rule.answers(name)] == []
    assert [name for name in refused if rule.answers(name)] == []


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"),
        ("LocalHost:8000", "localhost"),
        ("localhost:", "localhost"),
        ("a_b.example.:80", "a_b.example."),
        ("[::1]", "[::1]"),
        ("[2001:DB8::1]:8000", "[2001:db8::1]"),
        ("", None),
        (" ", None),
        (":8000", None),
        ("::1", None),
        ("[::1", None),
        ("[:::::]", None),
        ("[evil]", None),
        ("localhost:x", None),
        ("user@localhost", None),
        ("localhost/", None),
        ("localhost, evil.example", None),
        ("löcalhost", None),
        ("local host", None),
    ],
)
def test_a_header_is_read(header: str, name: str | None) -> None:
    assert host_of(header) == name


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (lambda: hosts(), "localhost, 127.0.0.0/8, [::1]"),
        (lambda: hosts("192.0.2.7"), "localhost, 127.0.0.0/8, [::1], 192.0.2.7"),
        (
            lambda: hosts("0.0.0.0"),
            "localhost, 127.0.0.0/8, [::1], lab-7, lab-7.example.edu, any IP address",
        ),
        (
            lambda: hosts("192.0.2.7", "b.example,*.c.example,a.example"),
            "localhost, 127.0.0.0/8, [::1], a.example, b.example, *.c.example, 192.0.2.7",
        ),
        (lambda: hosts("0.0.0.0", "*"), "any host"),
    ],
)
def test_they_are_told(rule: Callable[[], Hosts], sentence: str) -> None:
    assert str(rule()) == sentence


@pytest.fixture(scope="module")
def local(models: Path) -> TestClient:
    """A client of an application that answers only loopback names."""
    return client(models, allowed_hosts="")


@pytest.mark.parametrize("path", ["/", "/api/v1/models", "/static/css/tokens.css", "/nope", "/healthz/", "/metrics2"])
def test_a_foreign_host_gets_a_problem_that_names_the_setting(local: TestClient, path: str) -> None:
    response = local.get(path, headers={"Host": "evil.example:8000"}, follow_redirects=False)
    assert (response.status_code, response.json()["type"]) == (421, "misdirected-request")
    assert response.headers["content-type"] == "application/problem+json"
    assert "'evil.example'" in response.json()["detail"]
    assert "GATESCOPE_ALLOWED_HOSTS" in response.json()["detail"]
    assert local.get(path, headers={"Host": "LOCALHOST.:8000"}, follow_redirects=False).status_code != 421


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_probes_come_by_any_name(local: TestClient, path: str) -> None:
    for host in ("evil.example", "", "10.1.2.3:8000"):
        assert local.get(path, headers={"Host": host}).status_code == 200


def test_behind_a_prefix_probes_are_the_same(models: Path) -> None:
    app = create_app(Settings(models=models, default_model="lstm", allowed_hosts=""))
    prefixed = TestClient(app, root_path="/lab")
    assert prefixed.get("/lab/healthz").status_code == 200
    assert prefixed.get("/lab/api/v1/models").status_code == 421


@pytest.mark.parametrize("host", ["", "a b", "localhost:x", "[::1", "<b>"])
def test_a_malformed_host_is_refused(local: TestClient, host: str) -> None:
    response = local.get("/", headers={"Host": host})
    assert (response.status_code, response.json()["type"]) == (400, "malformed-host")


@pytest.mark.parametrize(
    ("version", "headers", "status"),
    [
        ("1.0", [], 200),
        ("1.1", [], 400),
        ("1.0", [b"evil.example"], 421),
        ("1.1", [b"localhost"], 200),
        ("1.1", [b"localhost", b"localhost"], 400),
        ("1.1", [b"localhost", b"evil.example"], 400),
        ("1.1", [b"\xff"], 400),
    ],
)
def test_a_request_names_one_host(version: str, headers: list[bytes], status: int) -> None:
    sent: list[Any] = []

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Any) -> None:
        sent.append(message)

    async def ask() -> None:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "http_version": version,
            "headers": [(b"host", each) for each in headers],
        }
        await HostCheck(app, hosts())(scope, None, send)  # type: ignore[arg-type]

    with start_blocking_portal() as portal:
        portal.call(ask)
    assert sent[0]["status"] == status
