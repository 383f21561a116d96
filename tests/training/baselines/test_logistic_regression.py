"""Logistic regression on words and pairs, against scikit-learn."""

from itertools import pairwise

import numpy as np
import pytest
from gatescope.training.baselines import logistic_regression
from gatescope.training.baselines.labels import LabelledTexts
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from .texts import ASKED, LEARNED


def of_scikit_learn(learned: LabelledTexts, strength: float) -> np.ndarray:
    held = CountVectorizer(analyzer=lambda text: [*text, *map(" ".join, pairwise(text))], binary=True)
    model = LogisticRegression(C=strength, tol=1e-10, max_iter=10_000)
    return model.fit(held.fit_transform(learned.texts), learned.labels).predict_proba(held.transform(ASKED))


def test_shares_are_those_of_scikit_learn() -> None:
    shares = logistic_regression.logits(LEARNED, ASKED).softmax(dim=1).numpy()
    np.testing.assert_allclose(shares, of_scikit_learn(LEARNED, 1.0), atol=1e-4)
    labels = logistic_regression.labels(LEARNED, ASKED)
    np.testing.assert_array_equal(labels, shares.argmax(axis=1))
    assert set(labels.tolist()) == {0, 1, 2}


def test_two_labels_share_the_penalty() -> None:
    """Weights w and -w cost as much as 2·w of the usual form, with one column: the same as half the penalty there."""
    two = LabelledTexts(LEARNED.texts, np.minimum(LEARNED.labels, 1), 2)
    shares = logistic_regression.logits(two, ASKED).softmax(dim=1).numpy()
    np.testing.assert_allclose(shares, of_scikit_learn(two, 2.0), atol=1e-4)


def test_a_pair_can_say_what_its_words_do_not() -> None:
    texts = [["not", "bad"], ["not", "good"], ["bad"], ["good"]] * 20
    learned = LabelledTexts(texts, np.array([1, 0, 0, 1] * 20), 2)
    assert logistic_regression.labels(learned, texts[:4]).tolist() == [1, 0, 0, 1]


def test_only_the_most_frequent_words_are_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    learned = LabelledTexts([["a"], ["a", "b"], ["a"], ["c"]], np.array([0, 1, 0, 1]), 2)
    monkeypatch.setattr(logistic_regression, "WEIGHTS", 2)  # a column for each label
    a, b = logistic_regression.logits(learned, [["a"], ["a", "b"]])
    assert a.tolist() == b.tolist()
