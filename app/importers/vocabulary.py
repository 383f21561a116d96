"""Read a vocabulary: a list of tokens, or a table of their ids, from JSON or from a text with one token a line."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .found import ImportRefusedError

LARGEST = 20_000_000  # bytes of a file
_PICKLED = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05", b"PK\x03\x04")  # the last one: torch.save
_OF_PARTS = {"BPE": "BPE", "WordPiece": "WordPiece", "Unigram": "Unigram (SentencePiece)"}  # kinds in a tokenizer.json
_SENTENCEPIECE = (b"\n", b"<unk>", "\N{LOWER ONE EIGHTH BLOCK}".encode())  # how its .model begins, and what it holds
_NUMBERED = re.compile(r"\S+[\t ]-?\d+(\.\d+)?(e-?\d+)?", re.ASCII)
_ROW = re.compile(r'("?\d+"?[,;\t ].*|.*[,;\t ]"?-?\d+"?)', re.ASCII)  # of a table of tokens and ids
_TABLES = {".csv", ".tsv"}
_MOST_DEPTH = 4  # of objects in objects
_WIDE = (b"\xff\xfe", b"\xfe\xff")  # how UTF-16 begins


def read_vocabulary(path: Path) -> list[str]:
    """Return the tokens in a file, by id. Raises ImportRefusedError if they cannot be read, and OSError."""
    if path.is_dir():
        raise ImportRefusedError(f"{path} is a folder: a vocabulary is a file, JSON or text with a token a line")
    if path.stat().st_size > LARGEST:
        raise ImportRefusedError(f"{path.name} is larger than {LARGEST:,} bytes: a vocabulary is read up to there")
    data = path.read_bytes()
    if data.startswith(_PICKLED):
        raise ImportRefusedError(
            f"{path.name} is a pickle, which would run code to be read: where you trust it, load it and write its "
            'tokens in the order of their ids, by json.dump(tokens, open("vocab.json", "w"))'
        )
    if data.startswith(_SENTENCEPIECE[0]) and all(each in data for each in _SENTENCEPIECE):
        raise _of_parts(path.name, "a model of SentencePiece")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        what = "UTF-16, not UTF-8: save it as UTF-8" if data.startswith(_WIDE) else "not UTF-8"
        raise ImportRefusedError(f"{path.name} is {what}: a vocabulary is JSON, or text with a token a line")
    if not text.strip():
        raise ImportRefusedError(f"{path.name} is empty: a vocabulary is JSON, or text with a token a line")
    if not text.lstrip().startswith(("[", "{")) or path.suffix == ".txt":
        lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
        if all(map(_NUMBERED.fullmatch, lines)):
            raise ImportRefusedError(f"{path.name} has a number after each token ({lines[0]!r}): give the tokens only")
        if path.suffix.lower() in _TABLES or (len(lines) > 2 and all(map(_ROW.fullmatch, lines[1:]))):
            raise ImportRefusedError(
                f"{path.name} is a table, which begins with {lines[0]!r}: give the tokens only, one a line in the "
                "order of their ids, without a heading"
            )
        return _distinct(path.name, lines)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ImportRefusedError(f"{path.name} is not JSON: {error}") from None
    if kind := _OF_PARTS.get(_kind(value)):
        raise _of_parts(path.name, f"a tokenizer of kind {kind}")
    held = list(_held(value, "", _MOST_DEPTH))
    if len({tuple(tokens) for _, tokens in held}) > 1:
        names = ", ".join(name for name, _ in held)
        raise ImportRefusedError(f"{path.name} holds several lists that may be a vocabulary, {names}: give one of them")
    if not held:
        raise ImportRefusedError(
            f"{path.name} holds no vocabulary: it must be a list of tokens by id, or an object that gives each token "
            "an id from 0 on without gaps"
        )
    return _distinct(path.name, held[0][1])


def _held(value: Any, name: str, depth: int) -> Iterator[tuple[str, list[str]]]:
    """Yield the vocabularies in objects in objects, such as ``{"stoi": …, "itos": …}``, with their names."""
    if (tokens := tokens_in(value)) is not None:
        yield name, tokens
    elif isinstance(value, Mapping) and depth:
        for key, each in value.items():
            yield from _held(each, f"{name}.{key}".removeprefix("."), depth - 1)


def _kind(tokenizer: Any) -> str:
    """Return the kind of model that a tokenizer.json names; "" if it names none."""
    model = tokenizer.get("model") if isinstance(tokenizer, Mapping) else None
    return str(model.get("type")) if isinstance(model, Mapping) else ""


def _of_parts(name: str, what: str) -> ImportRefusedError:
    return ImportRefusedError(
        f"{name} is {what}, which splits words into parts, and Gatescope reads whole words or characters: "
        "without it, the model reads the numbers that its embedding gives"
    )


def _distinct(name: str, tokens: list[str]) -> list[str]:
    seen: set[str] = set()
    for at, token in enumerate(tokens):
        if token in seen:
            raise ImportRefusedError(f"{name} lists the token {token!r} twice, the second time with the id {at}")
        seen.add(token)
    return tokens


def tokens_in(value: Any) -> list[str] | None:
    """Return the tokens by id that a value holds: a list, a table of ids, a table by id, or a simple tokenizer.json."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value) if value and all(isinstance(each, str) for each in value) else None
    if not isinstance(value, Mapping) or not value:
        return None
    if isinstance(model := value.get("model"), Mapping):
        return tokens_in(model.get("vocab")) if model.get("type") == "WordLevel" else None
    if all(isinstance(each, str) and str(id_).isdecimal() for id_, each in value.items()):
        value = {token: int(id_) for id_, token in value.items()}
    if not all(isinstance(token, str) and type(id_) is int for token, id_ in value.items()):
        return None
    by_id = {id_: token for token, id_ in value.items()}
    return [by_id[id_] for id_ in range(len(by_id))] if by_id.keys() == set(range(len(value))) else None
