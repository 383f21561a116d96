"""What the task "sentiment" learns from: two packages of rated sentences, and phrases built from a rated lexicon."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...recurrent.tokenizer import UNKNOWN, WordTokenizer
from . import corpora
from .corpora import Example, Split
from .download import MissingClientError, Package, obtain
from .phrases import Word, training_phrases, words
from .vocabulary import frequent

VADER = Package(
    "pip",
    "vaderSentiment",
    "3.3.2",
    "vaderSentiment-3.3.2.tar.gz",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    holds="rated film reviews (texts from Rotten Tomatoes), product reviews, editorials and tweets; a rated lexicon",
    licence="MIT",
)
UCI = Package(
    "npm",
    "sentiment",
    "5.0.2",
    "sentiment-5.0.2.tgz",
    sha256="89302eb03d2005d03b214fe65814bb48adb7d3c42c8ca80bdee6a3ecb7e4480f",
    holds="the UCI sentences of IMDb, Amazon and Yelp",
    licence="MIT",
)
PACKAGES = (VADER, UCI)

WORDS = 8_000  # of the vocabulary, at most
PAIRS = 6_000  # templated phrases, each with its negation


@dataclass(frozen=True)
class RatedTexts:
    """What a network learns from, and is measured on."""

    splits: dict[Split, list[Example]]
    words: list[Word]  # of the templated phrases
    phrases: list[Example]
    tokenizer: WordTokenizer
    packages: list[Package]  # from which it was read


def load(cache: Path, warn: Callable[[str], None]) -> RatedTexts:
    """Obtain the packages, by way of the folder ``cache``, and read them.

    Without npm the UCI sentences are left out, and ``warn`` is called with a note. Raises DataError for everything
    else that is missing or damaged.
    """
    archive, packages = obtain(VADER, cache), [VADER]
    examples = corpora.vader(archive)
    try:
        examples += corpora.uci(obtain(UCI, cache))
        packages.append(UCI)
    except MissingClientError as error:
        warn(f"{error}: {UCI.holds} are left out")
    splits = corpora.split(examples)
    sentences = [WordTokenizer.keys(example.text) for example in splits["train"]]
    known = frequent(sentences, WORDS)
    chosen = words(corpora.lexicon(archive), known, sentences)
    return RatedTexts(splits, chosen, training_phrases(chosen, PAIRS), WordTokenizer([UNKNOWN, *known]), packages)
