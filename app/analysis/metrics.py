"""Held-out figures: a mean over examples, with an interval that says how far another sample might have differed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..recurrent.trace import FloatArray
from ..store.fields import Metric

RESAMPLES = 2_000
LEVEL = 0.95


@dataclass(frozen=True, eq=False)
class Figure:
    """One measure of one network, example by example; what is reported is the mean."""

    name: str  # what was measured, on which data
    values: FloatArray  # (N,), one an example
    unit: str = "share"  # of the values: share, bits per character, n …
    baselines: Mapping[str, float] = field(default_factory=dict)  # what simpler means reach, by name


def interval(values: FloatArray, seed: int = 0) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean of ``values`` (N,).

    Examples are drawn as often as there are, with replacement; the means of such draws leave 2.5 % outside at either
    end (the percentile interval: Efron & Tibshirani 1993, ch. 13). Raises ValueError if there is no example.
    """
    if not len(values):
        raise ValueError("there is nothing to measure: no example was held out")
    generator = np.random.default_rng(seed)
    # One draw at a time: all of them at once would take gigabytes for some hundred thousand examples.
    return middle([float(values[generator.integers(len(values), size=len(values))].mean()) for _ in range(RESAMPLES)])


def middle(draws: Sequence[float]) -> tuple[float, float]:
    """Where the middle 95 % of ``draws`` begin and end."""
    low, high = np.quantile(np.array(draws), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def metrics(runs: Sequence[Sequence[Figure]], chosen: int) -> list[Metric]:
    """The figures of the run ``chosen``, beside those of all runs, one a seed.

    One example alone says nothing of another sample: it has no interval. Raises ValueError, naming the measure, where
    there is none.
    """
    found = []
    for figure, *same in zip(runs[chosen], *runs, strict=True):
        values = figure.values.astype(np.float64)
        try:
            between = interval(values) if len(values) != 1 else None
        except ValueError as empty:
            raise ValueError(f"{figure.name}: {empty}") from None
        found.append(
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
    return found
