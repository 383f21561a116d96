"""The counting tasks: what may come next, how far a network goes, and the cell that counts."""

import dataclasses

import numpy as np
import pytest
import torch
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.store.fields import Metric
from gatescope.training.synthetic import EXACT
from gatescope.training.task import Shows
from gatescope.training.tasks.counting import (
    FARTHEST,
    LEARNED,
    load_anbn,
    load_anbncn,
    margins,
    may_follow,
    reach,
    right_up_to,
    string,
    tally,
)
from gatescope.training.trainer import Batch, train
from torch import Tensor, nn


class Counter(nn.Module):
    """A stand-in for a network: counts a's less b's exactly, but for a leak, and says what follows from the count."""

    def __init__(self, leak: float = 0.0, last: int = 10**6) -> None:
        super().__init__()
        self.leak, self.last = leak, last

    def forward(self, ids: Tensor) -> Tensor:
        count, logits = torch.zeros(len(ids)), []
        for id_ in ids.T:
            in_a = torch.where(id_ == 1, 1.0, -1.0)
            count = (count * (1 - self.leak) + in_a).clamp(max=self.last)
            left = torch.where(id_ == 1, 1.0, count - 0.5)
            logits.append(torch.stack([in_a, left, torch.where(id_ == 1, -1.0, 0.5 - count)], dim=1))
        return torch.stack(logits, dim=1)


def allowed(letters: str, n: int) -> list[str]:
    names = [*letters, "$"]
    return ["".join(name for name, may in zip(names, row, strict=True) if may) for row in may_follow(letters, n)]


def test_what_may_follow() -> None:
    assert allowed("ab", 1) == ["ab", "$"]
    assert allowed("ab", 3) == ["ab", "ab", "ab", "b", "b", "$"]
    assert allowed("abc", 1) == ["ab", "c", "$"]
    assert allowed("abc", 2) == ["ab", "ab", "b", "c", "c", "$"]


def test_every_fifth_n_is_held_out() -> None:
    task = load_anbncn()
    assert [len(text) for text in task.held_out("choose")] == [15, 45, 75, 105, 135]
    assert [len(text) for text in task.held_out("report")] == [30, 60, 90, 120, 150]
    shown = {
        int((targets[:, 0] == 1).sum())
        for batch in task.objective.epoch(16, torch.Generator().manual_seed(0))
        for targets in batch.targets
    }
    assert shown == set(LEARNED)
    assert not {n for n in shown if n % 5 == 0}


def test_padding_costs_nothing_and_the_worst_answer_most() -> None:
    objective = load_anbn().objective
    (batch, *_) = objective.epoch(4, torch.Generator().manual_seed(1))
    assert (batch.targets == -1).any()
    logits = torch.where(batch.targets == 1, 4.0, -4.0)
    loss = objective.loss(logits, batch)
    assert objective.loss(torch.where(batch.targets == -1, 99.0, logits), batch) == loss

    def one_wrong(by: float) -> float:
        wrong = logits.clone()
        wrong[0, 0, 0] = -by
        return float(objective.loss(wrong, batch) - loss)

    assert one_wrong(8) > 1.8 * one_wrong(4) > 0


def test_an_exact_counter_is_right_for_ever() -> None:
    network = Counter()
    assert [float(margin.min()) for margin in margins(network, "ab", [7, 2])] == [0.5, 0.5]
    assert right_up_to(network, "ab", limit=60) == 60
    assert reach(network, "ab") == FARTHEST


def test_a_counter_that_is_full_is_right_up_to_there() -> None:
    assert right_up_to(Counter(last=30), "ab", limit=60) == 30
    assert reach(Counter(last=30), "ab") == 30


def test_an_answer_that_is_no_number_is_wrong() -> None:
    assert right_up_to(Counter(leak=float("nan")), "ab", limit=60) == 0
    assert np.isnan(reach(Counter(leak=float("nan")), "ab"))


def test_the_trend_says_how_far_a_leaking_counter_gets() -> None:
    network = Counter(leak=2e-5)
    gets = right_up_to(network, "ab", limit=400)
    assert 100 < gets < 400
    assert reach(network, "ab") == pytest.approx(gets, rel=0.05)


def lstm_counter() -> Network:
    """One cell that takes 0.5 at an a and adds 0.5 at a b, beside one that does nothing."""
    network = Network(NetworkConfig("lstm", 3, 2, 2, 3))
    weights = network.weights(0, "forward")
    with torch.no_grad():
        for weight in network.parameters():
            weight.zero_()
        network.embedding.weight.copy_(torch.tensor([[0.0, 0.0], [-1.0, 0.0], [1.0, 0.0]]))
        weights.b_ih[:4] = 30.0  # input and forget gates open
        weights.w_ih[4, 0] = float(np.arctanh(0.5))  # the candidate of unit 0
    return network.eval()


