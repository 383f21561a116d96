"""Naive Bayes, against scikit-learn, and by what it is for."""

import numpy as np
from gatescope.training.baselines import naive_bayes
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.naive_bayes import MultinomialNB

from .texts import ASKED, LEARNED


def test_labels_are_those_of_scikit_learn() -> None:
    counts = CountVectorizer(analyzer=list)
    other = MultinomialNB(alpha=1).fit(counts.fit_transform(LEARNED.texts), LEARNED.labels)
    labels = naive_bayes.labels(LEARNED, ASKED)
    np.testing.assert_array_equal(labels, other.predict(counts.transform(ASKED)))
    assert set(labels.tolist()) == {0, 1, 2}


def test_words_that_were_never_seen_leave_the_more_frequent_label() -> None:
    assert naive_bayes.labels(LEARNED, [["never"], []]).tolist() == [np.bincount(LEARNED.labels).argmax()] * 2
