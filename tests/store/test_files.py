"""Reading the files of a model's folder, which may hold anything."""

import os
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from gatescope.store.files import (
    CARD,
    CONFIG,
    LIMITS,
    LONGEST_REASON,
    VOCABULARY,
    BrokenModelError,
    parse,
    printable,
    read,
)

SECRET = "not to be seen"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder; next to it a file that nobody may see through it."""
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "model").mkdir()
    return tmp_path / "model"


def test_bytes_and_json_are_read(folder: Path) -> None:
    (folder / VOCABULARY).write_text('["x"]')
    assert read(folder, VOCABULARY) == b'["x"]'
    assert parse(folder, VOCABULARY, list[str]) == ["x"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('["x", 1]', r"1: Input should be a valid string"),
        ("{", "Invalid JSON: "),
        ("1", "Input should be a valid array"),
    ],
)
def test_json_of_another_kind_is_refused_with_the_place(folder: Path, text: str, reason: str) -> None:
    (folder / VOCABULARY).write_text(text)
    with pytest.raises(BrokenModelError, match=rf"^vocab\.json: {reason}"):
        parse(folder, VOCABULARY, list[str])


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(100_000_000_000)


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(os.path.relpath(path))


def in_a_loop(path: Path) -> None:
    path.with_name("other").symlink_to(path.name)
    path.symlink_to("other")


def through_a_linked_folder(path: Path) -> None:
    path.with_name("up").symlink_to("..")
    path.symlink_to("up/secret")


LEAVES = "is a link that leaves the folder: put the file itself in its place"
REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda path: None, "the file is missing"),
    "a folder": (Path.mkdir, "is a folder: it must be a regular file"),
    "a pipe": (os.mkfifo, "is a pipe: it must be a regular file"),
    "a socket": (listening, "is a socket: it must be a regular file"),
    "a sparse file": (sparse, "is larger than {:,} bytes: files of that name are read up to there"),
    "a link to a device": (lambda path: path.symlink_to("/dev/zero"), LEAVES),
    "a link out": (lambda path: path.symlink_to(path.parent.parent / "secret"), LEAVES),
    "a relative link out": (lambda path: path.symlink_to("../secret"), LEAVES),
    "a link through a folder": (through_a_linked_folder, LEAVES),
    "a link to its folder": (lambda path: path.symlink_to("."), "is a folder: it must be a regular file"),
    "a link to nothing": (lambda path: path.symlink_to("gone"), "is a link to nothing"),
    "a loop of links": (in_a_loop, "cannot be read: Too many levels of symbolic links"),
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_a_small_file_in_the_folder_is_not_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, case: str
) -> None:
    make, reason = REFUSED[case]
    monkeypatch.chdir(folder.parent)  # the path of a socket may not be long
    make(folder / name)
    with pytest.raises(BrokenModelError, match=f"^{re.escape(f'{name}: {reason}'.format(LIMITS[name]))}$"):
        read(folder, name)


def test_a_device_is_not_even_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a device")
    os.mknod(folder / CARD, 0o600 | 0o020000, os.makedev(1, 5))
    opened: list[str] = []
    original = os.open
    monkeypatch.setattr(os, "open", lambda path, *args, **more: (opened.append(path), original(path, *args, **more))[1])
    with pytest.raises(BrokenModelError, match=r"^README\.md: is a device: it must be a regular file$"):
        read(folder, CARD)
    assert CARD not in opened


def test_links_within_the_folder_are_followed(folder: Path) -> None:
    """As Kubernetes mounts files, so that it can exchange all of them at once."""
    (folder / "..2026").mkdir()
    (folder / "..2026" / CONFIG).write_text("{}")
    (folder / "..data").symlink_to("..2026")
    (folder / CONFIG).symlink_to(f"..data/{CONFIG}")
    (folder / CARD).symlink_to(folder / CONFIG)
    assert read(folder, CONFIG) == read(folder, CARD) == b"{}"
    folder.with_name("linked").symlink_to(folder)
    assert read(folder.with_name("linked"), CONFIG) == b"{}"


@pytest.mark.parametrize("when", ["resolved", "looked at"])
@pytest.mark.parametrize("what", ["link", "pipe"])
def test_what_is_put_in_its_place_meanwhile_is_not_read_either(
    folder: Path, monkeypatch: pytest.MonkeyPatch, when: str, what: str
) -> None:
    (folder / CARD).write_text("# A card")

    def exchange() -> None:
        (folder / CARD).unlink()
        if what == "link":
            (folder / CARD).symlink_to(folder.parent / "secret")
        else:
            os.mkfifo(folder / CARD)

    def then_exchanged(function: Callable[..., object]) -> Callable[..., object]:
        def call(path: object, *args: object, **more: object) -> object:
            result = function(path, *args, **more)
            if str(path).endswith(CARD) and ("strict" in more or "dir_fd" in more):
                monkeypatch.undo()
                exchange()
            return result

        return call

    if when == "resolved":
        monkeypatch.setattr(os.path, "realpath", then_exchanged(os.path.realpath))
    else:
        monkeypatch.setattr(os, "stat", then_exchanged(os.stat))
    with pytest.raises(BrokenModelError, match=r"^README\.md: (is a (link|pipe): it must|cannot be read: Too many)"):
        read(folder, CARD)


def test_a_file_that_nobody_may_read_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / CARD).write_text("# A card")
    original = os.open

    def refuse(path: str, *args: int, **more: int) -> int:  # root, as whom tests may run, may read everything
        if path == CARD:
            raise PermissionError(13, "Permission denied")
        return original(path, *args, **more)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(BrokenModelError, match=r"^README\.md: cannot be read: Permission denied$"):
        read(folder, CARD)


def test_a_file_that_grows_is_read_up_to_its_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / CARD).write_bytes(bytes(LIMITS[CARD]))
    assert len(read(folder, CARD)) == LIMITS[CARD]
    (folder / CARD).write_bytes(bytes(LIMITS[CARD] + 2))
    original = os.fstat
    monkeypatch.setattr(os, "fstat", lambda at: os.stat_result((*original(at)[:6], 0, *original(at)[7:])))
    with pytest.raises(BrokenModelError, match=r"^README\.md: is larger than 200,000 bytes"):
        read(folder, CARD)


def test_no_descriptor_stays_open(folder: Path) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("only Linux lists them")
    before = len(list(Path("/proc/self/fd").iterdir()))
    os.mkfifo(folder / CARD)
    (folder / CONFIG).write_text("{}")
    for _ in range(20):
        read(folder, CONFIG)
        for name in (CARD, VOCABULARY):
            with pytest.raises(BrokenModelError):
                read(folder, name)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("naïve 👍 \\ [red]", "naïve 👍 \\ [red]"),
        ("a\x1b[31m\n\x7f\x85", r"a\x1b[31m\n\x7f\x85"),
        ("\u202eevil\u2066\u2028", r"\u202eevil\u2066\u2028"),
        (os.fsdecode(b"caf\xe9"), r"caf\xe9"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert str(BrokenModelError(text)) == shown
    shown.encode()


def test_the_documentation_names_every_file_with_its_limit() -> None:
    page = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w.]+)` \| .* \| ([\d,]+) \|$", page, re.MULTILINE)
    assert {name: int(size.replace(",", "")) for name, size in rows} == LIMITS


def test_a_reason_is_bounded() -> None:
    assert str(BrokenModelError("x" * LONGEST_REASON)) == "x" * LONGEST_REASON
    assert str(BrokenModelError("\x00" * 10_000)) == (r"\x00" * 125)[:499] + "…"
