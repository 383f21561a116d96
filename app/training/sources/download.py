"""Packages from the public registries, fetched by the registries' own clients and checked against their SHA-256.

Clients, not URLs: on many machines only they know the way to a registry, its mirror or its proxy.
"""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

TIMEOUT = 600  # seconds that a client may take, for a few megabytes
REASON = re.compile(r"^(?:ERROR:|npm error(?! code| syscall| errno)) *(?=\S)(.+)$", re.MULTILINE)


class DataError(Exception):
    """Training data that cannot be obtained or cannot be used; the message says what to do."""


class MissingClientError(DataError):
    """The client of a registry is not installed on this machine."""


@dataclass(frozen=True)
class Package:
    """One archive of a registry, pinned by its checksum."""

    client: Literal["pip", "npm"]
    name: str
    version: str
    file: str  # name of the archive that the client writes
    sha256: str
    holds: str  # what it is used for, and where that comes from
    licence: str

    @property
    def requirement(self) -> str:
        """Return the package and its version, as its client writes them."""
        return f"{self.name}{'==' if self.client == 'pip' else '@'}{self.version}"


def obtain(package: Package, cache: Path) -> bytes:
    """Return the archive of ``package``: from the folder ``cache``, or from its registry, which fills the cache.

    Raises MissingClientError if the client is needed and missing, and DataError if the download fails, if the archive
    has another checksum, or if the cache cannot be used. The cache never holds an archive that was not checked.
    """
    cached = cache / package.file
    try:
        if cached.exists():
            data = cached.read_bytes()
            if hashlib.sha256(data).hexdigest() != package.sha256:
                raise DataError(f"{cached} is damaged: its SHA-256 is not {package.sha256}. Delete it and try again")
            return data
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=cache) as folder:
            data = _download(package, Path(folder))
            (Path(folder) / package.file).replace(cached)
    except OSError as error:
        raise DataError(f"the data folder {cache} cannot be used: {error.strerror or error}") from None
    return data


def _download(package: Package, folder: Path) -> bytes:
    command = _command(package, folder)
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace", timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired:
        raise DataError(f"{package.client} took more than {TIMEOUT} seconds to fetch {package.requirement}") from None
    path = folder / package.file
    if done.returncode != 0 or not path.exists():
        raise DataError(
            f"{package.client} could not fetch {package.requirement} (is there a network?); "
            f"it said: {_reason(done.stderr)}"
        )
    data = path.read_bytes()
    checksum = hashlib.sha256(data).hexdigest()
    if checksum != package.sha256:
        raise DataError(
            f"{package.client} fetched a {package.requirement} with SHA-256 {checksum}, not {package.sha256}"
        )
    return data


def _command(package: Package, folder: Path) -> list[str]:
    if package.client == "pip":
        # pip runs the setup.py of a source archive: with the hash in a requirements file it checks the archive first.
        requirements = folder / "requirements.txt"
        requirements.write_text(f"{package.requirement} --hash=sha256:{package.sha256}\n")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input"]
        return [*pip, "download", "--no-deps", "--no-binary", ":all:", "-r", str(requirements)]
    npm = shutil.which("npm")
    if npm is None:
        raise MissingClientError(f"npm is not installed, which fetches {package.requirement}")
    return [npm, "pack", package.requirement]


def _reason(stderr: str) -> str:
    """Return the line in which pip or npm says what was wrong: their first lines are codes, their last ones advice."""
    match = REASON.search(stderr)
    lines = stderr.strip().splitlines()
    return match[1].strip() if match else lines[-1].strip() if lines else "nothing"
