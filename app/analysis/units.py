"""Find the units that track features of a text: chosen on some texts, measured on others, compared with chance.

Karpathy, Johnson & Fei-Fei (2015) found units that follow quotations, brackets and the end of a line by eye. Here every
unit is compared with every feature, and so are the units of untrained networks: the best of a few hundred units looks
good on the texts that it was chosen on, and networks with random weights remember what they read, too. A unit may also
be one of many that track as well, and a feature may be spread over units none of which tracks it: so the units that
come close are counted, and a linear probe reads all states together (Alain & Bengio 2017).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..recurrent.network import Network
from ..recurrent.tokenizer import Reader, Token
from ..recurrent.trace import FloatArray, trace
from ..store.fields import NamedUnit
from .features import Feature
from .metrics import RESAMPLES, middle
from .statistics import Key

CLOSE = 0.9  # of the way from chance to the best score: a unit that gets there comes close to the best
RIDGE = 1.0  # penalty of a linear probe, for columns of standard deviation 1
STATES = "ch"  # a network's memory: units of these letters take precedence over others that track equally well
ROUNDING = 1e-13  # a spread below this share of the values is rounding

Integers = NDArray[np.integer[Any]]
Features = Callable[[Any], Sequence[Feature]]


@dataclass(frozen=True)
class Measure:
    """A measure of how closely the columns of an array follow a feature; flipping a sign mirrors it about chance."""

    name: Literal["r", "AUC"]
    chance: float  # its value for a column that is unrelated to the feature
    floor: float  # least score of a unit that may be named
    prepare: Callable[[FloatArray], NDArray[Any]]  # (N, H) → (N, H), once for all features
    score: Callable[[NDArray[Any], FloatArray, FloatArray], FloatArray]  # prepared (N, H), y (N,), weights (N,) → (H,)


def correlation(x: FloatArray, y: FloatArray, weights: FloatArray) -> FloatArray:
    """Return Pearson's r (H,) of each column of ``x`` (N, H) with ``y`` (N,), rows counted ``weights`` (N,) times.

    It is 0 where either does not vary.
    """
    share = weights / weights.sum()
    apart_x, apart_y = x - share @ x, y - share @ y
    spread = np.sqrt((share @ apart_x**2) * (share @ apart_y**2))
    varies = spread > ROUNDING * np.sqrt((share @ x**2) * (share @ y**2))
    r: FloatArray = np.divide((share * apart_y) @ apart_x, spread, out=np.zeros(x.shape[1]), where=varies)
    return r.clip(-1, 1)  # rounding may exceed the bounds


def area(ranks: Integers, y: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the area (H,) under the ROC curve of each column of ``ranks`` (N, H) for ``y`` (N,), 0 or 1.

    Among the pairs of a row with 1 and a row with 0 it is the share in which the first has the greater rank; ties count
    half (Hanley & McNeil 1982). Rows count ``weights`` (N,) times. Without any pair it is 0.5.
    """
    ones, zeros = weights * y, weights * (1 - y)
    pairs = ones.sum() * zeros.sum()
    if not pairs:
        return np.full(ranks.shape[1], 0.5)
    by_rank = ((np.bincount(column, ones), np.bincount(column, zeros)) for column in ranks.T)
    areas: FloatArray = np.array([one @ (zero.cumsum() - zero / 2) for one, zero in by_rank]) / pairs
    return areas


def dense_ranks(x: FloatArray) -> Integers:
    """Return the rank of each value in its column of ``x`` (N, H), from 0; equal values have equal ranks."""
    return np.stack([np.unique(column, return_inverse=True)[1] for column in x.T], axis=1)


def scaled(x: FloatArray) -> FloatArray:
    """Return each column of ``x`` (N, H) over the power of two above its greatest |value|, in float64.

    It correlates as ``x`` does, to the last digit, and may be squared: states of a float64 network reach 1e308.
    """
    x = x.astype(np.float64)
    _, exponents = np.frexp(np.abs(x).max(axis=0, initial=0))
    below_one: FloatArray = np.ldexp(x, -exponents)
    return below_one


# A feature explains at least 16 % of the variance of a unit with a name; for a feature that is as often true as false,
# an AUC of 0.7 is about the same (r = 0.35), and the least that Hosmer & Lemeshow (2000) call acceptable.
R = Measure("r", 0.0, 0.4, scaled, correlation)
AUC = Measure("AUC", 0.5, 0.7, dense_ranks, area)
MEASURES = {measure.name: measure for measure in (R, AUC)}


@dataclass(frozen=True, eq=False)
class Marked:
    """Texts, and the N steps of all of them at which any feature applies."""

    texts: list[list[Token]]
    known: list[NDArray[np.bool_]]  # (T,) for each text: whether a step is one of the N
    features: dict[str, FloatArray]  # name → (N,); NaN where it does not apply
    text: Integers  # (N,): the index of each step's text


