"""For how long a layer and its units keep: medians by distance, half-lives, time scales. Logarithms are base-10."""

import math

import numpy as np

from ..trace import FloatArray
from .distance import Array


def by_distance(norms: Array) -> Array:
    """Return the logarithm (T,) of the median norm at each distance t − k; ``norms`` (T, T) are logarithms.

    The median of an even number is the mean of the middle two norms, not of their logarithms.
    """
    medians = np.empty(len(norms))
    for distance in range(len(norms)):
        values = np.sort(np.diagonal(norms, -distance))
        middle = values[[(len(values) - 1) // 2, len(values) // 2]] * math.log(10)
        medians[distance] = (np.logaddexp(*middle) - math.log(2)) / math.log(10)
    return medians


def half_life(medians: Array) -> int | None:
    """Return the first distance at which the median norm is under half of that at distance 1; None if there is none.

    ``medians`` (T,) are logarithms by distance. If nothing is left at distance 1, the half-life is 1.
    """
    below = np.flatnonzero((medians[1:] < medians[1:2] - math.log10(2)) | np.isneginf(medians[1:]))
    return int(below[0]) + 1 if len(below) else None


def time_scales(gate: FloatArray) -> Array:
    """Return τ = 1 / (1 − m) in steps, (T, H), with m the geometric mean of the gate up to each step.

    ``gate`` (T, H) is an LSTM's f or a GRU's z; the last row is of the whole sequence. ∞: the unit keeps everything.
    """
    with np.errstate(divide="ignore"):
        return time_scales_of_logarithms(np.log(gate.astype(np.float64)))


def time_scales_of_logarithms(log_gate: Array) -> Array:
    """Return ``time_scales`` of a gate's natural logarithms (T, H).

    The gate itself may be 0 to all its digits at one step, and m would be 0 from there on.
    """
    means = log_gate.cumsum(axis=0) / np.arange(1, len(log_gate) + 1)[:, None]
    with np.errstate(divide="ignore"):
        tau: Array = 1 / np.abs(np.expm1(means))
    return tau
