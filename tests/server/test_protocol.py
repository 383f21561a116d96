"""What is not HTTP."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from gatescope.main import create_app
from gatescope.server.protocol import HEADERS_WITHIN, MOST_CONNECTIONS, MOST_HEAD, GuardedProtocol
from gatescope.server.security import HEADERS
from gatescope.settings import Settings
from serving import running

NONSENSE = [
    b"nonsense\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # the beginning of TLS
    b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * 100_000,
    b"GET / HTTP/1.1\r\nHost: localhost\r\nA: " + b"x" * MOST_HEAD + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/0.9\r\nHost: localhost\r\n\r\n",
]


@pytest.fixture(scope="module")
def address(models: Path) -> Iterator[tuple[str, int]]:
    settings = Settings(models=models, default_model="lstm")
    with running(create_app(settings), http=GuardedProtocol) as url:
        place = urlsplit(url)
        yield str(place.hostname), int(place.port or 0)


def answer(address: tuple[str, int], request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of what comes for the bytes of a request, after which the connection is closed."""
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(request)
        content = b""
        try:
            while chunk := connection.recv(65536):
                content += chunk
        except ConnectionResetError:  # the rest of the request was never read
            pass
    head, _, body = content.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(status.split()[1]), headers, body


@pytest.mark.parametrize("request_", NONSENSE, ids=lambda request: repr(request[:60]))
def test_what_is_not_http_gets_a_problem_with_the_guarding_headers(address: tuple[str, int], request_: bytes) -> None:
    status, headers, body = answer(address, request_)
    assert status == 400
    assert {name.lower(): value for name, value in HEADERS.items()}.items() <= headers.items()
    assert headers["content-type"] == "application/problem+json"
    assert json.loads(body)["type"] in {"malformed-request", "malformed-host"}
    assert len(body) == int(headers["content-length"])


def test_the_documentation_names_the_limits() -> None:
    page = (Path(__file__).parents[2] / "docs" / "deployment.md").read_text(encoding="utf-8")
    assert f"\n| the head of a request | {HEADERS_WITHIN:g} seconds |" in page
    assert f"\n| | {MOST_HEAD // 1024} KiB | 400 |\n" in page
    assert f"\n| connections | {MOST_CONNECTIONS:,} for each worker |" in page


@pytest.mark.parametrize("hosts", ["", "Host: localhost\r\nHost: localhost\r\n"], ids=["none", "two"])
def test_a_request_without_one_host_gets_them_too(address: tuple[str, int], hosts: str) -> None:
    request = f"GET / HTTP/1.1\r\n{hosts}Connection: close\r\n\r\n"
    status, headers, _ = answer(address, request.encode())
    assert status == 400
    assert headers["x-content-type-options"] == "nosniff"


def test_requests_without_a_host_are_answered_if_they_are_old(address: tuple[str, int]) -> None:
    status, headers, _ = answer(address, b"GET /docs HTTP/1.0\r\n\r\n")
    assert (status, headers["x-content-type-options"]) == (200, "nosniff")


def test_nonsense_after_the_begin_of_an_answer_only_ends_the_connection(address: tuple[str, int]) -> None:
    """A second answer in the middle of the first could be taken for a part of it."""
    good = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    status, _, body = answer(address, good + b"nonsense\r\n\r\n")
    assert status == 200
    assert body.startswith(b'{"status":"ok"}')


SLOW = {
    "says nothing": [b""],
    "trickles": [b"GET / HTTP/1.1\r\n", *[b"A: b\r\n"] * 100],
    "trickles after an answer": [b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", *[b"G", b"E", b"T", b" "] * 20],
}


@pytest.mark.parametrize("case", SLOW)
def test_a_connection_on_which_no_request_comes_is_closed(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.setattr("gatescope.server.protocol.HEADERS_WITHIN", 0.3)
    with socket.create_connection(address, timeout=60) as connection:
        connection.settimeout(0.05)
        is_closed, parts = False, iter(SLOW[case])
        end = time.monotonic() + 30
        while not is_closed and time.monotonic() < end:
            try:
                connection.sendall(next(parts, b""))
                is_closed = connection.recv(65536) == b""
            except TimeoutError:
                pass
            except ConnectionError:
                is_closed = True
    assert is_closed


def test_a_request_that_takes_longer_than_its_head_may_is_answered(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatescope.server.protocol.HEADERS_WITHIN", 0.2)
    app = create_app(Settings(models=models, default_model="lstm"))

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(0.6)
        return "done"

    with running(app, http=GuardedProtocol) as url, httpx2.Client(base_url=url) as client:
        for _ in range(2):  # on one connection
            assert client.get("/slow").json() == "done"


def test_connections_beyond_the_limit_are_refused(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatescope.server.protocol.MOST_CONNECTIONS", 2)
    app = create_app(Settings(models=models, default_model="lstm"))
    with running(app, http=GuardedProtocol) as url:
        place = str(urlsplit(url).hostname), int(urlsplit(url).port or 0)
        with socket.create_connection(place) as first, socket.create_connection(place) as second:
            for each in (first, second):
                each.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert each.recv(12) == b"HTTP/1.1 200"
            with socket.create_connection(place, timeout=60) as third:
                assert third.recv(1) == b""
