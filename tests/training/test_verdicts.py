"""What tasks with verdicts on whole texts share: the batches, and how much each word's verdict counts."""

import pytest
import torch
from gatescope.training.trainer import Batch
from gatescope.training.verdicts import EVERY_STEP, Verdicts
from torch import Tensor


class Distance(Verdicts):
    """How far the output is from the target."""

    def losses(self, logits: Tensor, targets: Tensor) -> Tensor:
        return (logits[:, :, 0] - targets).abs()


def objective(count: int = 40) -> Distance:
    """Texts of one to seven tokens; the target of each is its number."""
    ids = [torch.arange(1, 2 + at % 7) for at in range(count)]
    return Distance(ids, torch.arange(count, dtype=torch.float32))


def test_an_epoch_holds_every_text_once_with_its_target() -> None:
    batches = objective().epoch(8, torch.Generator().manual_seed(0))
    texts = {}
    for batch in batches:
        assert batch.lengths is not None
        for ids, length, target in zip(batch.x, batch.lengths, batch.targets, strict=True):
            texts[int(target)] = ids[:length].tolist()
            assert not ids[length:].any()
    assert texts == {at: list(range(1, 2 + at % 7)) for at in range(40)}
    assert [len(batch.x) for batch in batches] == [8] * 5


def test_texts_of_similar_length_stand_together() -> None:
    batches = objective(70).epoch(10, torch.Generator().manual_seed(0))
    assert all(batch.lengths is not None and len(set(batch.lengths.tolist())) == 1 for batch in batches)


def test_another_generator_gives_another_order() -> None:
    first, same, other = (objective().epoch(16, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1))
    assert all(torch.equal(a.targets, b.targets) for a, b in zip(first, same, strict=True))
    assert not all(torch.equal(a.targets, b.targets) for a, b in zip(first, other, strict=True))


def test_the_loss_counts_the_last_word_and_a_little_every_word() -> None:
    batch = Batch(torch.zeros(2, 3, dtype=torch.long), torch.tensor([1, 3]), torch.tensor([1.0, 0.0]))
    logits = torch.tensor([[2.0, 77.0, -77.0], [0.0, 1.0, -3.0]])[:, :, None]
    assert EVERY_STEP == 0.2
    wanted = (1 + 3) / 2 + 0.2 * (1 + 0 + 1 + 3) / 4
    assert objective().loss(logits, batch).item() == pytest.approx(wanted)
