"""Multinomial naive Bayes over words, with one added to each count (Manning, Raghavan & Schütze 2008, ch. 13)."""

import numpy as np

from .labels import LabelIds, LabelledTexts, Words


def labels(learned: LabelledTexts, texts: Words) -> LabelIds:
    """Return the likeliest label of each of ``texts``; words that were not learned from do not count."""
    columns = {word: at for at, word in enumerate(sorted({word for text in learned.texts for word in text}))}
    counts = np.ones((learned.count, len(columns)))
    for text, own in zip(learned.texts, learned.labels, strict=True):
        np.add.at(counts[own], [columns[word] for word in text], 1)
    words = np.log(counts / counts.sum(axis=1, keepdims=True))
    with np.errstate(divide="ignore"):  # a label without texts is never the likeliest
        prior = np.log(np.bincount(learned.labels, minlength=learned.count) / len(learned.labels))
    known = ([columns[word] for word in text if word in columns] for text in texts)
    return np.array([(prior + words[:, each].sum(axis=1)).argmax() for each in known], np.int64)
