"""A server that imports, whose child process does what the uploaded file says."""

import json
import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from gatescope.importers import process
from httpx2 import Response
from serving import FAKE_CHILD, client
from starlette.testclient import TestClient

ORIGIN = "http://127.0.0.1"
Upload = Callable[..., Response]


@pytest.fixture(autouse=True)
def _fake_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "COMMAND", FAKE_CHILD)


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    """The folder of imported models, which is not there yet."""
    return tmp_path / "imported"


def local(models: Path, imported: Path, **settings: Any) -> TestClient:
    """A client on the same machine as the server, like a browser there that shows its page."""
    with_page = client(models, imported=imported, **settings)
    return TestClient(
        with_page.app,
        base_url=ORIGIN,
        client=("127.0.0.1", 50_000),
        headers={"Origin": ORIGIN},
        raise_server_exceptions=False,
    )


@pytest.fixture
def own(models: Path, imported: Path) -> Iterator[TestClient]:
    with local(models, imported) as opened:
        yield opened


def uploaded(to: TestClient, what: dict[str, Any], name: str = "mine", accept: str = "*/*", **query: Any) -> Response:
    """Upload a file that tells the child what to do."""
    files = [("file", ("weights.pt", json.dumps(what).encode()))]
    return to.post("/api/v1/imports", params={"name": name, **query}, files=files, headers={"Accept": accept})


def answered(to: TestClient, kept: str, name: str = "mine", **query: Any) -> Response:
    """Answer the question about an upload that the server keeps."""
    return to.post("/api/v1/imports", params={"name": name, **query}, headers={"Kept-Upload": kept})


def left(imported: Path) -> list[str]:
    """Everything in the folder of imported models, except its lock; a server may be removing some of it meanwhile."""
    inside = (Path(folder, each) for folder, *names in os.walk(imported) for each in chain(*names))
    return sorted(str(each.relative_to(imported)) for each in inside if each.name not in {".imports", "lock"})
