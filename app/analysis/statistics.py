"""Statistics of every activation over held-out text, unit by unit, and how far single steps depart from them."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..recurrent.cells import GATES
from ..recurrent.memory.saturation import is_open, is_shut
from ..recurrent.modules import Direction
from ..recurrent.tokenizer import Token
from ..recurrent.trace import FloatArray, Trace
from ..store.fields import ActivationStatistics, Statistics

Key = tuple[int, Direction, str]  # layer, direction, letter


class Moments:
    """Mean and standard deviation (H,), in float64, of rows that come in blocks (T, H)."""

    def __init__(self) -> None:
        self.count = 0
        self._mean: NDArray[np.float64] = np.zeros(())
        self._squares: NDArray[np.float64] = np.zeros(())  # sum of squared distances from the mean

    def add(self, rows: FloatArray) -> None:
        """Add rows (T, H) without subtracting large sums (Chan, Golub & LeVeque 1979)."""
        rows = rows.astype(np.float64)
        added, total = len(rows), self.count + len(rows)
        mean = rows.mean(axis=0)
        apart = mean - self._mean
        self._squares = self._squares + ((rows - mean) ** 2).sum(axis=0) + apart**2 * (self.count * added / total)
        self._mean = self._mean + apart * (added / total)
        self.count = total

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean of each column."""
        return self._mean

    @property
    def standard_deviation(self) -> NDArray[np.float64]:
        """Standard deviation of each column, over all rows."""
        return np.sqrt(self._squares / max(self.count, 1))


@dataclass(frozen=True)
class Departure:
    """One activation, averaged over its units: over all steps, and at certain words."""

    layer: int
    direction: Direction
    activation: str
    mean: float  # over all steps
    standard_deviation: float  # over all steps
    at_words: float  # mean over the steps at the words
    steps: int  # at the words
    units: int  # those whose mean at the words is more than a standard deviation from their mean over all steps
    hidden_size: int

    @property
    def deviations(self) -> float:
        """How far the words are from the mean, in standard deviations; 0 for an activation that never changes."""
        return (self.at_words - self.mean) / self.standard_deviation if self.standard_deviation else 0.0


def statistics(traces: Iterable[Trace]) -> Statistics:
    """Return mean and standard deviation of every unit over all steps, and how often each gate is saturated.

    Raises ValueError if there are no traces.
    """
    moments_of = _moments(traces, lambda rows, _: np.hstack([rows, is_shut(rows), is_open(rows)]))  # (T, 3·H)
    if not moments_of:
        raise ValueError("there is nothing to average: no text was traced")
    return Statistics(
        steps=next(iter(moments_of.values())).count,
        activations=[_statistics_of(key, moments) for key, moments in moments_of.items()],
    )


def _statistics_of(key: Key, moments: Moments) -> ActivationStatistics:
    layer, direction, letter = key
    mean, left, right = moments.mean.reshape(3, -1).tolist()
    return ActivationStatistics(
        layer=layer,
        direction=direction,
        activation=letter,
        mean=mean,
        standard_deviation=moments.standard_deviation.reshape(3, -1)[0].tolist(),
        left_saturated=left if letter in GATES else None,
        right_saturated=right if letter in GATES else None,
    )


def deviations(trace: Trace, statistics: Statistics) -> dict[Key, FloatArray]:
    """Return how many standard deviations (T, H) every activation of ``trace`` is from its mean.

    They are 0 for a unit that never changed in the held-out text.
    """
    from_mean = {}
    for each in statistics.activations:
        mean, spread = np.array(each.mean), np.array(each.standard_deviation)
        apart = trace.layer(each.layer, each.direction)[each.activation] - mean
        key = (each.layer, each.direction, each.activation)
        from_mean[key] = np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 0)
    return from_mean


def departures(traces: Collection[Trace], is_word: Callable[[Token], bool]) -> list[Departure]:
    """Return how far each activation departs from its mean at the tokens that ``is_word`` picks.

    The list is empty if it picks none.
    """

    def at_words(rows: FloatArray, trace: Trace) -> FloatArray:
        return rows[[is_word(token) for token in trace.tokens]]

    here, everywhere = _moments(traces, at_words), _moments(traces, lambda rows, _: rows)
    overall = _moments(traces, lambda rows, _: rows.mean(axis=1, keepdims=True))
    measured = []
    for key, moments in here.items():
        apart = np.abs(moments.mean - everywhere[key].mean)
        measured.append(
            Departure(
                *key,
                mean=float(overall[key].mean[0]),
                standard_deviation=float(overall[key].standard_deviation[0]),
                at_words=float(moments.mean.mean()),
                steps=moments.count,
                units=int((apart > everywhere[key].standard_deviation).sum()),
                hidden_size=len(apart),
            )
        )
    return measured


def _moments(traces: Iterable[Trace], rows_of: Callable[[FloatArray, Trace], FloatArray]) -> dict[Key, Moments]:
    """Return the moments of the rows that ``rows_of`` takes from each (T, H) array."""
    moments: dict[Key, Moments] = {}
    for trace in traces:
        for layer in trace.layers:
            for letter, array in layer.activations.items():
                rows = rows_of(array, trace)
                if len(rows):
                    moments.setdefault((layer.layer, layer.direction, letter), Moments()).add(rows)
    return moments