def test_the_steps_of_the_cell_that_counts() -> None:
    counter = tally(lstm_counter(), load_anbn().tokenizer, "ab")
    assert (counter.state, counter.unit) == ("c", 0)
    assert counter.r == pytest.approx(-1, abs=1e-6)
    np.testing.assert_allclose(counter.steps()[0], np.full(48, 0.5), atol=1e-5)  # oriented: an a adds
    np.testing.assert_allclose(counter.steps()[1], np.full(48, -0.5), atol=1e-5)


def test_how_it_counts_is_shown() -> None:
    task = load_anbn()
    assert isinstance(task, Shows)
    [sentence, along, gates_say, means] = task.shows(lstm_counter())["How it counts"]
    assert "unit 0 is the one whose cell state *c*" in sentence
    assert along[0] == {"n": 1, "a": "-0.500", "b": "-24.500"}
    assert (along[-1]["n"], along[-1]["a"], abs(float(along[-1]["b"]))) == (50, "-25.000", 0)
    assert "the first 2 of each letter left out" in gates_say
    assert means[1] == {"activation": "forget gate *f*", "a": "1.000", "b": "1.000"}
    assert means[3] == {"activation": "cell candidate *g*", "a": "-0.500", "b": "0.500"}
    plain = load_anbncn()
    [sentence, along] = plain.shows(Network(plain.config("rnn")))["How it counts"]
    assert "hidden state *h*" in sentence
    assert {tuple(row) for row in along} == {("n", "a", "b", "c")}


def test_the_features_are_the_counts() -> None:
    task = load_anbncn()
    first, second = task.features("aabbc")
    assert (first.name, second.name) == ("a's less b's", "b's less c's")
    np.testing.assert_array_equal(first.values, [1, 2, 1, 0, np.nan])
    np.testing.assert_array_equal(second.values, [np.nan, np.nan, 1, 2, 1])


@pytest.mark.slow("trains networks that count", seconds=15)
def test_a_short_run_learns_more_than_nothing_and_is_measured() -> None:
    task = load_anbn()
    recipe = dataclasses.replace(task.recipe("lstm"), epochs=1)
    network = train(task.config("lstm"), task.objective, recipe, 0, judge=task.judge)
    figures = task.measure(network)
    assert figures[0].unit == "n"
    assert figures[0].values.tolist() == [right_up_to(network, "ab")]
    assert [len(figure.values) for figure in figures] == [1, 48, 48, 48, 48]
    assert task.judge(network) <= -20
    assert {figure.unit for figure in task.measure(Network(task.config("gru")))[1:]} == {"of h"}


def test_the_examples_are_strings_of_the_language_and_one_that_is_cut_short() -> None:
    assert load_anbncn().about["examples"][0] == string("abc", 5) == "aaaaabbbbbccccc"
    assert load_anbncn().about["outputs"] == ["a", "b", "c", "end"]


def test_what_is_learned_from_has_a_name() -> None:
    assert load_anbn().data == load_anbn().data != load_anbncn().data
    assert load_anbn().data in load_anbn().facts()["data"]


def test_a_batch_is_read_without_lengths() -> None:
    (batch, *_) = load_anbn().objective.epoch(4, torch.Generator().manual_seed(0))
    assert isinstance(batch, Batch)
    assert batch.lengths is None
    assert batch.targets.shape == (*batch.x.shape, 3)


def test_each_cell_has_the_recipe_that_the_shipped_models_were_trained_with() -> None:
    recipes = {
        "lstm": EXACT(batch_size=16, epochs=30, learning_rate=0.1, clip=0.1, forget_bias=15),
        "gru": EXACT(batch_size=16, epochs=40, learning_rate=1e-2),
        "rnn": EXACT(batch_size=16, epochs=60, learning_rate=5e-3),
    }
    for task in (load_anbn(), load_anbncn()):
        assert {cell: task.recipe(cell) for cell in recipes} == recipes  # type: ignore[arg-type]


def test_how_many_seeds_learned_to_count_is_said() -> None:
    figure = Metric(name="right", value=1000, standard_error=0, unit="n", seeds=[852, 48, 1000, 49], examples=1)
    assert load_anbncn().remarks([figure], {}) == [
        "Of the 4 seeds, 1 is right for every n up to 1,000, the largest that was measured; 3 for every n up to 49, "
        "the largest that was learned from."
    ]
