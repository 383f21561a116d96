"""Reading the files of a model's folder."""

from pathlib import Path

import pytest
from gatescope.store.files import BrokenModelError, parse, read


def test_bytes_and_json_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('["x"]')
    assert read(tmp_path, "a.json") == b'["x"]'
    assert parse(tmp_path, "a.json", list[str]) == ["x"]


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(BrokenModelError, match=r"^a\.json: the file is missing$"):
        read(tmp_path, "a.json")
    (tmp_path / "a.json").mkdir()
    with pytest.raises(BrokenModelError, match=r"^a\.json: cannot be read: Is a directory$"):
        read(tmp_path, "a.json")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('["x", 1]', r"1: Input should be a valid string"),
        ("{", "Invalid JSON: "),
        ("1", "Input should be a valid array"),
    ],
)
def test_json_of_another_kind_is_refused_with_the_place(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(BrokenModelError, match=rf"^a\.json: {reason}"):
        parse(tmp_path, "a.json", list[str])
