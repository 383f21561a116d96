"""Figures on held-out data: means over examples, each with a confidence interval."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

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


def interval(values: FloatArray, seed: int = 0) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean of ``values`` (N,).

    N examples are sampled with replacement many times; 2.5 % of the samples' means lie outside at either end (the
    percentile interval: Efron & Tibshirani 1993, ch. 13). Raises ValueError if there are no examples.
    """
    if not len(values):
        raise ValueError("there is nothing to measure: no example was held out")
    generator = np.random.default_rng(seed)
    # One sample at a time: all at once would take gigabytes for a few hundred thousand examples.
    return middle([float(values[generator.integers(len(values), size=len(values))].mean()) for _ in range(RESAMPLES)])


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
            between = interval(values) if len(values) != 1 else None
        except ValueError as empty:
            raise ValueError(f"{figure.name}: {empty}") from None
        measured.append(
            Metric(
                name=figure.name,
                value=float(values.mean()),
                standard_error=float(values.std() / np.sqrt(values.size)),
                interval=between,
                unit=figure.unit,
                baselines=dict(figure.baselines),
                seeds=[float(each.values.mean(dtype=np.float64)) for each in same],
                examples=values.size,
            )
        )
    return measured
