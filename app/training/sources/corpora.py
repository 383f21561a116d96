"""Rated sentences and a rated lexicon, read from the archives that carry them, and their split into three.

These are pure functions over bytes. Nothing is unpacked to the disk: members are read in memory, by name.
"""

import csv
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ...recurrent.tokenizer import WordTokenizer
from .download import DataError

Split = Literal["train", "validation", "test"]
VADER = {
    "movie": "movieReviewSnippets",
    "amazon": "amazonReviewSnippets",
    "nyt": "nytEditorialSnippets",
    "tweets": "tweets",
}
UCI = ("imdb", "amazon", "yelp")
MOST = 4.0  # largest |rating|
COUNTED = 50  # rated tweets from which the rating of an emoji is taken
UCI_RATING = 2.0  # the UCI sentences carry a class, not a rating: ±2 lies where the clear sentences of VADER lie


@dataclass(frozen=True)
class Example:
    """A sentence with the mean rating of its readers."""

    text: str
    rating: float  # from -4, most negative, to 4
    source: str  # movie, amazon, nyt, tweets or uci; of what is only learned from: phrases, constructions, lexicon …
    document: str = ""  # the review or article that it is a sentence of; empty: not known


def vader(archive: bytes) -> list[Example]:
    """Return the four rated corpora of Hutto & Gilbert (2014) in the source archive of the package vaderSentiment."""
    inner = _member(archive, "additional_resources/hutto_ICWSM_2014.tar.gz")
    examples = []
    for source, name in VADER.items():
        for row in _lines(_member(inner, f"{name}_GroundTruth.txt")):
            number, rating, text = row.split("\t", 2)
            document, _, sentence = number.partition("_")
            examples.append(Example(text.strip(), float(rating), source, f"{source} {document}" if sentence else ""))
    return examples


def lexicon(archive: bytes) -> dict[str, float]:
    """Return the lexicon of the package vaderSentiment: the mean rating of each word, from -4 to 4."""
    rows = (row.split("\t") for row in _lines(_member(archive, "vaderSentiment/vader_lexicon.txt")))
    return {word: float(rating) for word, rating, *_ in rows}


def emoji(vader: bytes, uci: bytes | None = None) -> dict[str, float]:
    """Return a rating, from -4 to 4, of each emoji in the list of the package vaderSentiment that leans to a side.

    Where the npm package sentiment has counted an emoji in at least ``COUNTED`` tweets that were rated by hand, its
    rating is 4 times the share of positive ones less that of negative ones (Kralj Novak et al. 2015); elsewhere it is
    the sum of the ratings of the words in its name, by the lexicon.
    """
    rated = lexicon(vader)
    ratings = {}
    for line in _lines(_member(vader, "vaderSentiment/emoji_utf8_lexicon.txt")):
        sign, name = line.split("\t")
        ratings[WordTokenizer.key(sign)] = sum(rated.get(word, 0) for word in WordTokenizer.keys(name))
    if uci is not None:
        for row in csv.DictReader(_lines(_member(uci, "build/Emoji_Sentiment_Data_v1.0.csv"))):
            sign, count = WordTokenizer.key(row["Emoji"]), int(row["Occurrences"])
            if sign in ratings and count >= COUNTED:
                ratings[sign] = MOST * (int(row["Positive"]) - int(row["Negative"])) / count
    return {sign: float(min(max(rating, -MOST), MOST)) for sign, rating in ratings.items() if rating}


def uci(archive: bytes) -> list[Example]:
    """Return the sentences of Kotzias et al. (2015) in the npm package sentiment, except those without a class."""
    return [
        Example(entry["text"].strip(), UCI_RATING if entry["class"] else -UCI_RATING, "uci")
        for name in UCI
        for entry in json.loads(_member(archive, f"test/fixtures/{name}.json"))
        if entry["class"] is not None
    ]


def distinct(examples: Iterable[Example]) -> list[Example]:
    """Return the examples without those that a network reads like an earlier one: whose tokens are the same.

    Case, white space and typographic apostrophes do not make another text.
    """
    first: dict[tuple[str, ...], Example] = {}
    for example in examples:
        first.setdefault(tuple(WordTokenizer.keys(example.text)), example)
    return list(first.values())


def split_of(text: str) -> Split:
    """Return the split that a text belongs to, by its SHA-256 modulo 10: 0 is test, 1 validation, the rest training."""
    remainder = int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10
    return "test" if remainder == 0 else "validation" if remainder == 1 else "train"


def split(examples: Sequence[Example]) -> dict[Split, list[Example]]:
    """Return the distinct examples of each split, in their order: no two splits hold texts that are read alike."""
    splits: dict[Split, list[Example]] = {"train": [], "validation": [], "test": []}
    for example in distinct(examples):
        splits[split_of(example.text)].append(example)
    return splits


def _member(archive: bytes, name: str) -> bytes:
    """Return the bytes of the member whose path, below its first folder, is ``name``."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                if member.isfile() and member.name.partition("/")[2] == name:
                    return tar.extractfile(member).read()  # type: ignore[union-attr]
    except (tarfile.TarError, EOFError, OSError) as error:
        raise DataError(f"the archive that should hold {name} cannot be read: {error}") from None
    raise DataError(f"the archive holds no {name}")


def _lines(data: bytes) -> Iterator[str]:
    """Return the lines that are not empty; only line feeds end a line, as the texts use other separators freely."""
    return (line for line in data.decode("utf-8-sig").replace("\r\n", "\n").split("\n") if line)
