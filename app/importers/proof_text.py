"""Bits per token of a known text: how well a language model predicts it, by which a wrong order of its gates shows."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..recurrent.network import Network
from ..recurrent.tokenizer import Token
from ..recurrent.trace import trace
from .building import Built

EXCERPT = (
    "Alice was beginning to get very tired of sitting by her sister on the bank, and of having nothing to do: once or "
    'twice she had peeped into the book her sister was reading, but it had no pictures or conversations in it, "and '
    'what is the use of a book," thought Alice, "without pictures or conversations?"'
)
"""From Lewis Carroll, Alice's Adventures in Wonderland (1865)."""
SOURCE = "Alice’s Adventures in Wonderland"
MOST_TOKENS = 1_000
MOST_WORK = 4e9  # multiplications in all orders of the gates: a second or two
LEAST_KNOWN = 0.5  # share of the tokens that a vocabulary must have for the excerpt to say anything
_LONGEST_WORD = 50  # characters: as many of a long text are looked at for each token
_ORDERS = 24


class Sample(NamedTuple):
    """A text that a language model predicts."""

    tokens: Sequence[Token]
    places: Sequence[int | None]  # for each token id, its output
    description: str


def sample_of(built: Built, text: str = "") -> Sample | None:
    """Return what ``built`` predicts of a text, or else of the excerpt; None if it predicts no tokens, or knows few."""
    if built.tokenizer is None or not built.predicts_next:
        return None
    weights = sum(weight.numel() for weight in built.network.parameters())
    most = int(min(MOST_TOKENS, max(50, MOST_WORK / _ORDERS / weights)))
    tokens = built.tokenizer((text or EXCERPT)[: most * _LONGEST_WORD])[:most]
    outputs = {name: at for at, name in enumerate(built.outputs)}
    places = [outputs.get(key) for key in built.tokenizer.vocabulary]
    known = [token.known for token in tokens[1:]]
    if not known or (not text and sum(known) < LEAST_KNOWN * len(known)):
        return None
    kind = "characters" if built.tokenizer.kind == "character" else "words"
    return Sample(tokens, places, f"{len(tokens)} {kind} of {'the text given' if text else SOURCE}")


def bits_per_token(network: Network, sample: Sample) -> float | None:
    """Return the mean of −log2 of the probability of each known token after the first; None if none is known."""
    outputs = trace(network, sample.tokens).outputs  # (T, outputs)
    predicted = [
        (step, place)
        for step, token in enumerate(sample.tokens[1:])
        if token.known and (place := sample.places[token.id]) is not None
    ]
    if not predicted:
        return None
    steps, places = zip(*predicted, strict=True)
    likely = np.maximum(outputs[list(steps), list(places)].astype(np.float64), np.finfo(np.float64).tiny)
    return float(-np.log2(likely).mean())
