"""The configuration in docs/deployment.md, run by nginx in front of `gatescope serve`; only ports and paths differ.

The deadlines are shortened. Two visitors share this machine: their connections come from two of its loopback addresses.
"""

import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2
import pytest
from documentation import blocks
from gatescope.server.security import HEADERS
from gatescope.settings import Settings
from serving import free_port, started, told, wait_until

pytestmark = pytest.mark.soak("runs nginx, and waits for deadlines")

HOST, ROOT = "gates.example.org", "/gatescope"
TRACES = f"{ROOT}/api/v1/models/prose-lstm/traces"
DEADLINES = {
    "client_header_timeout 10s": "client_header_timeout 2s",
    "client_body_timeout 10s": "client_body_timeout 5s",
}
DEADLINES |= {"keepalive_timeout 15s": "keepalive_timeout 2s"}
ALICE, BOB = "127.0.0.2", "127.0.0.3"
[CONFIGURATION] = [block.text for block in blocks("docs/deployment.md") if block.language == "nginx"]


def limit(directive: str) -> int:
    """The number that the configuration gives a directive, in bytes if it is one of kilobytes."""
    match = re.search(rf"^ *{directive} (?:\w+ )?(\d+)(k?);", CONFIGURATION, re.MULTILINE)
    assert match, directive
    return int(match[1]) * (1024 if match[2] else 1)


@dataclass(frozen=True)
class Proxy:
    """nginx, and what it is in front of."""

    port: int
    folder: Path
    behind: str  # the address of Gatescope itself
    log: Path  # of Gatescope

    def client(self, visitor: str = ALICE) -> httpx2.Client:
        headers = {"Host": HOST, "Accept-Encoding": "identity"}
        transport = httpx2.HTTPTransport(local_address=visitor)
        return httpx2.Client(base_url=f"http://127.0.0.1:{self.port}", headers=headers, timeout=60, transport=transport)

    @contextmanager
    def connection(self, visitor: str = ALICE, sends: str = "") -> Iterator[socket.socket]:
        """A connection on which ``sends`` has been sent."""
        with socket.create_connection(("127.0.0.1", self.port), 60, source_address=(visitor, 0)) as connection:
            connection.sendall(sends.encode())
            yield connection

    def logged(self) -> str:
        """What nginx has written into its two logs."""
        return "".join((self.folder / name).read_text("utf-8") for name in ("gatescope.log", "gatescope-errors.log"))


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if not nginx:
        pytest.fail("nginx is missing: `make soak` installs it where it can", pytrace=False)
    folder = tmp_path_factory.mktemp("nginx")
    settings = {"GATESCOPE_ROOT_PATH": ROOT, "GATESCOPE_ALLOWED_HOSTS": HOST, "GATESCOPE_MAX_IN_FLIGHT": "8"}
    log = folder / "log"
    with free_port() as port, started(log, "gatescope.cli", "serve", **settings) as behind:
        own = {
            "listen 80;": f"listen 127.0.0.1:{port};",
            "http://127.0.0.1:8000;": f"{behind};",
            "/var/log/nginx": f"{folder}",
        }
        site = CONFIGURATION
        for documented, here in {**own, **DEADLINES}.items():
            assert documented in site
            site = site.replace(documented, here)
        (folder / "gatescope.conf").write_text(site, "utf-8")
        kept = "".join(
            f"{name}_temp_path {folder}/{name}; " for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (folder / "nginx.conf").write_text(
            f"daemon off; user {pwd.getpwuid(os.geteuid()).pw_name}; pid {folder}/pid; error_log stderr; events {{}}\n"
            f"http {{ {kept} include {folder}/gatescope.conf; }}",
            "utf-8",
        )
        command = [nginx, "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")]
        with (folder / "stderr").open("wb") as errors, subprocess.Popen(command, stderr=errors) as process:
            try:
                wait_until(lambda: process.poll() is not None or listens(port))
                assert process.poll() is None, (folder / "stderr").read_text("utf-8")
                yield Proxy(port, folder, behind, log)
            finally:
                process.terminate()


def listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def is_closed(connection: socket.socket, sends: bytes = b"") -> bool:
    """Whether a connection on which ``sends`` comes again and again is closed, far sooner than by nginx's own rules."""
    connection.settimeout(0.1)
    for _ in range(300):
        try:
            connection.sendall(sends)
            if not connection.recv(65_536):
                return True
        except TimeoutError:
            pass
        except OSError:
            return True
    return False


def test_pages_files_and_calls_come_through(proxy: Proxy) -> None:
    assert f"Gatescope is at {proxy.behind}{ROOT}/ " in proxy.log.read_text("utf-8")
    with proxy.client() as visitor, httpx2.Client(base_url=proxy.behind) as direct:
        places = [f"{ROOT}/", f"{ROOT}/docs", f"{ROOT}/models/sentiment-lstm/card", f"{ROOT}/healthz"]
        pages = [visitor.get(place) for place in places]
        named = {place for page in pages for place in re.findall(rf'(?:href|src)="({ROOT}/[^"#?]+)', page.text)}
        assert {f"{ROOT}/static/js/main.js", f"{ROOT}/static/icon.svg", f"{ROOT}/docs"} < named
        answers = [*pages, *map(visitor.get, sorted(named))]
        assert [(each.url.path, each.status_code) for each in answers if each.status_code != 200] == []
        assert all({name: each.headers[name] for name in HEADERS} == HEADERS for each in answers)
        call = {"text": "not good", "activations": ["i"]}
        through, plain = (each.post(TRACES, json=call) for each in (visitor, direct))
        assert (through.status_code, through.content) == (200, plain.content)


def test_what_is_not_there_or_not_allowed(proxy: Proxy) -> None:
    with proxy.client() as visitor:
        missing = visitor.get(f"{ROOT}/api/v1/models/nope")
        assert (missing.status_code, missing.json()["type"]) == (404, "unknown-model")
        assert missing.headers["content-type"] == "application/problem+json"
        for place in (
            "/",
            "/api/v1/models",
            f"{ROOT}/metrics",
            f"{ROOT}/readyz",
            f"{ROOT}//metrics",
            f"{ROOT}/%6detrics",
        ):
            other = visitor.get(place)
            assert (other.status_code, "nginx" in other.text) == (404, True), place
        evil = visitor.get(f"{ROOT}/", headers={"Host": "evil.example"})
        assert (evil.status_code, evil.json()["type"]) == (421, "misdirected-request")
        assert visitor.get(ROOT).headers["location"] == f"http://{HOST}:{proxy.port}{ROOT}/"  # by nginx
        slash = visitor.get(f"{ROOT}/docs/")  # by Gatescope, which is told the host without its port
        assert (slash.status_code, slash.headers["location"]) == (307, f"http://{HOST}{ROOT}/docs")
    by_tls = httpx2.get(f"{proxy.behind}{ROOT}/docs/", headers={"Host": HOST, "X-Forwarded-Proto": "https"})
    assert by_tls.headers["location"] == f"https://{HOST}{ROOT}/docs"


def test_a_large_body_is_refused(proxy: Proxy) -> None:
    largest = Settings.model_fields["max_body"].default
    assert largest < limit("client_max_body_size") == limit("client_body_buffer_size") < 2 * largest
    with proxy.client() as visitor:

        def post(size: int) -> httpx2.Response:
            headers = {"Content-Type": "application/json"}
            return visitor.post(TRACES, content=b'{"text": "a"}'.ljust(size), headers=headers)

        assert post(largest).status_code == 200
        ours = post(largest + 1)
        assert (ours.status_code, ours.headers["content-type"]) == (413, "application/problem+json")
        assert f"{largest}" in ours.json()["detail"].replace(",", "")
        theirs = post(limit("client_max_body_size") + 1)
        assert (theirs.status_code, "nginx" in theirs.text) == (413, True)


