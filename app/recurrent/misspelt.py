"""Find the word of a vocabulary that a misspelt one stands for: the nearest, at an edit distance of 1.

A letter may be missing, added or replaced (Levenshtein 1966). The index is that of SymSpell: two words at this
distance become the same when a letter, or none, is left out of each, so that a look-up takes as many steps as the word
has letters, however large the vocabulary is.
"""

from collections.abc import Iterator, Sequence

SHORTEST = 5  # letters of a word that may be misspelt: shorter ones have too many neighbours
LONGEST = 50  # letters of a word in the index, which takes memory by the square of its length


class Nearest:
    """The nearest words of a vocabulary, in which frequent words stand before rare ones."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._words = vocabulary
        self._places: dict[str, list[int]] = {}  # of the words that a spelling can come from by leaving out a letter
        self._longest = 0
        for place, word in enumerate(vocabulary):
            if SHORTEST - 1 <= len(word) <= LONGEST and word.isalpha():
                self._longest = max(self._longest, len(word))
                for spelling in {word, *_without_a_letter(word)}:
                    self._places.setdefault(spelling, []).append(place)

    def __call__(self, word: str) -> str | None:
        """Return the word at distance 1 that stands first in the vocabulary; None if there is none.

        None also for what is not a word of at least ``SHORTEST`` letters.
        """
        if not word.isalpha() or not SHORTEST <= len(word) <= self._longest + 1:
            return None
        candidates = {place for each in (word, *_without_a_letter(word)) for place in self._places.get(each, ())}
        return next((self._words[place] for place in sorted(candidates) if _is_near(word, self._words[place])), None)


def _without_a_letter(word: str) -> Iterator[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))


def _is_near(word: str, other: str) -> bool:
    """Return whether one edit leads from ``word`` to ``other``, which differs from it."""
    start = next((at for at, (a, b) in enumerate(zip(word, other, strict=False)) if a != b), min(len(word), len(other)))
    longer = len(word) - len(other)
    return abs(longer) <= 1 and word[start + (longer >= 0) :] == other[start + (longer <= 0) :]
