"""Measure how often a network is right on held-out text."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.rnn import pad_sequence

from ..recurrent.network import Network
from ..recurrent.precision import in_full_precision
from ..recurrent.tokenizer import Tokenizer
from ..recurrent.trace import FloatArray

BATCH = 256
CLEAR = 0.5  # smallest |rating| of a text that counts as positive or negative

Booleans = NDArray[np.bool_]
Outcomes = dict[str, Booleans]  # name of a measure → for each example, whether the network was right


@dataclass(frozen=True)
class Rated:
    """Texts with their ratings, positive above 0."""

    name: str
    texts: Sequence[str]
    ratings: Sequence[float]


@dataclass(frozen=True)
class Negated:
    """Plain phrases, their negations, and the ratings of the plain phrases."""

    plain: Sequence[str]
    negated: Sequence[str]
    ratings: Sequence[float]


@in_full_precision
@torch.inference_mode()
def verdicts(network: Network, tokenizer: Tokenizer, texts: Sequence[str]) -> FloatArray:
    """Return the outputs after the last token of each text: (N, outputs).

    Raises ValueError for a text without tokens, and OverflowError for one that makes the states overflow; both name it.
    """
    ids = [torch.tensor([token.id for token in tokenizer(text)]) for text in texts]
    for text, sequence in zip(texts, ids, strict=True):
        if not len(sequence):
            raise ValueError(f"the text {text!r} has no token")
    batches = []
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        lengths = torch.tensor([len(sequence) for sequence in batch])
        logits = network(pad_sequence(batch, batch_first=True), lengths)  # (B, T, outputs)
        batches.append(network.probabilities(logits[torch.arange(len(batch)), lengths - 1]))
    outputs = torch.cat(batches) if batches else torch.empty(0, network.config.outputs)
    if len(overflown := outputs.isnan().any(dim=1).nonzero()):
        raise OverflowError(f"the states of the network leave the range of floats over {texts[int(overflown[0])]!r}")
    return outputs.numpy()


def accuracy(network: Network, tokenizer: Tokenizer, rated: Rated) -> Outcomes:
    """Return whether verdict and rating have the same sign, for each text with a |rating| of at least ``CLEAR``."""
    clear = [at for at, rating in enumerate(rated.ratings) if abs(rating) >= CLEAR]
    positive = verdicts(network, tokenizer, [rated.texts[at] for at in clear])[:, 0]
    return {rated.name: (positive > 0.5) == np.array([rated.ratings[at] > 0 for at in clear], bool)}


def negation(network: Network, tokenizer: Tokenizer, phrases: Negated) -> Outcomes:
    """Return whether phrases are judged correctly, without a negation and with one.

    A pair counts as flipped if both verdicts are correct: that on the plain phrase, and the opposite on its negation.
    """
    positive = np.array(phrases.ratings) > 0
    plain = verdicts(network, tokenizer, phrases.plain)[:, 0] > 0.5
    negated = verdicts(network, tokenizer, phrases.negated)[:, 0] > 0.5
    return {
        "held-out words, plain": plain == positive,
        "held-out words, flipped by not": (plain == positive) & (negated != positive),
        "held-out words, not good < 0.5": ~negated[positive],
        "held-out words, not bad > 0.5": negated[~positive],
    }
