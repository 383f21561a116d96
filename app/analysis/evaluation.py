"""How often a network is right on held-out text."""

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
    """Phrases, their negations, and the ratings of the plain ones."""

    plain: Sequence[str]
    negated: Sequence[str]
    ratings: Sequence[float]


@in_full_precision
@torch.inference_mode()
def verdicts(network: Network, tokenizer: Tokenizer, texts: Sequence[str]) -> FloatArray:
    """What the head says after the last token of each text: (N, outputs).

    Raises ValueError, naming it, for a text without a token, and OverflowError for one over which states overflow.
    """
    ids = [torch.tensor([token.id for token in tokenizer(text)]) for text in texts]
    for text, sequence in zip(texts, ids, strict=True):
        if not len(sequence):
            raise ValueError(f"there is no token in {text!r}")
    said = []
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        lengths = torch.tensor([len(sequence) for sequence in batch])
        logits = network(pad_sequence(batch, batch_first=True), lengths)  # (B, T, outputs)
        said.append(network.probabilities(logits[torch.arange(len(batch)), lengths - 1]))
    if broken := [at for at, each in enumerate(torch.cat(said)) if each.isnan().any()] if said else []:
        raise OverflowError(f"the states of the network leave the range of floats over {texts[broken[0]]!r}")
    return torch.cat(said).numpy() if said else np.empty((0, network.config.outputs), np.float32)


def accuracy(network: Network, tokenizer: Tokenizer, rated: Rated) -> Outcomes:
    """Whether the verdict falls on the side of the rating, for the texts whose |rating| is at least ``CLEAR``."""
    clear = [at for at, rating in enumerate(rated.ratings) if abs(rating) >= CLEAR]
    said = verdicts(network, tokenizer, [rated.texts[at] for at in clear])[:, 0]
    return {rated.name: (said > 0.5) == np.array([rated.ratings[at] > 0 for at in clear], bool)}


def negation(network: Network, tokenizer: Tokenizer, phrases: Negated) -> Outcomes:
    """Whether phrases are judged rightly without a negation and with it.

    A flip is a pair of which both are right: the plain phrase on the side of its rating, its negation on the other.
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
