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


# How SentencePiece writes its .model: pieces with their scores, as protobuf.
SENTENCEPIECE = b"\n\x0e\n\x05<unk>\x15\0\0\0\0\x18\x02\n\x10\n\x05\xe2\x96\x81a\x15\xc3\xf5H\xc0"


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("tokenizer.json", {"model": {"type": "BPE", "vocab": IDS, "merges": ["a b"]}}, "a tokenizer of kind BPE"),
        ("tokenizer.json", {"model": {"type": "WordPiece", "vocab": IDS}}, "a tokenizer of kind WordPiece"),
        (
            "tokenizer.json",
            {"model": {"type": "Unigram", "vocab": [["<unk>", 0.0], ["▁a", -2.5]]}},
            "a tokenizer of kind Unigram (SentencePiece)",
        ),
        ("spm.model", SENTENCEPIECE, "a model of SentencePiece"),
    ],
)
def test_parts_of_words_are_refused_by_name(name: str, content: Any, what: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(ImportRefusedError) as refused:
        read_vocabulary(tmp_path / name)
    assert str(refused.value) == (
        f"{name} is {what}, which splits words into parts, and Gatescope reads whole words or characters: "
        "without it, the model reads the numbers that its embedding gives"
    )


@pytest.mark.parametrize("lines", ["the 120\nof 90\n", "<unk>\t0\n▁a\t-2.5\n▁b\t-3e-5\n"])
def test_tokens_with_their_counts_are_not_read_as_words(lines: str, tmp_path: Path) -> None:
    (tmp_path / "some.vocab").write_text(lines, encoding="utf-8")
    with pytest.raises(
        ImportRefusedError, match=r"^some\.vocab has a number after each token \('.*'\): give the tokens only$"
    ):
        read_vocabulary(tmp_path / "some.vocab")


def test_a_text_has_a_token_a_line(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_bytes(b"\xef\xbb\xbf<unk>\r\na\r\n b\r\n")
    assert read_vocabulary(tmp_path / "vocab.txt") == ["<unk>", "a", " b"]
    (tmp_path / "brackets.txt").write_text("[\n]\n")
    assert read_vocabulary(tmp_path / "brackets.txt") == ["[", "]"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pickle.dumps(IDS), r"is a pickle, which would run code to be read: .* json\.dump\(tokens, open"),
        (b" \n", "is empty: a vocabulary is JSON, or text with a token a line"),
        (b"\xe4\n", "is not UTF-8: a vocabulary is JSON, or text with a token a line"),
        ("ab".encode("utf-16-le"), "is not UTF-8: a vocabulary is JSON, or text with a token a line"),
        ('["a"]'.encode("utf-16"), "is UTF-16, not UTF-8: save it as UTF-8: a vocabulary is JSON, or text with"),
        (b'["a", ', "is not JSON: "),
        (b'["a", "b", "a"]', "lists the token 'a' twice, the second time with the id 2"),
    ],
)
def test_what_cannot_be_read_is_refused(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_bytes(data)
    with pytest.raises(ImportRefusedError, match=rf"^vocab\.json {message}"):
        read_vocabulary(tmp_path / "vocab.json")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("v.csv", "token\nthe\na\n"),
        ("v.csv", "token,id\nthe,0\na,1\n"),
        ("v.txt", 'token,id\nthe,0\n",",1\n'),
        ("v.txt", "index;word\n0;the\n1;a b\n"),
        ("v.vocab", "token count\nthe 120\na 90\n"),
    ],
)
def test_a_table_is_not_read_as_tokens(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ImportRefusedError) as refused:
        read_vocabulary(tmp_path / name)
    heading = text.split("\n")[0]
    assert str(refused.value) == (
        f"{name} is a table, which begins with {heading!r}: give the tokens only, one a line in the order of "
        "their ids, without a heading"
    )


def test_a_folder_is_no_vocabulary(tmp_path: Path) -> None:
    with pytest.raises(ImportRefusedError, match=f"^{tmp_path} is a folder: a vocabulary is a file, JSON or text"):
        read_vocabulary(tmp_path)


@pytest.mark.parametrize(
    "value",
    [{"stoi": IDS}, {"stoi": IDS, "itos": TOKENS, "size": 4}, {"max_len": 9, "text": {"vocab": {"stoi": IDS}}}],
    ids=["alone", "twice", "deep"],
)
def test_a_vocabulary_in_an_object_is_read(value: Any, tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps(value))
    assert read_vocabulary(tmp_path / "vocab.json") == TOKENS


def test_of_several_vocabularies_in_an_object_none_is_taken(tmp_path: Path) -> None:
    (tmp_path / "vocab.json").write_text(json.dumps({"source": {"stoi": IDS}, "special": ["<unk>"], "n": 3}))
    several = r"^vocab\.json holds several lists that may be a vocabulary, source\.stoi, special: give one of them$"
    with pytest.raises(ImportRefusedError, match=several):
        read_vocabulary(tmp_path / "vocab.json")
