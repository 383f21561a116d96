"""Figures on held-out data: means over examples, each with a confidence interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..recurrent.trace import FloatArray
from ..store.fields import Metric

RESAMPLES = 2_000
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Figure:
    """One measure of one network, example by example; the mean is reported."""

    name: str  # what was measured, on which data
    values: FloatArray  # (N,), one per example
    unit: str = "share"  # of the values: share, bits per character, n …
    baselines: Mapping[str, float] = field(default_factory=dict)  # means of baselines, by name
    groups: NDArray[np.int64] | None = None  # (N,), from 0: examples of one file or document are alike; None: none are


def interval(values: FloatArray, groups: NDArray[np.int64] | None = None, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean of ``values`` (N,).

    N examples, or with ``groups`` (N,) whole groups of them, are sampled with replacement many times; 2.5 % of the
    samples' means lie outside at either end (the percentile interval: Efron & Tibshirani 1993, ch. 13; of groups:
    Davison & Hinkley 1997, 3.8). Raises ValueError if there are no examples.
    """
    if not len(values):
        raise ValueError("there is nothing to measure: no example was held out")
    sums, counts = _by_group(values, groups)
    generator = np.random.default_rng(seed)
    draws = []
    for _ in range(RESAMPLES):  # one at a time: all at once would take gigabytes for a few hundred thousand examples
        drawn = generator.integers(len(sums), size=len(sums))
        draws.append(float(sums[drawn].sum() / counts[drawn].sum()))
    return middle(draws)


def standard_error(values: FloatArray, groups: NDArray[np.int64] | None = None) -> float:
    """Return the standard error of the mean of ``values`` (N,), whose ``groups`` (N,) are independent of each other."""
    sums, counts = _by_group(values, groups)
    return float(np.sqrt(((sums - counts * values.mean()) ** 2).sum()) / len(values))


def middle(draws: Sequence[float]) -> tuple[float, float]:
    """Return the ends of the middle 95 % of ``draws``."""
    low, high = np.quantile(np.array(draws), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def metrics(runs: Sequence[Sequence[Figure]], chosen: int) -> list[Metric]:
    """Return the figures of the run ``chosen``, with those of all runs, one per seed.

    A single example has no interval. Raises ValueError, which names the measure, if there are no examples.
    """
    measured = []
    for figure, *same in zip(runs[chosen], *runs, strict=True):
        values = figure.values.astype(np.float64)
        try:
            between = interval(values, figure.groups) if len(values) != 1 else None
        except ValueError as empty:
            raise ValueError(f"{figure.name}: {empty}") from None
        measured.append(
            Metric(
                name=figure.name,
                value=float(values.mean()),
                standard_error=standard_error(values, figure.groups),
                interval=between,
                unit=figure.unit,
                baselines=dict(figure.baselines),
                seeds=[float(each.values.mean(dtype=np.float64)) for each in same],
                examples=values.size,
            )
        )
    return measured


def _by_group(values: FloatArray, groups: NDArray[np.int64] | None) -> tuple[FloatArray, FloatArray]:
    """Return the sum and the number of the values of each group that has any; without groups, of each value."""
    if groups is None:
        return values, np.ones(len(values))
    counts = np.bincount(groups)
    sums: NDArray[np.float64] = np.bincount(groups, values).astype(np.float64)
    return sums[counts > 0], counts[counts > 0].astype(np.float64)