@dataclass(frozen=True)
class Place:
    """An activation of a unit, with the sign that makes it rise with a feature."""

    key: Key
    unit: int
    sign: Literal[-1, 1]


@dataclass(frozen=True, eq=False)
class Sample:
    """One activation and one feature, at the steps where the feature applies."""

    measure: Measure
    x: FloatArray  # (N, 1)
    y: FloatArray  # (N,)
    text: Integers  # (N,): the index of each step's text, counted without gaps

    def score(self) -> float:
        """Return the measure over all steps."""
        return float(self.measure.score(self.measure.prepare(self.x), self.y, np.ones(len(self.y)))[0])

    def interval(self, seed: int = 0) -> tuple[float, float]:
        """Return the 95 % bootstrap interval of the score: texts are resampled, each with all of its steps."""
        generator, count = np.random.default_rng(seed), int(self.text.max()) + 1
        x = self.measure.prepare(self.x)
        draws = []
        for _ in range(RESAMPLES):
            drawn = np.bincount(generator.integers(count, size=count), minlength=count)
            draws.append(float(self.measure.score(x, self.y, drawn[self.text].astype(np.float64))[0]))
        return middle(draws)


@dataclass(frozen=True, eq=False)
class Tracker:
    """What tracks a feature in one network: its best unit, the units next to it, and all states together."""

    place: Place
    sample: Sample
    scores: FloatArray  # (H,): the score of every unit of that activation
    probe: float

    def close_from(self) -> float:
        """Return the score from which on a unit comes close to the best one."""
        chance = self.sample.measure.chance
        return chance + CLOSE * abs(self.sample.score() - chance)

    def close(self) -> int:
        """Return how many units come close, rising or falling with the feature; the best one counts, too."""
        chance = self.sample.measure.chance
        apart = np.abs(self.scores - chance)
        apart[self.place.unit] = np.inf
        return int((apart >= self.close_from() - chance).sum())


def best_units(
    network: Network,
    untrained: Iterable[Network],
    read: Reader,
    choose: Sequence[Any],
    report: Sequence[Any],
    features: Features,
) -> list[NamedUnit]:
    """Return, for each feature, the unit of ``network`` that tracks it best, even if badly (see ``stands_out``).

    Every activation of every layer and direction is searched. The unit and its sign are chosen on the texts ``choose``
    and scored on the texts ``report``, and so are those of the ``untrained`` networks, at least one. Texts are whatever
    ``read`` reads: strings, or sequences of numbers.

    A feature is left out if it never changes in one of the two sets of texts, or applies in fewer than two texts of
    ``report``. Raises ValueError for a text without tokens, and for a feature without a value for each token.
    """
    choosing, reporting = mark(read, choose, features), mark(read, report, features)
    measures = _measures(choosing, reporting)
    if not measures:
        return []
    trackers = _trackers(network, measures, choosing, reporting)
    baselines = [_trackers(each, measures, choosing, reporting) for each in untrained]
    named = []
    for name, tracker in trackers.items():
        place, sample = tracker.place, tracker.sample
        layer, direction, letter = place.key
        named.append(
            NamedUnit(
                feature=name,
                layer=layer,
                direction=direction,
                activation=letter,
                unit=place.unit,
                sign=place.sign,
                measure=sample.measure.name,
                score=sample.score(),
                interval=sample.interval(),
                untrained=[baseline[name].sample.score() for baseline in baselines],
                close=tracker.close(),
                close_from=tracker.close_from(),
                probe=tracker.probe,
                untrained_probes=[baseline[name].probe for baseline in baselines],
                texts=int(sample.text.max()) + 1,
                steps=len(sample.y),
            )
        )
    return named


def threshold(unit: NamedUnit) -> float:
    """Return the score that a unit must exceed to be named: that of the best untrained network, but at least chance."""
    return max(MEASURES[unit.measure].chance, *unit.untrained)


def stands_out(unit: NamedUnit) -> bool:
    """Return whether a unit may be named: it reaches the floor, and its whole interval is above the ``threshold``."""
    return unit.score >= MEASURES[unit.measure].floor and unit.interval[0] > threshold(unit)


def linear_probe(fitted: FloatArray, wanted: FloatArray, read: FloatArray) -> FloatArray:
    """Return what a ridge regression of ``wanted`` (N,) on ``fitted`` (N, F) says of ``read`` (M, F): (M,)."""
    mean, spread = fitted.mean(axis=0), fitted.std(axis=0)
    spread[spread == 0] = 1
    x = (fitted - mean) / spread
    weights = np.linalg.solve(x.T @ x + RIDGE * np.eye(x.shape[1]), x.T @ (wanted - wanted.mean()))
    readings: FloatArray = (read - mean) / spread @ weights
    return readings


