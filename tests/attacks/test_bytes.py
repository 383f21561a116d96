"""Bytes that are not quite HTTP: each is refused, or its connection closed, and the server answers the next."""

import random
import socket
from collections.abc import Iterator
from http.client import HTTPResponse
from io import BytesIO
from itertools import product
from urllib.parse import urlsplit

import pytest
from gatescope.server.security import HEADERS
from quick import Length

Address = tuple[str, int]

HOST = b"Host: localhost\r\n"
LAST = b"Connection: close\r\n\r\n"
TRACE = b"/api/v1/models/lstm/trace"
JSON = b"Content-Type: application/json\r\n"
TEXT = b'{"text": "good"}'
NEXT = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: smuggled\r\n\r\n"

METHODS = [b"GET", b"POST", b"HEAD", b"OPTIONS", b"TRACE", b"CONNECT", b"get", b"PRI", b"X" * 5000]
TARGETS = [
    b"*",
    b"//",
    b"/../../etc/passwd",
    b"/static/../../etc/passwd",
    b"/static/%2e%2e/%2e%2e/etc/passwd",
    b"/static/..%2f..%2f..%2fetc%2fpasswd",
    b"/static//etc/passwd",
    b"/static/%00",
    b"/static/" + b"a" * 4000,
    b"/%",
    b"/%zz",
    b"/%ff%fe",
    b"/%c0%ae%c0%ae/",
    b"/models/%00/card",
    b"/models/..%2f..%2fetc%2fpasswd/card",
    b"/vendor/x/..%2f..%2fpasswd",
    b"/api/v1/models/%2e%2e",
    b"/api/v1/models/%F0%9F%98",
    TRACE + b"?text=%ff",
    TRACE + b"?text=%",
    TRACE + b"?" + b"&".join([b"units=1"] * 101),
    TRACE + b"?text=" + b"%61" * 20_000,
    TRACE + b"?units=" + b"9" * 5000,
    TRACE + b"?text=a&stop=-1;text=b",
    b"http://localhost/nothing",
    b"http://evil.example/",
    b"evil.example:443",
    b"/#fragment",
    b"?text=a",
]
LINES = [  # of a request, in the place of a good one
    b"",
    b"GET",
    b"GET /",
    b"GET /  HTTP/1.1",
    b"GET  / HTTP/1.1",
    b" GET / HTTP/1.1",
    b"GET /a b HTTP/1.1",
    b"GET / HTTP/1.1 x",
    b"GET / HTTP/2.0",
    b"GET / HTTP/0.9",
    b"GET / HTTP/1",
    b"GET / HTTP/1.10",
    b"GET / http/1.1",
    b"GET / XTTP/1.1",
    b"GET\t/\tHTTP/1.1",
    b"GET /\x00 HTTP/1.1",
    b"GET /\x7f HTTP/1.1",
    b"GET /\xff HTTP/1.1",
    b"G@T / HTTP/1.1",
    b"G\x00T / HTTP/1.1",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0",
    b"SSH-2.0-OpenSSH_9",
]
FIELDS = [  # that no request may have
    b"Host : localhost",
    b" Host: localhost",
    b"Host: localhost\r\n folded",
    b"Host: localhost\r\nHost: localhost",
    b"Host: localhost\r\nHost: evil.example",
    b"Host: evil.example",
    b"Host: localhost:x",
    b"Host: localhost, evil.example",
    b"Host: user@localhost",
    b"Host: [::1",
    b"Host:",
    b"Host: \xff",
    b"A",
    b": b",
    b"A\x00: b",
    b"A: \x00",
    b"A: b\rc",
    b"A B: c",
    b"A\xff: b",
    b"A: " + b"x" * 100_000,
    b"\r\n".join(b"A%d: b" % at for at in range(20_000)),
]
FRAMINGS = [  # of a body, none of which leaves no doubt where it ends
    b"Content-Length: -1",
    b"Content-Length: +16",
    b"Content-Length: 0x10",
    b"Content-Length: 1 6",
    b"Content-Length: 16.0",
    b"Content-Length: 16, 17",
    b"Content-Length: " + b"9" * 40,
    b"Content-Length:",
    b"Content-Length: 16\r\nContent-Length: 17",
    b"Content-Length: 16\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding: chunked\r\nContent-Length: 4",
    b"Transfer-Encoding: chunked\r\nContent-Length: 0",
    b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding: chunked, identity",
    b"Transfer-Encoding: gzip, chunked",
    b"Transfer-Encoding: identity",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    b"Transfer-Encoding : chunked",
    b"Transfer-Encoding:\x0bchunked",
    b"Transfer-Encoding: chunked\r\n ,x",
]
CHUNKS = [
    b"x\r\n",
    b"-1\r\n",
    b"0x10\r\n" + TEXT,
    b"11\r\n" + TEXT + b"\r\n0\r\n\r\n",
    b"f\r\n" + TEXT + b"\r\n0\r\n\r\n",
    b"10\r\n" + TEXT + b"0\r\n\r\n",
    b"f" * 40 + b"\r\n",
    b"10\n" + TEXT + b"\n0\n\n",
    b"\r\n",
    b"10\r\n" + TEXT + b"\r\n0\r\nA B: c\r\n\r\n",
    b"10 \x00\r\n" + TEXT + b"\r\n0\r\n\r\n",
]


