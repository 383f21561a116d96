"""What the task "sentiment" learns from: two packages of rated sentences, and what is added to them.

Added are phrases built from a rated lexicon, constructions that cannot be judged word by word, the words of the
lexicon, emoji, and sentences that say nothing for or against anything.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...analysis.visitors import sentences as visitors
from ...recurrent.tokenizer import UNKNOWN, WordTokenizer
from . import constructions, corpora, neutral
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
    holds="the UCI sentences of IMDb, Amazon and Yelp, and emoji rated in tweets",
    licence="MIT; Emoji Sentiment Ranking: CC BY-SA 4.0",
)
NETWORKX = Package(
    "pip",
    "networkx",
    "3.4.2",
    "networkx-3.4.2.tar.gz",
    sha256="307c3669428c5362aab27c8a1260aa8f47c4e91d3891f48be0141738d8d053e1",
    holds="docstrings, which say nothing for or against anything",
    licence="BSD-3-Clause",
)
PACKAGES = (VADER, UCI, NETWORKX)

WORDS = 12_000  # of the rated sentences that stand in the vocabulary, at most
PAIRS = 4_000  # templated phrases, each with its negation
NEVER_SO = 600  # templated phrases of the kind “never so good”
NEUTRAL = 4_000  # templated sentences that say nothing for or against; the docstrings come on top
OFTEN = 5  # times that a word must stand in neutral sentences to be in the vocabulary for their sake


@dataclass(frozen=True)
class RatedTexts:
    """What a network learns from, and is measured on."""

    splits: dict[Split, list[Example]]
    words: list[Word]  # of the templated phrases
    phrases: list[Example]
    additions: list[Example]  # constructions, words of the lexicon, emoji and neutral sentences, to learn from only
    tokenizer: WordTokenizer
    packages: list[Package]  # from which it was read


def load(cache: Path, warn: Callable[[str], None]) -> RatedTexts:
    """Obtain the packages, by way of the folder ``cache``, and read them.

    Without npm the UCI sentences are left out, and ``warn`` is called with a note. Raises DataError for everything
    else that is missing or damaged.
    """
    archive, packages = obtain(VADER, cache), [VADER]
    examples = corpora.vader(archive)
    uci = None
    try:
        uci = obtain(UCI, cache)
        examples += corpora.uci(uci)
        packages.append(UCI)
    except MissingClientError as error:
        warn(f"{error}: {UCI.holds}, are left out")
    packages.append(NETWORKX)
    docstrings = neutral.docstrings(obtain(NETWORKX, cache))
    splits = corpora.split(examples)
    sentences = [WordTokenizer.keys(example.text) for example in splits["train"]]
    known = frequent(sentences, WORDS)
    lexicon = corpora.lexicon(archive)
    chosen = words(lexicon, known, sentences)
    phrases = training_phrases(chosen, PAIRS)
    signs = corpora.emoji(archive, uci)
    additions = _unasked(
        [
            *(Example(word, rating, "lexicon") for word, rating in lexicon.items() if _is_one_token(word)),
            *emoji_texts({sign: rating for sign, rating in signs.items() if _is_one_token(sign)}, phrases),
            *constructions.fixed(),
            *constructions.never_so(chosen, NEVER_SO),
            *(Example(text, 0.0, "neutral") for text in (*docstrings, *neutral.sentences(NEUTRAL))),
        ],
        [*splits["validation"], *splits["test"]],
    )
    vocabulary = [UNKNOWN, *known, *_further(additions, sentences, set(known))]
    return RatedTexts(splits, chosen, phrases, additions, WordTokenizer(vocabulary, corrects_spelling=True), packages)


def emoji_texts(ratings: Mapping[str, float], phrases: Sequence[Example], seed: int = 0) -> list[Example]:
    """Return each emoji alone, twice, and after a phrase that leans the same way."""
    rng = random.Random(seed)  # noqa: S311
    sides = {side: [each for each in phrases if (each.rating > 0) is side] for side in (True, False)}
    texts = []
    for sign, rating in ratings.items():
        phrase = rng.choice(sides[rating > 0])
        together = min(max(phrase.rating + rating, -corpora.MOST), corpora.MOST)
        texts += [Example(sign, rating, "emoji"), Example(sign * 2, rating, "emoji")]
        texts.append(Example(f"{phrase.text} {sign}", together, "emoji"))
    return texts


def _unasked(additions: Iterable[Example], held_out: Iterable[Example]) -> list[Example]:
    """Return the additions that are read like none of the texts by which models are judged, nor like an earlier one."""
    texts = [*(each.text for each in held_out), *(each.text for each in visitors())]
    asked = {tuple(WordTokenizer.keys(text)) for text in texts}
    return [each for each in corpora.distinct(additions) if tuple(WordTokenizer.keys(each.text)) not in asked]


def _is_one_token(text: str) -> bool:
    return len(WordTokenizer.keys(text)) == 1


def _further(additions: Iterable[Example], texts: Iterable[Sequence[str]], known: set[str]) -> list[str]:
    """Return what the vocabulary also holds: rated words and emoji, and the words of many neutral sentences.

    The most frequent stand first, by the rated sentences ``texts`` and then by the additions.
    """
    counts = Counter(key for text in texts for key in text)
    rated: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for each in additions:
        (others if each.source == "neutral" else rated).update(WordTokenizer.keys(each.text))
    wanted = (rated.keys() | {key for key, count in others.items() if count >= OFTEN}) - known
    return sorted(wanted, key=lambda key: (-counts[key], -rated[key] - others[key], key))
