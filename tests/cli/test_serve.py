"""gatescope serve, as a process of its own."""

import errno
import json
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx2
import pytest
from gatescope.cli import app
from gatescope.cli.serve import listen
from gatescope.store.saving import save_model
from networks import random_network
from serving import LETTERS, SERVE, serving
from typer.testing import CliRunner


@pytest.mark.slow("starts the command in a process of its own", seconds=10)
def test_serves_from_any_directory_and_prints_its_address(models: Path, tmp_path: Path) -> None:
    with serving("--models", str(models), cwd=tmp_path) as (process, line):
        match = re.fullmatch(r"Gatescope is at (http://127\.0\.0\.1:\d+/) \(Ctrl-C stops it\)\n", line)
        assert match, line
        assert httpx2.get(f"{match.group(1)}readyz").json()["models"] == 5
        httpx2.get(f"{match.group(1)}api/v1/models/lstm/trace", params={"text": "xylophone"})
        assert httpx2.get(match.group(1), headers={"Host": "evil.example"}).status_code == 421
        with socket.create_connection(("127.0.0.1", int(match.group(1)[17:-1]))) as connection:
            connection.sendall(b"nonsense\r\n\r\n")
            assert b"X-Content-Type-Options: nosniff" in connection.recv(65536)
        assert process.stdout
        second = process.stdout.readline()  # not left to communicate(), which misses what is buffered already
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert second.startswith("It answers to localhost, 127.0.0.0/8, [::1], ")
    assert "xylophone" not in out + err, "what people type must not be logged"
    assert "WARNING gatescope.main: the model broken cannot be used: config.json: the file is missing" in err


class Listener(socket.socket):
    """A socket that any address can be given, also on a machine without IPv6."""

    def __init__(self, family: int, *how: int) -> None:
        super().__init__(socket.AF_INET, *how)
        self.asked = family

    def bind(self, address: tuple[str, int]) -> None:
        super().bind(("127.0.0.1", 0))
        self.bound = address

    def getsockname(self) -> tuple[str, int, int, int]:
        return (*self.bound, 0, 0)  # of IPv6


def test_an_ipv6_address_stands_in_brackets(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[Listener] = []
    monkeypatch.setattr("gatescope.cli.serve.socket", Listener)
    monkeypatch.setattr("gatescope.server.logs.configure_logging", lambda *_: None)  # logs go on to where they went
    monkeypatch.setattr("uvicorn.Server.run", lambda _server, sockets: served.extend(sockets))
    done = CliRunner().invoke(app, ["serve", "--host", "fe80::1", "--port", "8001", "--models", str(models)])
    assert done.exit_code == 0
    assert done.stdout == (
        "Gatescope is at http://[fe80::1]:8001/ (Ctrl-C stops it)\n"
        "It answers to localhost, 127.0.0.0/8, [::1], testserver, fe80::1; GATESCOPE_ALLOWED_HOSTS adds names\n"
    )
    [listener] = served
    assert (listener.asked, listener.bound) == (socket.AF_INET6, ("fe80::1", 8001))


def test_a_machine_without_ipv6_says_so(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:
        raise OSError(errno.EAFNOSUPPORT, os.strerror(errno.EAFNOSUPPORT))

    monkeypatch.setattr("gatescope.cli.serve.socket", refuse)
    done = CliRunner().invoke(app, ["serve", "--host", "::1", "--port", "8001", "--models", str(models)])
    message = "gatescope: cannot listen on port 8001 of ::1: Address family not supported by protocol\n"
    assert (done.exit_code, done.stderr) == (1, message)


@pytest.mark.slow("waits for the grace of a server that is stopped", seconds=14)
def test_ctrl_c_does_not_wait_for_a_client_that_does_not_read(models: Path) -> None:
    with serving("--models", str(models)) as (process, line), socket.socket() as client:
        [port] = re.findall(r":(\d+)/", line)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", int(port)))
        body = b'{"text": "' + b"a " * 5000 + b'"}'  # several megabytes of answer, more than the sockets hold
        client.sendall(
            b"POST /api/v1/models/both-ways/traces HTTP/1.1\r\nHost: localhost\r\nAccept: application/jsonl\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        assert client.recv(12) == b"HTTP/1.1 200"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


@pytest.mark.slow("waits for the grace of a server that is stopped", seconds=14)
def test_an_answer_that_is_not_ready_when_the_server_stops_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATESCOPE_MAX_HELD", "1000000000")
    network = random_network(cell="lstm", vocabulary_size=4, hidden_size=256, embedding_size=8, outputs=1)
    about = {"title": "L", "task": "t", "description": "d", "outputs": ["yes"], "licence": "MIT"}
    save_model(tmp_path / "large", network, LETTERS, about)
    with serving("--models", str(tmp_path)) as (process, line):
        [port] = re.findall(r":(\d+)/", line)
        body = json.dumps({"text": "ab" * 100, "parts": ["words", "states"]}).encode()
        head = "POST /api/v1/models/large/memory HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json"
        with socket.create_connection(("127.0.0.1", int(port))) as connection:
            connection.sendall(f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            time.sleep(2)  # until it is computed
            asked = time.monotonic()
            process.send_signal(signal.SIGTERM)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert process.wait(60) in (0, -signal.SIGTERM)
        assert time.monotonic() - asked < 30  # generous: the deadline is 5
        assert process.stderr
        err = process.stderr.read()
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["type"] == "stopping"
    assert "Traceback" not in err


def test_small_answers_are_not_held_back() -> None:
    """asyncio sets TCP_NODELAY by the protocol; without it an answer on a kept connection waits for some 40 ms."""
    with listen("127.0.0.1", 0) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_taken_port_is_an_error_in_one_line(models: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = CliRunner().invoke(app, ["serve", "--port", str(port), "--models", str(models)])
    assert (done.exit_code, done.stderr) == (
        1,
        f"gatescope: port {port} of 127.0.0.1 is taken: choose another with --port\n",
    )


@pytest.mark.parametrize(
    ("host", "reason"),
    [("203.0.113.7", "Cannot assign requested address"), ("ü" * 70, "that is not a host name")],
    ids=["of another machine", "no name"],
)
def test_an_address_that_cannot_be_listened_on_is_an_error_in_one_line(models: Path, host: str, reason: str) -> None:
    done = CliRunner().invoke(app, ["serve", "--host", host, "--port", "0", "--models", str(models)])
    assert (done.exit_code, done.stderr) == (1, f"gatescope: cannot listen on port 0 of {host}: {reason}\n")


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        (
            ["--port", "70000"],
            {},
            "gatescope: the setting port (GATESCOPE_PORT): Input should be less than or equal to 6",
        ),
        ([], {"GATESCOPE_PORT": "x"}, "(GATESCOPE_PORT): Input should be a valid integer, unable to parse string"),
        (
            [],
            {"GATESCOPE_LOG_LEVEL": "loud"},
            "(GATESCOPE_LOG_LEVEL): Input should be 'debug', 'info', 'warning' or 'error'",
        ),
    ],
)
@pytest.mark.slow("starts the command in a process of its own", seconds=9)
def test_bad_setting(arguments: list[str], environment: dict[str, str], message: str) -> None:
    done = subprocess.run(
        [*SERVE, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
