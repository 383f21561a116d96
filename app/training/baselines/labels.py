"""What baselines that label texts learn from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LabelIds = NDArray[np.int64]  # (N,), each from 0 to ``count`` - 1
Words = Sequence[Sequence[str]]  # of N texts


@dataclass(frozen=True, eq=False)
class LabelledTexts:
    """Texts as words, with a label each."""

    texts: Words
    labels: LabelIds
    count: int  # of different labels
