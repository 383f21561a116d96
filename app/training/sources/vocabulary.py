"""The vocabulary of a network: which tokens of its training texts it knows."""

from collections import Counter
from collections.abc import Iterable


def frequent(texts: Iterable[Iterable[str]], size: int) -> list[str]:
    """Return the ``size`` most frequent tokens of ``texts``; among equals, the first in code point order."""
    counts = Counter(token for text in texts for token in text)
    return sorted(counts, key=lambda token: (-counts[token], token))[:size]
