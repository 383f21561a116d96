"""Texts of random words with one of three labels, each of which prefers other words and other pairs."""

import numpy as np
from gatescope.training.baselines.labels import LabelledTexts

WORDS = [f"w{at}" for at in range(12)]
RANDOM = np.random.default_rng(0)


def drawn(label: int) -> list[str]:
    shares = np.roll(np.linspace(1, 3, len(WORDS)), 4 * label)
    return [str(each) for each in RANDOM.choice(WORDS, size=RANDOM.integers(1, 9), p=shares / shares.sum())]


_LABELS = RANDOM.choice(3, size=150, p=[0.5, 0.3, 0.2])
LEARNED = LabelledTexts([drawn(label) for label in _LABELS], _LABELS, 3)
ASKED = [[*drawn(label), "new"] for label in RANDOM.integers(3, size=60)]
