"""The task "prose": the novels out of Debian's package or a file, and what is known of every character of them."""

import hashlib
import io
import re
import struct
import tarfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from gatescope.recurrent.trace import FloatArray
from gatescope.training.sources.download import DataError, MissingClientError
from gatescope.training.tasks import prose
from gatescope.training.tasks.prose import Prose, inside_quotation, novels, split, strings, word_position

SLICE = Path(__file__).parents[2] / "data" / "prose.txt"
TEXT = SLICE.read_text(encoding="utf-8") * 8

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


def digits(values: FloatArray) -> str:
    """Whole numbers below ten, to be read below the text."""
    return "".join(f"{value:.0f}" for value in values)


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ('a "b c" d', "001111000"),
        ('"a," b "c"', "1110000110"),
        ('"a\n"b', "11100"),
        ('"a\n\nb "c"', "111000110"),
        ("“a” b", "11000"),
        ("it's 'so'", "000000000"),
        ("", ""),
    ],
)
def test_a_quotation_lasts_up_to_its_closing_mark_or_an_empty_line(text: str, inside: str) -> None:
    assert digits(inside_quotation(text)) == inside


def test_the_word_position_counts_the_letters_of_the_word_so_far() -> None:
    assert digits(word_position("to don't é--me_2x")) == "12012301010012001"


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
            "the database of r-cran-janeaustenr holds something else than lines of text: "
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


def package(path: Path, data: bytes, name: str = prose.DATABASE) -> str:
    """A script that writes what dpkg-deb does of a package that holds ``data``."""
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(data)
        tar.addfile(member, io.BytesIO(data))
    return f"exec /bin/cat {path}"


APT = "echo > r-cran-janeaustenr_1.0.0-1_all.deb"


def test_the_text_comes_from_debians_package_once(
    clients: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = TEXT.split("\n")
    text = "\n".join(half) + "\n\n\n" + "\n".join(half)
    monkeypatch.setattr(prose, "SHA256", hashlib.sha256(text.encode()).hexdigest())
    clients("apt-get", APT)
    clients("dpkg-deb", package(tmp_path / "tar", database(serialised(half), serialised(half))))
    cache = tmp_path / "new" / "cache"
    first, second = (prose.load(cache, pytest.fail) for _ in range(2))
    assert isinstance(first, Prose)
    assert "".join(first.parts.values()) == text
    assert first.data == second.data == hashlib.sha256(text.encode()).hexdigest()
    assert (tmp_path / "calls").read_text() == "apt-get download\ndpkg-deb --fsys-tarfile\n"
    assert [path.name for path in cache.iterdir()] == ["austen.txt"]
    assert first.facts()["data"] == [
        {
            "name": "six novels of Jane Austen",
            "version": "as in janeaustenr 1.0.0",
            "licence": "public domain",
            "sha256": first.data,
            "size": len(text),
        }
    ]


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
        prose.load(tmp_path / "cache", pytest.fail)
    assert list((tmp_path / "cache").iterdir()) == []


def test_where_debians_clients_are_missing_the_option_for_a_file_is_named(clients: Clients, tmp_path: Path) -> None:
    message = "{} is not installed, which gets the text out of r-cran-janeaustenr: name a file of the text with --file"
    with pytest.raises(MissingClientError, match=f"^{re.escape(message.format('apt-get'))}$"):
        prose.load(tmp_path / "cache", pytest.fail)
    clients("apt-get", APT)
    with pytest.raises(MissingClientError, match=f"^{re.escape(message.format('dpkg-deb'))}$"):
        prose.load(tmp_path / "cache", pytest.fail)


def test_a_client_that_hangs_is_stopped(clients: Clients, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prose, "TIMEOUT", 0.1)
    clients("apt-get", "exec /bin/sleep 60")
    with pytest.raises(DataError, match=r"^apt-get took more than 0\.1 seconds for r-cran-janeaustenr: name a file"):
        prose.load(tmp_path, pytest.fail)


def test_a_cache_that_is_no_folder_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(DataError, match=f"^the data folder {re.escape(str(path))} cannot be used: File exists$"):
        prose.load(path, pytest.fail)


def test_another_text_is_used_with_a_word_of_both_sums(tmp_path: Path) -> None:
    path = tmp_path / "novel.txt"
    path.write_text(TEXT, newline="\r\n")
    found, said = hashlib.sha256(path.read_bytes()).hexdigest(), list[str]()
    lesson = prose.load(tmp_path, said.append, path)
    assert said == [
        f"{path} is another text than that of the reference figures: its SHA-256 is {found}, not {prose.SHA256}"
    ]
    assert isinstance(lesson, Prose)
    assert "".join(lesson.parts.values()) == TEXT
    assert lesson.facts()["data"][0]["name"] == "novel.txt"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "{} cannot be read: No such file or directory"),
        (b"caf\xe9 au lait", "{} is not UTF-8: byte 3 cannot be read. Save it as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(data: bytes | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "novel.txt"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DataError, match=f"^{re.escape(message.format(path))}$"):
        prose.load(tmp_path, pytest.fail, path)


def test_a_file_that_is_too_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "novel.txt"
    path.write_text("It is a truth.\n" * 3_000)
    with pytest.raises(DataError, match=r"^the validation part of the text is 1,125 characters long: it must be at "):
        prose.load(tmp_path, lambda _: None, path)


def test_the_parts_are_whole_paragraphs_at_the_end() -> None:
    parts = split(TEXT)
    assert list(parts) == ["train", "validation", "test"]
    assert "".join(parts.values()) == TEXT
    assert parts["train"].endswith("\n\n")
    assert parts["validation"].endswith("\n\n")
    assert len(parts["test"]) == pytest.approx(0.05 * len(TEXT), abs=2_000)
    assert len(parts["validation"]) == pytest.approx(0.025 * len(TEXT), abs=2_000)


def test_a_text_without_paragraphs_is_cut_all_the_same() -> None:
    assert {part: len(text) for part, text in split("a" * 1_000).items()} == {
        "train": 925, "validation": 25, "test": 50,
    }  # fmt: skip


def test_a_text_that_begins_at_a_start_has_the_features_that_it_has_within_the_whole(tmp_path: Path) -> None:
    lesson = Prose(dict.fromkeys(("train", "validation", "test"), TEXT), "", [])
    text = SLICE.read_text(encoding="utf-8")
    whole = {feature.name: feature.values for feature in lesson.features(text)}
    starts = lesson.starts(text)
    assert len(starts) > 20
    assert 0.2 < whole["inside quotation"].mean() < 0.8
    for start in starts:
        for feature in lesson.features(text[start:]):
            np.testing.assert_array_equal(feature.values, whole[feature.name][start:], err_msg=feature.name)


def test_the_lesson_names_its_task_and_every_output() -> None:
    lesson = Prose(dict.fromkeys(("train", "validation", "test"), TEXT), "", [])
    assert lesson.about["task"] == "prose"
    assert lesson.about["outputs"] == list(lesson.tokenizer.vocabulary)
    assert lesson.about["predicts_next"] is True
    assert {"description", "examples", "licence"} <= lesson.about.keys()
    assert {lesson.recipe(cell).dropout for cell in ("lstm", "gru", "rnn")} == {0}
