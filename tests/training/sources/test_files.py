"""A file that somebody gives: read as text, or refused in one line that says where it went wrong."""

import os
from pathlib import Path

import pytest
from gatescope.training.sources import files
from gatescope.training.sources.download import DataError
from gatescope.training.sources.files import read


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"one\ntwo\n", "one\ntwo\n"),
        ("\ufeffgrün".encode(), "grün"),
        (b"one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("𝄞 and ✓".encode(), "𝄞 and ✓"),
    ],
    ids=["as it is", "with a mark", "other line ends", "other planes"],
)
def test_text_is_read(tmp_path: Path, data: bytes, text: str) -> None:
    source = read(written(tmp_path / "my.txt", data))
    assert (source.text, source.size) == (text, len(data))
    assert len(source.sha256) == 64


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \n\t\n", "holds only blanks"),
        (b"\x7fELF\x02\x01\x00\x03", "is binary, not text: byte 6 is 0x00"),
        (
            "größer".encode("latin-1"),
            "is not in UTF-8: byte 2, in line 1, is 0xf6; if it is in Latin-1, convert it with ",
        ),
        (b"\xef\xbb\xbfone\ntwo\xff", "is not in UTF-8: byte 10, in line 2, is 0xff; if it is in Latin-1"),
        ("text".encode("utf-16"), "is in UTF-16: convert it to UTF-8, for example with iconv -f UTF-16 -t UTF-8"),
        (b"cut off: \xe2\x82", "is not in UTF-8: byte 9, in line 1, is 0xe2"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    path = written(tmp_path / "my.txt", data)
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path} {said}")
    assert "\n" not in str(caught.value)


def test_what_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"nothing\.txt does not exist$"):
        read(tmp_path / "nothing.txt")
    with pytest.raises(DataError, match=r" is not a file: name a text file$"):
        read(tmp_path)
    with pytest.raises(DataError, match=r"below cannot be read: Not a directory$"):
        read(written(tmp_path / "a", b"x") / "below")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match=r"pipe is not a file"):  # and not waited for
        read(tmp_path / "pipe")
    monkeypatch.setattr(files, "LARGEST", 1_000)
    with pytest.raises(DataError, match=r"has 1,001 bytes: it may have at most 1,000$"):
        read(written(tmp_path / "large.txt", b"x" * 1_001))


def test_files_of_some_hundred_megabytes_are_read() -> None:
    assert files.LARGEST == 200_000_000