def hostile() -> Iterator[bytes]:
    """Yield requests of which none may succeed, with another behind it that none may reach as well."""
    for line, host in product(LINES, (HOST, b"")):
        yield line + b"\r\n" + host + b"\r\n" + NEXT
    for field, method in product(FIELDS, (b"GET / HTTP/1.1", b"POST /first-screen HTTP/1.1")):
        own = b"" if field.strip().lower().startswith(b"host") else HOST
        yield method + b"\r\n" + own + field + b"\r\n" + LAST
    for framing, path, behind in product(FRAMINGS, (b"/first-screen", b"/nothing"), (TEXT, b"0\r\n\r\n")):
        yield b"POST " + path + b" HTTP/1.1\r\n" + HOST + JSON + framing + b"\r\n\r\n" + behind + NEXT
    for chunks, version in product(CHUNKS, (b"1.1", b"1.0")):
        head = b"POST /first-screen HTTP/" + version + b"\r\n" + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n"
        yield head + chunks + NEXT


def odd() -> Iterator[bytes]:
    """Yield requests that are HTTP, but that nobody sends; an answer may be any but a failure."""
    for target, method, version in product(TARGETS, METHODS[:4], (b"1.1", b"1.0")):
        yield method + b" " + target + b" HTTP/" + version + b"\r\n" + HOST + LAST
    for method in METHODS:
        yield method + b" / HTTP/1.1\r\n" + HOST + LAST
    yield b"GET / HTTP/1.1\r\n" + HOST + b"A: b\r\n\tfolded\r\n" + LAST  # RFC 9112, section 5.2: a blank, or 400
    head = b"POST /first-screen HTTP/1.1\r\n" + HOST + JSON + b"Transfer-Encoding: chunked\r\n" + LAST
    yield head + b"10" + b";a" * 50_000 + b"\r\n" + TEXT + b"\r\n0\r\n\r\n"


class _Stream(BytesIO):
    """Answers that follow one another; each reader leaves it open for the next."""

    def close(self) -> None:
        pass

    def makefile(self, _mode: str) -> "_Stream":
        return self


def answers(address: Address, request: bytes) -> list[HTTPResponse]:
    """Send bytes, and read all answers until the connection is closed; when none comes, no more is sent."""
    method = request.partition(b" ")[0].decode("latin-1")
    got = _Stream()
    with socket.create_connection(address, timeout=60) as connection:
        try:
            connection.sendall(request)
            connection.settimeout(0.3)
            while True:
                try:
                    part = connection.recv(65_536)
                except TimeoutError:
                    connection.settimeout(60)
                    connection.shutdown(socket.SHUT_WR)
                    continue
                if not part:
                    break
                got.write(part)
        except ConnectionError:  # the rest of the request was never read
            pass
    end = got.tell()
    got.seek(0)
    read = []
    while got.tell() < end:
        response = HTTPResponse(got, method=method)  # type: ignore[arg-type]
        response.begin()
        response.read()
        read.append(response)
    return read


def require_no_failure(address: Address, request: bytes) -> list[int]:
    """Return the statuses of the answers, which all have the guarding headers, after which the server answers on."""
    read = answers(address, request)
    for each in read:
        assert each.status < 500, (request[:200], each.status)
        assert {name: each.getheader(name) for name in HEADERS} == HEADERS, request[:200]
    [health] = answers(address, b"GET /healthz HTTP/1.1\r\n" + HOST + LAST)
    assert health.status == 200
    return [each.status for each in read]


@pytest.fixture
def address(attacked: str) -> Address:
    place = urlsplit(attacked)
    return str(place.hostname), int(place.port or 0)


def some(cases: Iterator[bytes], length: Length) -> list[bytes]:
    listed = list(cases)
    return random.Random(length.seed).sample(listed, length.of(len(listed)))


@pytest.mark.attack("some ten requests", seconds=3)
def test_what_is_not_http_is_refused_and_nothing_behind_it_is_reached(address: Address, length: Length) -> None:
    for request in some(hostile(), length):
        statuses = require_no_failure(address, request)
        assert len(statuses) <= 1, (request[:200], statuses)
        assert all(400 <= status < 500 for status in statuses), (request[:200], statuses)


@pytest.mark.attack("some ten requests", seconds=3)
def test_odd_requests_never_fail(address: Address, length: Length) -> None:
    for request in some(odd(), length):
        statuses = require_no_failure(address, request)
        assert len(statuses) <= 1, (request[:200], statuses)


def test_of_requests_that_follow_without_a_pause_each_is_answered_in_order(address: Address) -> None:
    body = b"Content-Length: %d\r\n\r\n" % len(TEXT) + TEXT
    good = b"POST /api/v1/models/lstm/traces HTTP/1.1\r\n" + HOST + JSON + body
    missing = b"GET /nothing HTTP/1.1\r\n" + HOST + b"\r\n"
    read = answers(address, NEXT + good + missing + NEXT + b"nonsense\r\n\r\n")
    assert [each.status for each in read] == [200, 200, 404, 200, 400]
    assert read[0].getheader("X-Request-ID") == "smuggled"
