"""The end of an import before its time: by its limits, its client, or the server."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from gatescope.importers import child, process
from gatescope.store.importing import BusyError, workspace
from serving import FAKE_CHILD, free_port, in_a_loop, is_running, killed_at_last, wait_until
from serving import running as serving_app
from starlette.testclient import TestClient

from .conftest import left, local, uploaded


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("behaviour", ["wait", "spin"])
def test_an_import_that_takes_too_long_is_ended(
    own: TestClient, imported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, behaviour: str
) -> None:
    start, children = asyncio.create_subprocess_exec, []

    async def noting(*command: Any, **options: Any) -> Any:
        children.append(started := await start(*command, **options))
        return started

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noting)
    monkeypatch.setattr(child, "SECONDS", 0.3)
    done = uploaded(own, {"do": behaviour, "into": str(tmp_path / "noted")})
    assert done.json()["detail"].startswith(
        "The import takes more than the 0 seconds that a file of this size may take here."
    )
    assert [is_alive(each.pid) for each in children] == [False]
    assert left(imported) == []


def sent(address: str, head: str, body: bytes) -> socket.socket:
    """A connection on which an upload was begun."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    connection = socket.create_connection((host, int(port)))
    lines = ["POST /api/v1/imports?name=mine HTTP/1.1", f"Host: {host}:{port}", f"Origin: {address}", head, "", ""]
    connection.sendall("\r\n".join(lines).encode() + body)
    return connection


def form(what: dict[str, Any]) -> bytes:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="weights.pt"\r\n\r\n'
    return head + json.dumps(what).encode() + b"\r\n--x--\r\n"


def test_a_client_that_goes_ends_its_import_at_every_stage(models: Path, imported: Path, tmp_path: Path) -> None:
    """While the body comes, while the child works with one form of answer or the other; and the server serves on."""
    noted = tmp_path / "noted"
    whole = form({"do": "wait", "into": str(noted)})
    own = local(models, imported)
    multipart = "Content-Type: multipart/form-data; boundary=x\r\n"
    with serving_app(own.app) as address:  # type: ignore[arg-type]
        for head, body in (
            (f"{multipart}Content-Length: 400000000", whole[:90]),
            (f"{multipart}Content-Length: {len(whole)}", whole),
            (f"{multipart}Accept: application/jsonl\r\nContent-Length: {len(whole)}", whole),
        ):
            noted.unlink(missing_ok=True)
            connection = sent(address, head, body)
            wait_until(
                (lambda: noted.exists() and noted.read_text() != "") if body is whole else lambda: left(imported) != []
            )
            assert left(imported) != []
            assert own.get("/api/v1/models").status_code == 200
            connection.close()
            wait_until(lambda: left(imported) == [])
            assert left(imported) == []
            if body is whole:
                assert not is_alive(json.loads(noted.read_text())["pid"])
            wait_until(lambda: uploaded(own, {"do": "refuse", "why": "no"}).status_code == 422)
            assert uploaded(own, {"do": "refuse", "why": "no"}).status_code == 422  # the next one may begin


def test_a_server_that_stops_ends_the_import(models: Path, imported: Path, tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    whole = form({"do": "wait", "into": str(noted)})
    own = local(models, imported)
    head = f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(whole)}"
    with serving_app(own.app, timeout_graceful_shutdown=0.1) as address:  # type: ignore[arg-type]
        connection = sent(address, head, whole)
        wait_until(lambda: noted.exists() and noted.read_text() != "")
    assert connection.recv(1_000).startswith(b"HTTP/1.1 503 ")
    connection.close()
    assert not is_alive(json.loads(noted.read_text())["pid"])
    assert left(imported) == []


def test_a_child_ends_with_its_server_and_lets_no_other_import_begin_before(tmp_path: Path) -> None:
    async def run() -> None:
        noted, what, folder = tmp_path / "noted", tmp_path / "what", tmp_path / "imported"
        what.write_text(json.dumps({"do": "spin", "into": str(noted)}))
        job = {"path": str(what), "into": str(tmp_path), "name": "mine", "answers": {}, "limits": [20, 10**9]}
        with workspace(folder) as (_, lock):
            child = await asyncio.create_subprocess_exec(*process.COMMAND, stdin=-1, stdout=-1, pass_fds=[lock])
            assert child.stdin
            child.stdin.write(json.dumps(job).encode() + b"\n")
            while not noted.exists():
                await asyncio.sleep(0.01)
        with pytest.raises(BusyError), workspace(folder):
            pass
        child.stdin.close()  # as the system does when a process is killed
        assert await asyncio.wait_for(child.wait(), 30) == 1
        with workspace(folder):
            pass

    in_a_loop(run())


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("print('hello')", "its answer cannot be read"),
        ("print([])", "its answer cannot be read"),
        ("print('x' * 2_000_000)", "its answer cannot be read"),
        ("pass", "exit status 0"),
        ("raise SystemExit(3)", "exit status 3"),
    ],
)
def test_a_process_that_says_nothing_of_sense_has_failed(
    own: TestClient, imported: Path, monkeypatch: pytest.MonkeyPatch, says: str, why: str
) -> None:
    monkeypatch.setattr(process, "COMMAND", [sys.executable, "-S", "-E", "-c", says])
    assert (
        uploaded(own, {}).json()["detail"].startswith(f"The import ended unexpectedly ({why}), and nothing was kept.")
    )
    assert left(imported) == []


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


SERVER = """
import sys
import uvicorn
from gatescope.importers import process
from gatescope.main import create_app
from gatescope.settings import Settings
process.COMMAND = sys.argv[4:]
app = create_app(Settings(models=sys.argv[1], imported=sys.argv[2], default_model="lstm"))
uvicorn.run(app, port=int(sys.argv[3]), log_level="error")
"""


@pytest.mark.slow("starts a server in a process of its own", seconds=6)
def test_a_server_that_is_killed_takes_its_import_along_and_the_next_one_cleans_up(
    models: Path, imported: Path, tmp_path: Path
) -> None:
    noted = tmp_path / "noted"
    whole = form({"do": "wait", "into": str(noted)})
    head = f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(whole)}"
    command = [sys.executable, "-c", SERVER, str(models), str(imported)]
    with free_port() as port, killed_at_last(subprocess.Popen([*command, str(port), *FAKE_CHILD])) as server:
        wait_until(lambda: listens(port))
        with sent(f"http://127.0.0.1:{port}", head, whole):
            wait_until(lambda: noted.exists() and noted.read_text() != "")
            server.kill()
            server.wait()
    child_process = json.loads(noted.read_text())["pid"]
    wait_until(lambda: not is_running(child_process))
    assert not is_running(child_process)
    assert any(each.endswith("weights.pt") for each in left(imported))
    local(models, imported)
    assert left(imported) == []
