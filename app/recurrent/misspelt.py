"""Find the word of a vocabulary that a misspelt one stands for: the nearest, at an edit distance of 1.

A letter may be missing, added or replaced (Levenshtein 1966). It stands in the one or the other half of the word, so
that the nearest word begins or ends as this one does: it is looked for among the words that do, in two sorted lists.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

SHORTEST = 5  # letters of a word that may be misspelt: shorter ones have too many neighbours
LONGEST = 50  # letters of a word that is looked for
_AFTER = chr(0x10FFFF)  # sorts behind every letter


class Nearest:
    """The nearest words of a vocabulary, in which frequent words stand before rare ones."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        words = [each for each in vocabulary if SHORTEST - 1 <= len(each) <= LONGEST and each.isalpha()]
        self._places = {word: place for place, word in enumerate(words)}
        self._sorted = sorted(words)
        self._reversed = sorted(word[::-1] for word in words)

    def __call__(self, word: str) -> str | None:
        """Return the word at distance 1 that stands first in the vocabulary; None if there is none.

        None also for what is not a word of at least ``SHORTEST`` letters.
        """
        if not word.isalpha() or not SHORTEST <= len(word) <= LONGEST + 1:
            return None
        half = len(word) // 2
        ending = word[half:][::-1]
        candidates = {
            *_beginning(self._sorted, word[:half]),
            *(each[::-1] for each in _beginning(self._reversed, ending)),
        }
        near = (each for each in candidates if abs(len(each) - len(word)) <= 1 and _is_near(word, each))
        return min(near, key=self._places.__getitem__, default=None)


def _beginning(words: Sequence[str], start: str) -> Iterator[str]:
    """Yield those of sorted ``words`` that begin with ``start``."""
    return iter(words[bisect_left(words, start) : bisect_left(words, start + _AFTER)])


def _is_near(word: str, other: str) -> bool:
    """Return whether one edit leads from ``word`` to ``other``, which differs from it."""
    start = next((at for at, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    longer = len(word) - len(other)
    return abs(longer) <= 1 and word[start + (longer >= 0) :] == other[start + (longer <= 0) :]
