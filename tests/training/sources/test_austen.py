"""Jane Austen's novels: what R serialised is read, and Debian's clients are asked for it."""

import io
import re
import struct
import tarfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from gatescope.training.sources import austen
from gatescope.training.sources.austen import fetch, novels, strings
from gatescope.training.sources.download import DataError, MissingClientError

Clients = Callable[[str, str], None]


def serialised(lines: Sequence[str], version: int = 3, kind: int = 16) -> bytes:
    """What R makes of a character vector."""
    encoding = struct.pack(">I", 5) + b"UTF-8" if version == 3 else b""
    strings = b"".join(struct.pack(">II", 0x40009, len(line.encode())) + line.encode() for line in lines)
    return (
        b"X\n"
        + struct.pack(">III", version, 0x40201, 0x20300)
        + encoding
        + struct.pack(">II", kind, len(lines))
        + strings
    )


def database(*objects: bytes) -> bytes:
    """What R keeps of objects that it loads lazily."""
    return b"".join(struct.pack(">I", len(each)) + zlib.compress(each) for each in objects)


@pytest.mark.parametrize("version", [2, 3])
def test_the_lines_that_r_serialised_are_read(version: int) -> None:
    lines = ["EMMA", "", "£2 and a café"]
    assert strings(serialised(lines, version)) == lines


def test_the_novels_are_read_one_after_the_other() -> None:
    assert list(novels(database(serialised(["a", "b"]), serialised(["c"])))) == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\0\0\0\1no", "the database of r-cran-janeaustenr cannot be unpacked (Error -3"),
        (database(serialised(["a"]))[:-9], "the database of r-cran-janeaustenr cannot be read ("),
        (database(b"X"), "the database of r-cran-janeaustenr cannot be read ("),
        (database(serialised(["abc"])[:-1]), "the database of r-cran-janeaustenr cannot be read ("),
        (
            database(serialised(["a"], kind=13)),
            "the database of r-cran-janeaustenr holds something other than lines of text: "
            "name a file of the text with --file",
        ),
    ],
)
def test_another_database_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=f"^{re.escape(message)}"):
        list(novels(data))


@pytest.fixture
def clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clients:
    """Puts shell scripts in the place of apt-get and dpkg-deb; each notes that it was called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\necho {name} $1 >> {tmp_path}/calls\n{script}\n")
        (folder / name).chmod(0o755)

    return put


def package(path: Path, data: bytes, name: str = austen.DATABASE) -> str:
    """A script that writes what dpkg-deb does of a package that holds ``data``."""
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return f"exec /bin/cat {path}"


APT = "echo > r-cran-janeaustenr_1.0.0-1_all.deb"


def test_the_novels_come_out_of_debians_package(clients: Clients, tmp_path: Path) -> None:
    clients("apt-get", APT)
    clients("dpkg-deb", package(tmp_path / "tar", database(serialised(["Emma", ""]), serialised(["£2"]))))
    cache = tmp_path / "new" / "cache"
    fetch(cache / "austen.txt")
    assert (cache / "austen.txt").read_text(encoding="utf-8") == "Emma\n\n\n\n£2"
    assert (tmp_path / "calls").read_text() == "apt-get download\ndpkg-deb --fsys-tarfile\n"
    assert [path.name for path in cache.iterdir()] == ["austen.txt"]


@pytest.mark.parametrize(
    ("apt", "dpkg", "message"),
    [
        (
            "printf 'E: Unable to locate package\\nmore\\n' >&2; exit 100",
            "",
            "apt-get failed on r-cran-janeaustenr (is there a network, and are the lists of `apt-get update` there?); "
            "it said: E: Unable to locate package. Or name a file of the text with --file",
        ),
        ("exit 1", "", "it said: nothing. Or name a file"),
        ("", "", "apt-get wrote no archive of r-cran-janeaustenr: name a file of the text with --file"),
        (APT, "echo 'no archive' >&2; exit 2", "dpkg-deb failed on r-cran-janeaustenr"),
        (APT, "echo text", "r-cran-janeaustenr_1.0.0-1_all.deb holds no ./usr/lib/R/"),
        (APT, "another", "r-cran-janeaustenr_1.0.0-1_all.deb holds no ./usr/lib/R/"),
    ],
)
def test_a_package_that_cannot_be_had_says_why_and_leaves_nothing(
    apt: str, dpkg: str, message: str, clients: Clients, tmp_path: Path
) -> None:
    clients("apt-get", apt)
    clients("dpkg-deb", package(tmp_path / "tar", b"", "./usr/other") if dpkg == "another" else dpkg)
    with pytest.raises(DataError, match=re.escape(message)):
        fetch(tmp_path / "cache" / "austen.txt")
    assert list((tmp_path / "cache").iterdir()) == []


def test_where_debians_clients_are_missing_the_option_for_a_file_is_named(clients: Clients, tmp_path: Path) -> None:
    message = (
        "{} is not installed, which extracts the text from r-cran-janeaustenr: name a file of the text with --file"
    )
    with pytest.raises(MissingClientError, match=f"^{re.escape(message.format('apt-get'))}$"):
        fetch(tmp_path / "cache" / "austen.txt")
    clients("apt-get", APT)
    with pytest.raises(MissingClientError, match=f"^{re.escape(message.format('dpkg-deb'))}$"):
        fetch(tmp_path / "cache" / "austen.txt")


def test_a_client_that_hangs_is_stopped(clients: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(austen, "TIMEOUT", 0.1)
    clients("apt-get", "exec /bin/sleep 60")
    with pytest.raises(DataError, match=r"^apt-get took more than 0\.1 seconds for r-cran-janeaustenr: name a file"):
        fetch(tmp_path / "austen.txt")


def test_a_cache_that_is_no_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(DataError, match=f"^the data folder {re.escape(str(path))} cannot be used: File exists$"):
        fetch(path / "austen.txt")
