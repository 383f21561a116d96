"""Measure how far probabilities are from the shares that they stand for."""

import numpy as np
from numpy.typing import NDArray

from ..recurrent.trace import FloatArray

BINS = 10  # of equal width, from 0 to 1


def calibration_error(probabilities: FloatArray, outcomes: NDArray[np.bool_]) -> float:
    """Return the expected calibration error of ``probabilities`` (N,) of ``outcomes`` (N,), from 0 to 1.

    The examples fall into ``BINS`` by their probability; in each, the mean probability is compared with the share of
    true outcomes, and the differences are averaged over the examples (Naeini, Cooper & Hauskrecht 2015). Raises
    ValueError if there are no examples.
    """
    if not len(probabilities):
        raise ValueError("there is nothing to calibrate: no example was given")
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    differences = np.bincount(bins, probabilities.astype(np.float64) - outcomes, minlength=BINS)
    return float(np.abs(differences).sum() / len(probabilities))