def mark(read: Reader, texts: Sequence[Any], features: Features) -> Marked:
    """Return the features of each step of ``texts``. Raises ValueError if a text or a feature cannot be used."""
    tokens, values = [read(text) for text in texts], []
    for text, sequence in zip(texts, tokens, strict=True):
        if not sequence:
            raise ValueError(f"the text {text!r} has no token")
        values.append({each.name: each.values.astype(np.float64) for each in features(text)})
        for name, row in values[-1].items():
            if row.shape != (len(sequence),):
                raise ValueError(f"{name}: {len(row)} values for the {len(sequence)} tokens of {str(text)[:40]!r}")
    names = list(dict.fromkeys(name for each in values for name in each))
    rows = [
        np.array([each.get(name, np.full(len(sequence), np.nan)) for name in names]).reshape(len(names), len(sequence))
        for sequence, each in zip(tokens, values, strict=True)
    ]  # (features, T) for each text
    known = [~np.isnan(each).all(axis=0) for each in rows]
    joined: Any = np.concatenate([each[:, at] for each, at in zip(rows, known, strict=True)], axis=1) if rows else []
    text_of = np.repeat(np.arange(len(texts)), [at.sum() for at in known])
    return Marked(tokens, known, dict(zip(names, joined, strict=True)), text_of)


def _measures(choosing: Marked, reporting: Marked) -> dict[str, Measure]:
    """Return a measure for each feature that units can be compared with: AUC if it is always 0 or 1, otherwise r."""
    usable = {}
    for name in choosing.features.keys() & reporting.features.keys():
        kinds = [np.unique(each.features[name][~np.isnan(each.features[name])]) for each in (choosing, reporting)]
        texts = np.unique(reporting.text[~np.isnan(reporting.features[name])])
        if min(map(len, kinds)) > 1 and len(texts) > 1:
            usable[name] = AUC if np.isin(np.concatenate(kinds), [0, 1]).all() else R
    return {name: usable[name] for name in choosing.features if name in usable}


def _trackers(
    network: Network, measures: Mapping[str, Measure], choosing: Marked, reporting: Marked
) -> dict[str, Tracker]:
    chosen, reported = _activations(network, choosing), _activations(network, reporting)
    # One scale for both halves: what a probe was fitted to and what it reads must be measured alike.
    states = scaled(np.concatenate([_states(chosen), _states(reported)]))
    fitted, read = states[: choosing.text.size], states[choosing.text.size :]
    trackers = {}
    for name, place in _places(chosen, measures, choosing).items():
        measure, y = measures[name], reporting.features[name]
        applies, known = ~np.isnan(y), ~np.isnan(choosing.features[name])
        text = np.unique(reporting.text[applies], return_inverse=True)[1]
        activation, weights = reported[place.key][applies], np.ones(applies.sum())
        readings = linear_probe(fitted[known], choosing.features[name][known], read[applies])
        trackers[name] = Tracker(
            place,
            Sample(measure, place.sign * activation[:, place.unit, None], y[applies], text),
            measure.score(measure.prepare(activation), y[applies], weights),
            float(measure.score(measure.prepare(readings[:, None]), y[applies], weights)[0]),
        )
    return trackers


def _states(activations: Mapping[Key, FloatArray]) -> FloatArray:
    """Return the states of all layers and directions (N, F)."""
    return np.hstack([array for key, array in activations.items() if key[2] in STATES])


def _places(activations: Mapping[Key, FloatArray], measures: Mapping[str, Measure], marked: Marked) -> dict[str, Place]:
    """Return where each feature is tracked best; among equals the first, with states before gates."""
    places, closest = {}, dict.fromkeys(measures, -1.0)
    used = {measure.name: measure for measure in measures.values()}
    for key in sorted(activations, key=lambda key: key[2] not in STATES):
        prepared = {name: measure.prepare(activations[key]) for name, measure in used.items()}
        for name, measure in measures.items():
            y = marked.features[name]
            applies = ~np.isnan(y)
            scores = measure.score(prepared[measure.name][applies], y[applies], np.ones(applies.sum())) - measure.chance
            unit = int(np.abs(scores).argmax())
            if abs(scores[unit]) > closest[name]:
                closest[name] = float(abs(scores[unit]))
                places[name] = Place(key, unit, -1 if scores[unit] < 0 else 1)
    return {name: places[name] for name in measures}


def _activations(network: Network, marked: Marked) -> dict[Key, FloatArray]:
    """Return the activations (N, H) at the steps where any feature applies, by layer, direction and letter."""
    rows: dict[Key, list[FloatArray]] = {}
    for tokens, known in zip(marked.texts, marked.known, strict=True):
        if known.any():
            for layer in trace(network, tokens, overflow="refuse").layers:
                for letter, array in layer.activations.items():
                    rows.setdefault((layer.layer, layer.direction, letter), []).append(array[known])
    return {key: np.concatenate(arrays) for key, arrays in rows.items()}
