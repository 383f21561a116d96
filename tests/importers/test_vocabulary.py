"""Vocabularies: in which forms they are read."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from gatescope.importers.found import ImportRefusedError
from gatescope.importers.vocabulary import read_vocabulary, tokens_in

TOKENS = ["<unk>", "a", "b", " "]
IDS = {token: at for at, token in enumerate(TOKENS)}
WORD_LEVEL = {"model": {"type": "WordLevel", "vocab": IDS, "unk_token": "<unk>"}, "version": "1.0"}


@pytest.mark.parametrize(
    "value",
    [TOKENS, tuple(TOKENS), IDS, dict(reversed(IDS.items())), {str(at): t for t, at in IDS.items()}, WORD_LEVEL],
)
def test_tokens_by_id(value: Any, tmp_path: Path) -> None:
    assert tokens_in(value) == TOKENS
    (tmp_path / "vocab.json").write_text(json.dumps(value))
    assert read_vocabulary(tmp_path / "vocab.json") == TOKENS


@pytest.mark.parametrize(
    "value", [[], {}, [1, 2], {"a": 0, "b": 2}, {"a": 0, "b": 0}, {"a": True}, {"x": "y"}, 3, "ab"]
)
def test_what_is_no_vocabulary(value: Any, tmp_path: Path) -> None:
    assert tokens_in(value) is None
    if isinstance(value, list | dict):
        (tmp_path / "vocab.json").write_text(json.dumps(value))
        with pytest.raises(
            ImportRefusedError, match=r"^vocab\.json holds no vocabulary: it must be a list of tokens by id"
        ):
            read_vocabulary(tmp_path / "vocab.json")


def test_parts_of_words_are_left_to_others() -> None:
    assert tokens_in({"model": {"type": "BPE", "vocab": IDS}}) is None


def test_a_text_has_a_token_a_line(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_bytes(b"\xef\xbb\xbf<unk>\r\na\r\n b\r\n")
    assert read_vocabulary(tmp_path / "vocab.txt") == ["<unk>", "a", " b"]
    (tmp_path / "brackets.txt").write_text("[\n]\n")
    assert read_vocabulary(tmp_path / "brackets.txt") == ["[", "]"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pickle.dumps(IDS), r"is a pickle, which would run code to be read: .* json\.dump\(tokens, open"),
        (b"\xff\xfe\x00", "is not UTF-8: a vocabulary is JSON, or text with a token a line"),
        (b'["a", ', "is not JSON: "),
        (b'["a", "b", "a"]', "lists the token 'a' twice, the second time with the id 2"),
    ],
)
def test_what_cannot_be_read_is_refused(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_bytes(data)
    with pytest.raises(ImportRefusedError, match=rf"^vocab\.json {message}"):
        read_vocabulary(tmp_path / "vocab.json")
