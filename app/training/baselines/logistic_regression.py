"""Logistic regression on which words and pairs of neighbouring words a text holds."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ..sources.vocabulary import frequent
from .labels import LabelIds, LabelledTexts, Words

PENALTY = 1.0  # times half the sum of the squared weights; the biases are free
WEIGHTS = 1_000_000  # at most, which bounds the memory: of more words and pairs the most frequent are learned from
STEPS = 1_000  # most steps of the optimiser, which needs fewer
GRADIENT = 1e-4  # greatest gradient of a weight at the end, of a loss that is a sum over the texts


def labels(learned: LabelledTexts, texts: Words) -> LabelIds:
    """Return the likeliest label of each of ``texts``; what was not learned from does not count."""
    return logits(learned, texts).argmax(dim=1).numpy()


def logits(learned: LabelledTexts, texts: Words) -> Tensor:
    """Return a logit for each label of each of ``texts``: (N, count), in float64.

    The loss is the sum of the cross-entropies and the penalty. It is convex: every optimiser finds these logits.
    """
    chosen = frequent(map(_held, learned.texts), WEIGHTS // learned.count)
    columns = {each: at for at, each in enumerate(chosen)}
    weights = torch.zeros(len(columns), learned.count, dtype=torch.float64, requires_grad=True)
    biases = torch.zeros(learned.count, dtype=torch.float64, requires_grad=True)
    pairs, targets = _pairs(learned.texts, columns), torch.from_numpy(learned.labels)
    optimiser = torch.optim.LBFGS(
        [weights, biases],
        max_iter=STEPS,
        history_size=10,
        tolerance_grad=GRADIENT,
        tolerance_change=0,
        line_search_fn="strong_wolfe",
    )

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = cross_entropy(_summed(pairs, weights, len(targets)) + biases, targets, reduction="sum")
        value = value + PENALTY / 2 * weights.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value.detach()

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        return _summed(_pairs(texts, columns), weights, len(texts)) + biases


def _held(text: Sequence[str]) -> set[str]:
    """Return the words and the pairs that a text holds, each once."""
    return {*text, *(f"{first} {second}" for first, second in pairwise(text))}


def _pairs(texts: Words, columns: Mapping[str, int]) -> Tensor:
    """Return which text holds which column: (2, pairs)."""
    known = [sorted(columns[each] for each in _held(text) if each in columns) for text in texts]
    rows = np.repeat(np.arange(len(known)), [len(each) for each in known])
    return torch.from_numpy(np.stack([rows, np.array([at for text in known for at in text], np.int64)]))


def _summed(pairs: Tensor, weights: Tensor, texts: int) -> Tensor:
    """Return the sum of the weights of what each text holds: (N, count)."""
    rows, columns = pairs
    return weights.new_zeros(texts, weights.shape[1]).index_add(0, rows, weights.index_select(0, columns))
