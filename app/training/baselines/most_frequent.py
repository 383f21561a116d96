"""The label that most texts have, for every text."""

import numpy as np

from .labels import LabelIds, LabelledTexts, Words


def label(learned: LabelledTexts) -> int:
    """Return the most frequent label; among equals the least."""
    return int(np.bincount(learned.labels, minlength=learned.count).argmax())


def labels(learned: LabelledTexts, texts: Words) -> LabelIds:
    """Return that label for each of ``texts``."""
    return np.full(len(texts), label(learned))
