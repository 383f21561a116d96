"""The most frequent label."""

import numpy as np
from gatescope.training.baselines import most_frequent
from gatescope.training.baselines.labels import LabelledTexts


def test_every_text_gets_it() -> None:
    learned = LabelledTexts([["a"]] * 5, np.array([2, 0, 2, 1, 2]), 3)
    assert most_frequent.label(learned) == 2
    assert most_frequent.labels(learned, [["b"], []]).tolist() == [2, 2]


def test_among_equals_it_is_the_first() -> None:
    assert most_frequent.label(LabelledTexts([["a"]] * 2, np.array([2, 1]), 3)) == 1
