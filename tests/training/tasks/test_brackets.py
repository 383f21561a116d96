"""The bracket task: its texts, what is to be said of them, and how that is measured."""

import numpy as np
import torch
from gatescope.training.synthetic import EXACT
from gatescope.training.tasks.brackets import DEEPEST, LENGTHS, MEASURED, Brackets, depth, generated
from torch import Tensor, nn


class Oracle(nn.Module):
    """A stand-in for a network: knows the depth, and forgets it at a step."""

    def __init__(self, wrong_at: int | None = None, sure: float = 1) -> None:
        super().__init__()
        self.wrong_at, self.sure = wrong_at, sure

    def forward(self, ids: Tensor) -> Tensor:
        depths = ((ids == 1).int() - (ids == 2).int()).cumsum(dim=1)
        logits = torch.where(depths == 0, self.sure, -self.sure)
        if self.wrong_at is not None:
            logits[: len(ids) // 2, self.wrong_at] *= -1
        return logits[..., None]


def test_the_depth() -> None:
    assert depth("a(b(c))d").tolist() == [0, 1, 1, 2, 2, 1, 0, 0]
    assert depth("())").tolist() == [1, 0, -1]
    (feature,) = Brackets().features("(x)")
    assert feature.values.tolist() == [1, 1, 0]


def test_texts_are_beginnings_of_balanced_ones_of_every_depth() -> None:
    texts = generated(200, 200, np.random.default_rng(0))
    depths = np.stack([depth(text) for text in texts])
    assert {len(text) for text in texts} == {200}
    assert depths.min() == 0
    assert depths.max() == DEEPEST
    shares = np.bincount(depths.astype(int).ravel()) / depths.size
    assert (shares > 0.02).all()
    assert 0.25 < np.mean([character not in "()" for text in texts for character in text]) < 0.35


def test_an_epoch_has_texts_of_all_lengths_with_what_is_right() -> None:
    task = Brackets()
    batches = task.objective.epoch(8, torch.Generator().manual_seed(0))
    lengths = {batch.x.shape[1] for batch in batches}
    assert min(lengths) <= 5
    assert LENGTHS[1] - 3 <= max(lengths) <= LENGTHS[1]
    for batch in batches:
        assert torch.equal(batch.targets > 0.5, Oracle()(batch.x)[..., 0] > 0)


def test_a_text_is_right_if_all_of_it_is() -> None:
    whole, single = Brackets().measure(Oracle())
    assert (whole.values.mean(), single.values.mean()) == (1, 1)
    assert 0 < whole.baselines["always open"] < 0.5 < single.baselines["the more frequent answer"] < 1
    whole, single = Brackets().measure(Oracle(wrong_at=150))
    assert whole.values.mean() == 0.5
    np.testing.assert_allclose(single.values.mean(), 1 - 0.5 / MEASURED)


def test_it_is_judged_by_wrong_texts_and_then_by_the_least_sure_answer() -> None:
    task = Brackets()
    assert task.judge(Oracle(wrong_at=20)) == 0.5
    assert task.judge(Oracle()) == -1
    assert task.judge(Oracle(sure=3)) == -3
    assert np.isnan(task.judge(Oracle(sure=float("nan"))))


def test_the_held_out_slices_differ() -> None:
    task = Brackets()
    choose, report = task.held_out("choose"), task.held_out("report")
    assert not set(choose) & set(report)
    assert all(token.known for token in task.tokenizer("".join(choose)))
    assert report == Brackets().held_out("report")


def test_the_cells_differ_in_their_learning_rate() -> None:
    rates = {"lstm": 3e-2, "gru": 1e-2, "rnn": 5e-3}
    for cell, rate in rates.items():
        assert Brackets().recipe(cell) == EXACT(epochs=25, batch_size=32, learning_rate=rate)  # type: ignore[arg-type]
