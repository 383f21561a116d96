"""Sentiment of sentences, word by word: its data, its vocabulary, its loss and its recipe."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils.rnn import pad_sequence

from ...recurrent.cells import CellName
from ...recurrent.network import NetworkConfig
from ...recurrent.tokenizer import UNKNOWN, WordTokenizer
from ..sources import corpora
from ..sources.corpora import Example, Part
from ..sources.download import MissingClientError, Package, obtain
from ..sources.phrases import Word, training_phrases, words
from ..trainer import Batch, Recipe

VADER = Package(
    "pip",
    "vaderSentiment",
    "3.3.2",
    "vaderSentiment-3.3.2.tar.gz",
    sha256="5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    holds="rated film reviews (texts from Rotten Tomatoes), product reviews, editorials and tweets; a rated lexicon",
    licence="MIT",
)
UCI = Package(
    "npm",
    "sentiment",
    "5.0.2",
    "sentiment-5.0.2.tgz",
    sha256="89302eb03d2005d03b214fe65814bb48adb7d3c42c8ca80bdee6a3ecb7e4480f",
    holds="the UCI sentences of IMDb, Amazon and Yelp",
    licence="MIT",
)

PACKAGES = (VADER, UCI)

DESCRIPTION = "After each word: the probability that the sentence so far is positive."
EXAMPLES = (
    "the movie was not good",
    "the movie was good",
    "not bad at all",
    "the acting was terrible but the story was wonderful",
    "I don't love it, but I don't hate it either",
)
SHOWN = (
    *("the movie was", "good", "not good", "bad", "not bad", "the movie was bad", "the movie was not bad"),
    *EXAMPLES,
    "I never thought it would be this good",
)

WORDS = 8_000
PAIRS = 6_000
STEEPNESS = 1.5  # of the sigmoid that makes a probability of a rating
EVERY_STEP = 0.2  # weight of the loss after every word, beside that after the last
RECIPE = Recipe(epochs=10, keep_best=False)


@dataclass(frozen=True)
class Data:
    """What a network learns from, and is measured on."""

    parts: dict[Part, list[Example]]
    words: list[Word]  # of the templated phrases
    phrases: list[Example]
    tokenizer: WordTokenizer
    packages: list[Package]  # that it was read from


def load(cache: Path, warn: Callable[[str], None]) -> Data:
    """Obtain the packages, by way of the folder ``cache``, and read them.

    Without npm the UCI sentences are left out, which ``warn`` is told. Raises DataError for all else that is amiss.
    """
    archive, packages = obtain(VADER, cache), [VADER]
    examples = corpora.vader(archive)
    try:
        examples += corpora.uci(obtain(UCI, cache))
        packages.append(UCI)
    except MissingClientError as error:
        warn(f"{error}: {UCI.holds} are left out")
    parts = corpora.split(corpora.distinct(examples))
    sentences = [WordTokenizer.keys(example.text) for example in parts["train"]]
    known = frequent(sentences, WORDS)
    chosen = words(corpora.lexicon(archive), known, sentences)
    return Data(parts, chosen, training_phrases(chosen, PAIRS), WordTokenizer([UNKNOWN, *known]), packages)


def frequent(sentences: Iterable[Sequence[str]], size: int) -> list[str]:
    """The ``size`` most frequent tokens; among equals, the first in code point order."""
    counts = Counter(key for sentence in sentences for key in sentence)
    return sorted(counts, key=lambda key: (-counts[key], key))[:size]


def network_config(cell: CellName, tokenizer: WordTokenizer) -> NetworkConfig:
    """The network that is trained: of equal width whatever the cell."""
    return NetworkConfig(cell, len(tokenizer.vocabulary), embedding_size=32, hidden_size=64, outputs=1)


class Sentiment:
    """The task: is the sentence so far positive? For ``train``."""

    def __init__(self, data: Data) -> None:
        examples = [*data.parts["train"], *data.phrases]
        self.ids = [torch.tensor([token.id for token in data.tokenizer(example.text)]) for example in examples]
        self.lengths = torch.tensor([len(ids) for ids in self.ids])
        self.targets = torch.sigmoid(STEEPNESS * torch.tensor([example.rating for example in examples]))

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
        """Batches of sentences of similar length, which need little padding."""
        order = torch.randperm(len(self.ids), generator=generator)
        pools = [pool[self.lengths[pool].argsort()] for pool in torch.split(order, 50 * batch_size)]
        batches = [batch for pool in pools for batch in torch.split(pool, batch_size)]
        return [self._batch(batches[int(at)]) for at in torch.randperm(len(batches), generator=generator)]

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy after the last word, and its mean over all words, so that every verdict means something."""
        steps, lengths = torch.arange(logits.shape[1]), cast("Tensor", batch.lengths)
        targets = batch.targets[:, None].expand(logits.shape[:2])  # (B, T)
        losses = binary_cross_entropy_with_logits(logits[:, :, 0], targets, reduction="none")
        last, present = steps == lengths[:, None] - 1, steps < lengths[:, None]  # (B, T)
        return losses[last].mean() + EVERY_STEP * losses[present].mean()

    def _batch(self, rows: Tensor) -> Batch:
        ids = pad_sequence([self.ids[row] for row in rows.tolist()], batch_first=True)
        return Batch(ids, self.lengths[rows], self.targets[rows])
