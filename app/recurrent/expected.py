"""How probable a network that predicts the next token found each token before it read it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .reading import Integers
from .trace import Trace


def expected(trace: Trace, next_outputs: Sequence[int | None]) -> NDArray[np.float64]:
    """Return the probability (T,) that each token had after the step before; NaN where it had none, as the first has.

    ``next_outputs`` gives, by token id, the output about a token.
    """
    outputs = following(trace, next_outputs)
    return shifted(trace.probability(np.arange(len(trace)), np.maximum(outputs, 0)), outputs)


def following(trace: Trace, next_outputs: Sequence[int | None]) -> Integers:
    """Return the output (T, 1) about the token that follows each step; -1 where there is none."""
    outputs = [next_outputs[token.id] for token in trace.tokens[1:]] + [None]
    return np.array([[-1 if each is None else each] for each in outputs], np.int64)


def shifted(probabilities: NDArray[np.floating], outputs: Integers) -> NDArray[np.float64]:
    """Return what ``expected`` returns, of the ``probabilities`` (T, 1) of the ``outputs`` of ``following``."""
    after = np.where(outputs < 0, np.nan, probabilities.astype(np.float64))
    return np.concatenate([[np.nan], after[:-1, 0]])
