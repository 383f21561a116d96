"""What tasks share that give a verdict on whole texts: batches, and how much the verdict after each word counts."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from .trainer import Batch

EVERY_STEP = 0.2  # weight of the mean loss over all words; the loss after the last word has weight 1
POOL = 50  # batches that are sorted by length together


class Verdicts(ABC):
    """An objective over texts that have one target each, asked for after every word and above all after the last."""

    def __init__(self, ids: Sequence[Tensor], targets: Tensor) -> None:
        self.ids, self.targets = ids, targets  # N times (T,); (N,)
        self.lengths = torch.tensor([len(each) for each in ids])

    @abstractmethod
    def losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss after each word (B, T), for logits (B, T, outputs) and targets (B, T)."""

    def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
        """Return batches of texts of similar length, which need little padding."""
        order = torch.randperm(len(self.ids), generator=generator)
        pools = [pool[self.lengths[pool].argsort()] for pool in torch.split(order, POOL * batch_size)]
        batches = [batch for pool in pools for batch in torch.split(pool, batch_size)]
        return [self._batch(batches[int(at)]) for at in torch.randperm(len(batches), generator=generator)]

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the loss after the last word and a little of that after every word, so that each verdict counts."""
        steps, lengths = torch.arange(logits.shape[1]), cast("Tensor", batch.lengths)
        losses = self.losses(logits, batch.targets[:, None].expand(logits.shape[:2]))  # (B, T)
        last, present = steps == lengths[:, None] - 1, steps < lengths[:, None]  # (B, T)
        return losses[last].mean() + EVERY_STEP * losses[present].mean()

    def _batch(self, rows: Tensor) -> Batch:
        ids = pad_sequence([self.ids[row] for row in rows.tolist()], batch_first=True)
        return Batch(ids, self.lengths[rows], self.targets[rows])
