"""The flag task: its texts, its distances, and how recall is measured."""

import numpy as np
import pytest
import torch
from gatescope.recurrent.network import Network
from gatescope.recurrent.trace import trace
from gatescope.training.synthetic import EXACT
from gatescope.training.task import Shows
from gatescope.training.tasks.flag import DISTANCES, FLAGS, LONGEST, Flag, generated
from torch import Tensor, nn


class Memory(nn.Module):
    """A stand-in for a network: knows the flag as long as it is not too far away, and says minus from then on."""

    def __init__(self, span: int) -> None:
        super().__init__()
        self.span = span

    def forward(self, ids: Tensor) -> Tensor:
        plus = torch.where(ids[:, :1] == FLAGS.index("+") + 1, 1.0, -1.0).repeat(1, ids.shape[1])
        plus[:, self.span + 1 :] = -1.0
        return plus[..., None]


@pytest.mark.parametrize("distance", [1, 2, 500])
def test_the_question_comes_at_its_distance(distance: int) -> None:
    texts = generated(distance, 10, np.random.default_rng(0))
    assert {text.index("?") for text in texts} == {distance}
    assert sorted(text[0] for text in texts) == sorted(FLAGS * 5)
    assert all(noise not in text[1:] for text in texts for noise in FLAGS)


@pytest.mark.slow("draws ten epochs of texts", seconds=3)
def test_all_distances_are_equally_frequent() -> None:
    generator = torch.Generator().manual_seed(0)
    batches = [batch for _ in range(10) for batch in Flag().objective.epoch(2, generator)]
    distances = np.array([batch.x.shape[1] - 1 for batch in batches])
    assert 1 <= distances.min() < 5
    assert LONGEST - 5 < distances.max() <= LONGEST
    assert abs(np.mean(distances <= LONGEST // 2) - 0.5) < 0.05


def test_only_the_answer_to_the_question_counts() -> None:
    objective = Flag().objective
    (batch, *_) = objective.epoch(4, torch.Generator().manual_seed(0))
    logits = Memory(LONGEST)(batch.x)
    loss = objective.loss(logits, batch)
    assert loss.item() == pytest.approx(np.log1p(np.exp(-1)), abs=1e-6)
    noisy = logits.clone()
    noisy[:, :-1] = -77
    assert objective.loss(noisy, batch) == loss


def test_success_against_distance() -> None:
    figures = Flag().measure(Memory(span=50))
    assert [figure.values.mean() for figure in figures] == [1 if each <= 50 else 0.5 for each in DISTANCES]
    assert {figure.baselines["chance"] for figure in figures} == {0.5}
    assert figures[-1].name == "the flag at a distance of 500"


@pytest.mark.slow("measures a network at every distance", seconds=3)
def test_the_curve_is_shown() -> None:
    task = Flag()
    assert isinstance(task, Shows)
    network = Network(task.config("rnn")).eval().requires_grad_(requires_grad=False)
    network.weights(0, "forward").w_hh.mul_(1e-3)  # forgets at once
    [curve, sentence] = task.shows(network)["Success against distance"]
    assert [row["distance"] for row in curve] == list(DISTANCES)
    for row, figure in zip(curve, task.measure(network), strict=True):
        assert row["right"] == f"{100 * figure.values.mean():.1f} %"
        assert len(row["0 to 100 %"]) == round(20 * figure.values.mean())
    text = "qwertyuiop"
    minus, plus = (trace(network, task.tokenizer(flag + text)).layer()["h"][0] for flag in FLAGS)
    assert float(curve[0]["apart"]) == pytest.approx(np.linalg.norm(plus - minus), rel=0.005)
    assert float(curve[0]["apart"]) > 100 * float(curve[1]["apart"])
    assert float(curve[-1]["apart"]) == 0
    assert "have left the hidden state *h*" in sentence


def test_a_longer_memory_is_judged_better() -> None:
    task = Flag()
    assert task.judge(Memory(500)) < task.judge(Memory(100)) < task.judge(Memory(10))


def test_the_feature_is_the_flag_that_was_set() -> None:
    (feature,) = Flag().features("a+bc-d?")
    assert np.isnan(feature.values[0])
    assert feature.values[1:].tolist() == [1, 1, 1, 0, 0, 0]


def test_the_noise_of_the_slices_differs() -> None:
    task = Flag()
    choose, report = task.held_out("choose"), task.held_out("report")
    assert not set(choose) & set(report)
    assert all(token.known for text in (*choose, *task.about["examples"]) for token in task.tokenizer(text))


def test_only_the_plain_rnn_needs_a_recipe_of_its_own() -> None:
    usual = EXACT(epochs=15, batch_size=32, learning_rate=5e-3)
    assert [Flag().recipe(cell) for cell in ("lstm", "gru")] == [usual] * 2
    assert Flag().recipe("rnn") == EXACT(epochs=15, batch_size=32, learning_rate=2e-3)
