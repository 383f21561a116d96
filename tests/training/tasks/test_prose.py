"""The task "prose": the novels out of Debian's package or a file, and what is known of every character of them."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
from gatescope.recurrent.trace import FloatArray
from gatescope.training import characters
from gatescope.training.sources import austen
from gatescope.training.sources.download import DataError
from gatescope.training.tasks import prose
from gatescope.training.tasks.prose import Prose, inside_quotation, split, word_position

SLICE = Path(__file__).parents[2] / "data" / "prose.txt"
TEXT = SLICE.read_text(encoding="utf-8") * 8


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


def test_the_novels_are_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, calls = TEXT + "\n\n\n" + TEXT, list[Path]()
    monkeypatch.setattr(prose, "SHA256", hashlib.sha256(text.encode()).hexdigest())

    def fetch(path: Path) -> None:
        calls.append(path)
        path.write_text(text, encoding="utf-8", newline="\n")

    monkeypatch.setattr(austen, "fetch", fetch)
    first, second = (prose.load(tmp_path, pytest.fail) for _ in range(2))
    assert calls == [tmp_path / "austen.txt"]
    assert "".join(first.splits.values()) == text
    assert first.data == second.data == hashlib.sha256(text.encode()).hexdigest()
    assert first.facts()["data"] == [
        {
            "name": "six novels of Jane Austen",
            "version": "as in janeaustenr 1.0.0",
            "licence": "public domain",
            "sha256": first.data,
            "size": len(text),
        }
    ]


def test_another_text_is_used_with_a_word_of_both_sums(tmp_path: Path) -> None:
    path = tmp_path / "novel.txt"
    path.write_text(TEXT, newline="\r\n")
    digest, told = hashlib.sha256(path.read_bytes()).hexdigest(), list[str]()
    task = prose.load(tmp_path, told.append, path)
    assert told == [f"{path} is not the text of the reference figures: its SHA-256 is {digest}, not {prose.SHA256}"]
    assert "".join(task.splits.values()) == TEXT
    assert task.facts()["data"][0]["name"] == "novel.txt"


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


def test_a_chapter_begins_with_its_heading() -> None:
    chapters = "".join(
        f"{heading}\n\nThe chapter on it.\n\n" for heading in ("CHAPTER XIV", "Chapter 2", "CHAPTER 50.")
    )
    text = f"The end of one.\n\n{chapters}Chapter and verse, he said.\n" + "x" * 3_000
    prose = Prose(dict.fromkeys(("train", "validation", "test"), text), "", [])
    assert [text[at:].split("\n")[0] for at in prose.begins()] == ["CHAPTER XIV", "Chapter 2", "CHAPTER 50."]


def test_a_text_without_paragraphs_is_cut_all_the_same() -> None:
    assert {part: len(text) for part, text in split("a" * 1_000).items()} == {
        "train": 925, "validation": 25, "test": 50,
    }  # fmt: skip


def test_a_text_that_begins_at_a_start_has_the_features_that_it_has_within_the_whole(tmp_path: Path) -> None:
    task = Prose(dict.fromkeys(("train", "validation", "test"), TEXT), "", [])
    text = SLICE.read_text(encoding="utf-8")
    whole = {feature.name: feature.values for feature in task.features(text)}
    starts = task.starts(text)
    assert len(starts) > 20
    assert 0.2 < whole["inside quotation"].mean() < 0.8
    for start in starts:
        for feature in task.features(text[start:]):
            np.testing.assert_array_equal(feature.values, whole[feature.name][start:], err_msg=feature.name)


def test_the_task_names_its_task_and_every_output() -> None:
    task = Prose(dict.fromkeys(("train", "validation", "test"), TEXT), "", [])
    assert task.about["task"] == "prose"
    assert task.about["outputs"] == list(task.tokenizer.vocabulary)
    assert task.about["predicts_next"] is True
    assert {"description", "examples", "licence"} <= task.about.keys()
    assert task.recipe("gru") == characters.RECIPE(epochs=7)
    assert task.recipe("lstm") == characters.RECIPES["lstm"](epochs=7)
