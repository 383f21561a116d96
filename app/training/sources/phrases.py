"""Templated phrases with and without a negation, built from a rated lexicon.

Rated sentences alone do not teach a small network what *not* does: "not bad" stays negative, because negated words that
turn out as praise are rare in them. These phrases say it often. Every fifth word is held out of them, so that one can
measure whether the network negates or remembers which words it has seen negated.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from .corpora import Example

NEGATION = -0.74  # factor by which a negation multiplies a rating, as measured by Hutto & Gilbert (2014) for VADER
CLEAR = 1.0  # smallest |rating| of a word that is worth negating

BEFORE_ADJECTIVES = frozenset({"is", "was", "are", "were", "very", "so", "too", "really"})
BEFORE_VERBS = frozenset({"to", "n't", "i", "they", "we", "will", "would", "you"})
THINGS = (
    "it",
    "this",
    "that",
    "the movie",
    "the film",
    "the story",
    "the acting",
    "the food",
    "the service",
    "the place",
)
PEOPLE = ("i", "we", "they", "you")
DEGREES = ("", "", "", "very", "really", "so", "that", "too")
ENDS = ("", "", "", ".", "!", " at all", " at all.")


@dataclass(frozen=True)
class Word:
    """A word of the lexicon."""

    text: str
    rating: float  # from -4 to 4
    verb: bool  # used as a verb rather than as an adjective
    held_out: bool  # whether it appears in no training phrase


def words(ratings: Mapping[str, float], vocabulary: Iterable[str], sentences: Iterable[Sequence[str]]) -> list[Word]:
    """Return the clearly rated words of the vocabulary, in alphabetical order.

    What stands before a word in ``sentences``, lists of tokens, tells verbs from the rest.
    """
    leaning: Counter[str] = Counter()
    for sentence in sentences:
        for before, word in pairwise(sentence):
            leaning[word] += (before in BEFORE_VERBS) - (before in BEFORE_ADJECTIVES)
    return [
        Word(word, ratings[word], verb=leaning[word] > 0, held_out=_held_out(word))
        for word in sorted(vocabulary)
        if word.isalpha() and abs(ratings.get(word, 0)) >= CLEAR
    ]


def training_phrases(words: Sequence[Word], pairs: int, seed: int = 0) -> list[Example]:
    """Return ``pairs`` phrases, each before its negation; half are of positive words, none of a held-out word."""
    rng = random.Random(seed)  # noqa: S311
    sides = [
        [word for word in words if not word.held_out and (word.rating > 0) is positive] for positive in (True, False)
    ]
    examples = []
    for number in range(pairs):
        word = rng.choice(sides[number % 2])
        plain, negated = _verb_pair(word.text, rng) if word.verb else _adjective_pair(word.text, rng)
        examples.append(Example(plain, word.rating, "phrases"))
        examples.append(Example(negated, NEGATION * word.rating, "phrases"))
    return examples


def held_out_pairs(words: Sequence[Word]) -> list[tuple[Word, str, str]]:
    """Return each held-out word with a plain phrase and its negation, to measure on."""
    return [
        (word, f"i {word.text} it", f"i do not {word.text} it")
        if word.verb
        else (word, f"the movie was {word.text}", f"the movie was not {word.text}")
        for word in words
        if word.held_out
    ]


def _adjective_pair(word: str, rng: random.Random) -> tuple[str, str]:
    subject, verb, end = rng.choice((*THINGS, "", "", "")), rng.choice(("is", "was")), rng.choice(ENDS)
    negation = rng.choice(("{} not", "{} not", "{}n't", "{} never", "{} hardly")).format(verb)
    if not subject:
        verb, negation = "", rng.choice(("not", "not", "never", "hardly"))
    plain = _join(subject, verb, rng.choice(DEGREES), word) + end.removeprefix(" at all")
    return plain, _join(subject, negation, rng.choice(DEGREES), word) + end


def _verb_pair(word: str, rng: random.Random) -> tuple[str, str]:
    subject, thing, end = rng.choice(PEOPLE), rng.choice((*THINGS, "", "")), rng.choice(ENDS)
    negation = rng.choice(("do not", "don't", "did not", "didn't", "would not", "never"))
    return _join(subject, word, thing) + end.removeprefix(" at all"), _join(subject, negation, word, thing) + end


def _join(*pieces: str) -> str:
    return " ".join(piece for piece in pieces if piece)


def _held_out(word: str) -> bool:
    return int(hashlib.sha256(word.encode()).hexdigest(), 16) % 5 == 0
