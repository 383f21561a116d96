"""The tables of baselines: what simpler methods reach on the test data of a network. One baseline, one file, one line.

Baselines of characters say how many bits each character takes; those of texts give each text one of the labels.
"""

from collections.abc import Callable, Mapping
from functools import partial

from ...recurrent.trace import FloatArray
from . import kneser_ney, logistic_regression, naive_bayes, witten_bell
from .labels import LabelIds, LabelledTexts, Words
from .ngrams import Ids

# name → from (learned ids, ids (T,), size of the vocabulary) to bits (T - n + 1,), for some n
OF_CHARACTERS: Mapping[str, Callable[[Ids, Ids, int], FloatArray]] = {
    "unigram": partial(witten_bell.bits, order=1),
    "5-gram": partial(witten_bell.bits, order=5),
    "Kneser–Ney 8-gram": partial(kneser_ney.bits, order=8),
}

OF_TEXTS: Mapping[str, Callable[[LabelledTexts, Words], LabelIds]] = {
    "naive Bayes": naive_bayes.labels,
    "logistic regression": logistic_regression.labels,
}
