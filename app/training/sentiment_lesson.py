"""The task "sentiment" as a lesson: its figures, beside those of simpler means, and what a unit might track in it."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..analysis import evaluation
from ..analysis.evaluation import CLEAR, Negated, Rated
from ..analysis.features import Feature
from ..analysis.figures import Figure
from ..recurrent.cells import CellName
from ..recurrent.network import Network, NetworkConfig
from ..recurrent.tokenizer import Tokenizer
from ..recurrent.trace import FloatArray
from . import phrases, sentiment
from .corpora import Example, Part
from .lesson import Slice
from .sentiment import Data, Sentiment
from .train import Recipe

VALIDATION = "validation texts"
TEST = {
    "movie": "film reviews",
    "tweets": "tweets",
    "uci": "UCI sentences",
    "amazon": "product reviews",
    "nyt": "newspaper editorials",
}
SLICES: Mapping[Slice, Part] = {"choose": "validation", "report": "test"}


class SentimentLesson:
    """The lesson."""

    name = "sentiment"

    def __init__(self, data: Data) -> None:
        self._data = data
        self.tokenizer = data.tokenizer
        self.task = Sentiment(data)
        self.about = {
            "task": self.name,
            "description": sentiment.DESCRIPTION,
            "outputs": ["positive"],
            "opposite": "negative",
            "examples": list(sentiment.EXAMPLES),
            "licence": "MIT",
        }
        self.data = hashlib.sha256("".join(each.sha256 for each in data.packages).encode()).hexdigest()
        learned = [*data.parts["train"], *data.phrases]
        self._majority = sum(each.rating > 0 for each in learned) * 2 > len(learned)
        self._log_odds = log_odds(learned, data.tokenizer)
        self._ratings = {each.text: each.rating for part in SLICES.values() for each in data.parts[part]}

    def config(self, cell: CellName) -> NetworkConfig:
        return sentiment.network_config(cell, self.tokenizer)

    def recipe(self, cell: CellName) -> Recipe:  # noqa: ARG002  one for all
        return sentiment.RECIPE

    def judge(self, network: Network) -> float:
        """The share of the validation texts that are judged wrongly."""
        return 1 - float(self._accuracy(network, VALIDATION, self._data.parts["validation"]).values.mean())

    def measure(self, network: Network) -> Sequence[Figure]:
        found = [self._accuracy(network, VALIDATION, self._data.parts["validation"])]
        for source, name in TEST.items():
            examples = [each for each in self._data.parts["test"] if each.source == source]
            if examples:  # without npm there are no UCI sentences
                found.append(self._accuracy(network, name, examples))
        held_out = phrases.held_out_pairs(self._data.words)
        pairs = Negated(
            [plain for _, plain, _ in held_out], [no for *_, no in held_out], [w.rating for w, *_ in held_out]
        )
        outcomes = evaluation.negation(network, self.tokenizer, pairs)
        return [*found, *(Figure(name, right.astype(float)) for name, right in outcomes.items())]

    def held_out(self, part: Slice) -> Sequence[str]:
        return [each.text for each in self._data.parts[SLICES[part]]]

    def features(self, text: str) -> Sequence[Feature]:
        """The rating of the whole text, known at its last word alone; of no text but the held-out ones."""
        values = np.full(len(self.tokenizer(text)), np.nan)
        values[-1:] = self._ratings.get(text, np.nan)
        return [Feature("sentiment so far", values)]

    def facts(self) -> Mapping[str, Any]:
        return {
            "data": [
                {"name": each.name, "version": each.version, "sha256": each.sha256, "licence": each.licence}
                for each in self._data.packages
            ],
            "sizes": {part: len(examples) for part, examples in self._data.parts.items()},
            "recipe": [
                f"{len(self._data.phrases) // 2:,} pairs of templated phrases, with a negation and without, were "
                'added to the training texts: without them "not bad" stays negative.',
                f"The target of a text rated r is σ({sentiment.STEEPNESS}·r); the loss after the last word has "
                f"weight 1, its mean over all words weight {sentiment.EVERY_STEP}.",
                f"Accuracies count the texts whose rating is at least {CLEAR} away from 0.",
            ],
        }

    def _accuracy(self, network: Network, name: str, examples: Sequence[Example]) -> Figure:
        rated = Rated(name, [each.text for each in examples], [each.rating for each in examples])
        (right,) = evaluation.accuracy(network, self.tokenizer, rated).values()
        clear = [each for each in examples if abs(each.rating) >= CLEAR]
        positive = np.array([each.rating > 0 for each in clear], bool)
        counted = np.array([self._log_odds[self._ids(each.text)].sum() > 0 for each in clear], bool)
        simpler = {"majority": positive == self._majority, "naive Bayes": positive == counted}
        baselines = {by: evaluation.share(found)[0] for by, found in simpler.items()}
        return Figure(name, right.astype(float), baselines=baselines)

    def _ids(self, text: str) -> list[int]:
        return [token.id for token in self.tokenizer(text)]


def load(cache: Path, warn: Callable[[str], None]) -> SentimentLesson:
    """The lesson, as ``sentiment.load`` obtains its data."""
    return SentimentLesson(sentiment.load(cache, warn))


def log_odds(examples: Sequence[Example], tokenizer: Tokenizer) -> FloatArray:
    """How much likelier each token of the vocabulary is in a positive text than in a negative one: (V,) logarithms.

    Counts of the texts whose rating is clear, each one more than it is (multinomial naive Bayes).
    """
    counts = np.ones((2, len(tokenizer.vocabulary)))
    for example in examples:
        if abs(example.rating) >= CLEAR:
            np.add.at(counts[int(example.rating > 0)], [token.id for token in tokenizer(example.text)], 1)
    negative, positive = np.log(counts / counts.sum(axis=1, keepdims=True))
    found: FloatArray = positive - negative
    return found