def test_a_stream_arrives_before_it_is_complete(proxy: Proxy) -> None:
    text = "It is a truth universally acknowledged. " * 250
    answered = "POST /api/v1/models/{model}/traces 200"
    before = told(proxy.log, answered)
    with (
        proxy.client() as visitor,
        visitor.stream("POST", TRACES, json={"text": text}, headers={"Accept": "application/jsonl"}) as stream,
    ):
        lines = stream.iter_lines()
        first = json.loads(next(lines))
        time.sleep(6)  # in which nginx could take all of it, and keep on disk what the visitor does not read
        assert told(proxy.log, answered) == before
        rest = [json.loads(line) for line in lines]
    assert len([first, *rest]) == len(text)
    wait_until(lambda: told(proxy.log, answered) == before + 1)
    assert told(proxy.log, answered) == before + 1


def test_a_short_line_of_a_stream_is_not_kept_back(proxy: Proxy) -> None:
    """The first line of a memory's progress comes by itself, and not with the answer that takes seconds."""
    body = json.dumps({"text": "It is a truth universally acknowledged. " * 2})
    head = f"POST {ROOT}/api/v1/models/prose-lstm/memory HTTP/1.1\r\nHost: {HOST}\r\nAccept: application/jsonl\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    with proxy.connection(sends=head + body) as connection:
        pieces = list(iter(partial(connection.recv, 65_536), b""))
    received = b"".join(pieces)
    assert received.startswith(b"HTTP/1.1 200 ")
    assert received.count(b'"answer"') == 1
    [first, *_] = [piece for piece in pieces if b'"done"' in piece]
    assert b'"answer"' not in first


REQUEST = f"GET {ROOT}/healthz HTTP/1.1\r\nHost: {HOST}\r\n"


@pytest.mark.parametrize(
    ("begins", "goes_on"),
    [
        ("", b""),
        (REQUEST, b""),
        (f"{REQUEST}X-Slow: ", b"a"),
        (f"{REQUEST}\r\n", b""),
        (f"POST {TRACES} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100\r\n\r\n{{", b""),
    ],
    ids=["idle", "half a head", "a head that trickles", "idle after an answer", "half a body"],
)
def test_idle_and_trickling_connections_are_closed(proxy: Proxy, begins: str, goes_on: bytes) -> None:
    with proxy.connection(sends=begins) as connection:
        assert is_closed(connection, goes_on)


def test_idle_connections_keep_nobody_waiting(proxy: Proxy) -> None:
    with ExitStack() as stack, proxy.client() as visitor:
        idle = [stack.enter_context(proxy.connection(ALICE, "G")) for _ in range(200)]
        assert visitor.get(f"{ROOT}/").status_code == 200
        assert [each for each in idle if not is_closed(each)] == []


def test_one_visitor_cannot_take_the_place_of_others(proxy: Proxy) -> None:
    most = limit("limit_conn")
    head = f"POST {TRACES} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 10000\r\n\r\n"
    with ExitStack() as stack, proxy.client(ALICE) as alice, proxy.client(BOB) as bob:
        held = [stack.enter_context(proxy.connection(ALICE, head)) for _ in range(most)]

        def refused() -> bool:
            for each in held:
                each.sendall(b" ")
            return alice.get(f"{ROOT}/", params={"text": "zephyr"}).status_code == 503

        wait_until(refused)
        assert refused()
        # More are held than Gatescope takes at a time, but it has not heard of them.
        assert bob.get(f"{ROOT}/api/v1/models").status_code == 200
    with proxy.client(ALICE) as alice:
        wait_until(lambda: alice.get(f"{ROOT}/api/v1/models").status_code == 200)
        assert alice.get(f"{ROOT}/", params={"text": "zephyr"}).status_code == 200
    wait_until(lambda: " 503 " in proxy.logged())
    assert " 503 " in proxy.logged()
    assert "zephyr" not in proxy.logged()
    assert "zephyr" not in proxy.log.read_text("utf-8")
