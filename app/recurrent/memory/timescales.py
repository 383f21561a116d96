"""For how long a layer and its units keep: medians by distance, half-lives, time scales. Logarithms are base-10."""

import math

import numpy as np

from ..trace import FloatArray
from .distance import Array


def by_distance(norms: Array) -> Array:
    """The logarithm (T,) of the median over t of the norms behind ``norms`` (T, T), at each distance t − k.

    Between two middle values it is their mean, not that of their logarithms.
    """
    found = np.empty(len(norms))
    for distance in range(len(norms)):
        values = np.sort(np.diagonal(norms, -distance))
        middle = values[[(len(values) - 1) // 2, len(values) // 2]] * math.log(10)
        found[distance] = (np.logaddexp(*middle) - math.log(2)) / math.log(10)
    return found


def half_life(medians: Array) -> int | None:
    """The first distance at which ``medians``, by distance, stand under half of that at distance 1; None if never.

    Where nothing at all is left at distance 1, that is the one.
    """
    below = np.flatnonzero((medians[1:] < medians[1:2] - math.log10(2)) | np.isneginf(medians[1:]))
    return int(below[0]) + 1 if len(below) else None


def time_scales(gate: FloatArray) -> Array:
    """τ = 1 / (1 − m) in steps, (T, H), with m the geometric mean up to each step of what every unit keeps.

    ``gate`` (T, H) is an LSTM's f or a GRU's z; the last row is of the whole sequence. ∞ for a unit that keeps all.
    """
    with np.errstate(divide="ignore"):
        return time_scales_of_logarithms(np.log(gate.astype(np.float64)))


def time_scales_of_logarithms(log_gate: Array) -> Array:
    """Return ``time_scales`` of a gate's natural logarithms (T, H).

    The gate itself may be 0 to all its digits at one step, and m would be 0 from there on.
    """
    means = log_gate.cumsum(axis=0) / np.arange(1, len(log_gate) + 1)[:, None]
    with np.errstate(divide="ignore"):
        found: Array = 1 / np.abs(np.expm1(means))
    return found
