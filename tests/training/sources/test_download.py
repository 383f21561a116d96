"""Packages from the registries: fetched, checked, cached, and every way in which that fails."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from archives import sha256
from gatescope.training.sources import download
from gatescope.training.sources.download import DataError, MissingClientError, Package, obtain

DATA = b"an archive"
PIP = Package("pip", "words", "1.0", "words-1.0.tar.gz", sha256(DATA), "words", "MIT")
NPM = Package("npm", "words", "1.0", "words-1.0.tgz", sha256(DATA), "words", "MIT")

Client = Callable[[str], None]


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Puts a shell script in the place of both clients."""

    def put(script: str) -> None:
        (tmp_path / "bin").mkdir()
        path = tmp_path / "bin" / "npm"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))
        monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")

    return put


@pytest.mark.parametrize("package", [PIP, NPM], ids=["pip", "npm"])
def test_a_package_is_fetched_once(package: Package, client: Client, tmp_path: Path) -> None:
    client(f"echo called >> {tmp_path}/calls; printf 'an archive' > {package.file}")
    cache = tmp_path / "new" / "cache"
    assert obtain(package, cache) == obtain(package, cache) == DATA
    assert (tmp_path / "calls").read_text() == "called\n"
    assert [path.name for path in cache.iterdir()] == [package.file]


@pytest.mark.parametrize(
    ("package", "command"),
    [
        (
            PIP,
            "-m pip --disable-pip-version-check --no-input download --no-deps --no-binary :all: -r .*/requirements.txt",
        ),
        (NPM, "pack words@1.0"),
    ],
    ids=["pip", "npm"],
)
def test_the_ordinary_client_is_asked(package: Package, command: str, client: Client, tmp_path: Path) -> None:
    client(
        f"echo $@ > {tmp_path}/calls; cat requirements.txt >> {tmp_path}/calls; printf 'an archive' > {package.file}"
    )
    obtain(package, tmp_path / "cache")
    asked, *requirements = (tmp_path / "calls").read_text().splitlines()
    assert re.fullmatch(command, asked)
    assert requirements == ([f"words==1.0 --hash=sha256:{PIP.sha256}"] if package is PIP else [])


@pytest.mark.parametrize(
    ("package", "script", "message"),
    [
        (
            PIP,
            "printf 'WARNING: slow\\nERROR: No such words\\n' >&2; exit 1",
            "pip could not fetch words==1.0 (is there a network?); it said: No such words",
        ),
        (PIP, "echo 'sh: No module named pip' >&2; exit 1", "it said: sh: No module named pip"),
        (PIP, "exit 1", "it said: nothing"),
        (PIP, "exit 0", "pip could not fetch words==1.0"),
        (
            NPM,
            "printf 'npm error code E\\nnpm error request failed\\nnpm error A log\\n' >&2; exit 1",
            "npm could not fetch words@1.0 (is there a network?); it said: request failed",
        ),
        (
            NPM,
            "printf 'another archive' > words-1.0.tgz",
            f"npm fetched a words@1.0 with SHA-256 {sha256(b'another archive')}, not {NPM.sha256}",
        ),
    ],
)
def test_a_download_that_fails_says_why_and_leaves_nothing(
    package: Package, script: str, message: str, client: Client, tmp_path: Path
) -> None:
    client(script)
    with pytest.raises(DataError, match=re.escape(message)):
        obtain(package, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_client_that_hangs_is_stopped(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TIMEOUT", 0.1)
    client("exec sleep 60")
    with pytest.raises(DataError, match=r"^npm took more than 0\.1 seconds to fetch words@1\.0$"):
        obtain(NPM, tmp_path)


def test_without_npm_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingClientError, match=r"^npm is not installed, which fetches words@1\.0$"):
        obtain(NPM, tmp_path)


def test_a_damaged_cache_is_not_used(tmp_path: Path) -> None:
    path = tmp_path / PIP.file
    path.write_bytes(b"half an")
    message = f"{path} is damaged: its SHA-256 is not {PIP.sha256}. Delete it and try again"
    with pytest.raises(DataError, match=f"^{re.escape(message)}$"):
        obtain(PIP, tmp_path)


def test_a_cache_that_is_no_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(DataError, match=f"^the data folder {re.escape(str(path))} cannot be used: File exists$"):
        obtain(PIP, path)
