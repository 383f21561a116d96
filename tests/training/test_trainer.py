"""The trainer: how it starts, that it learns, and that it learns the same again."""

import signal
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import pytest
import torch
from gatescope.recurrent.cells import CellName
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.store.fields import Start
from gatescope.training.trainer import Batch, Recipe, initialise, started, train
from safetensors.torch import save
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

SMALL = NetworkConfig("lstm", vocabulary_size=5, embedding_size=4, hidden_size=8, outputs=1)
RECIPE = Recipe(epochs=15, batch_size=16, learning_rate=0.03, dropout=0.1, unknown=0.05)


class FirstToken:
    """Was the first token a 1?"""

    def epoch(self, batch_size: int, generator: torch.Generator) -> Sequence[Batch]:
        batches = []
        for _ in range(12):
            ids = torch.randint(1, 5, (batch_size, 4), generator=generator)
            batches.append(Batch(ids, torch.full((batch_size,), 4), (ids[:, 0] == 1).float()))
        return batches

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return binary_cross_entropy_with_logits(logits[:, -1, 0], batch.targets)


def bits(network: Network) -> bytes:
    return save(network.state_dict())


def test_a_seed_gives_the_same_bits_whatever_went_before() -> None:
    first = bits(train(SMALL, FirstToken(), RECIPE, seed=3))
    torch.manual_seed(99)
    torch.rand(7)
    assert bits(train(SMALL, FirstToken(), RECIPE, seed=3)) == first
    assert bits(train(SMALL, FirstToken(), RECIPE, seed=4)) != first


@pytest.mark.parametrize("start", [Start(), Start(forget_bias=3.0, embedding_spread=1.0), Start(chrono=50)], ids=str)
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "coupled_lstm", "mingru"])
def test_a_run_starts_from_what_is_said_to_be_its_start(cell: CellName, start: Start) -> None:
    config = NetworkConfig(cell, 5, 4, 8, 1)

    class Untouched(FirstToken):
        def loss(self, logits: Tensor, batch: Batch) -> Tensor:
            return 0 * super().loss(logits, batch)

    state = torch.get_rng_state()
    expected = started(config, start, 3)
    assert torch.equal(torch.get_rng_state(), state)
    recipe = Recipe(**asdict(start), epochs=1, weight_decay=0.0, learning_rate=1e-30)
    seen = train(config, Untouched(), recipe, seed=3).state_dict()
    assert all(torch.equal(weight, seen[name]) for name, weight in expected.state_dict().items())
    assert not any(parameter.requires_grad for parameter in expected.parameters())


def test_training_leaves_random_numbers_and_threads_as_they_were() -> None:
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    train(SMALL, FirstToken(), Recipe(epochs=1), seed=0)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_it_learns(cell: str) -> None:
    network = train(NetworkConfig(cell, 5, 4, 8, 1), FirstToken(), RECIPE, seed=0)
    (batch, *_) = FirstToken().epoch(500, torch.Generator().manual_seed(7))
    answers = network(batch.x, batch.lengths)[:, -1, 0] > 0
    assert (answers == (batch.targets > 0.5)).float().mean() > 0.95


def test_the_network_comes_back_ready_to_use() -> None:
    network = train(SMALL, FirstToken(), Recipe(epochs=1), seed=0)
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_every_batch_is_reported() -> None:
    seen: list[tuple[float, float]] = []
    train(SMALL, FirstToken(), Recipe(epochs=2), 0, lambda done, loss: seen.append((done, loss)))
    assert [done for done, _ in seen] == pytest.approx([number / 24 for number in range(24)])
    assert all(0 < loss < 2 for _, loss in seen)


def test_the_learning_rate_falls_along_a_half_cosine(monkeypatch: pytest.MonkeyPatch) -> None:
    rates: list[float] = []
    step = torch.optim.AdamW.step
    monkeypatch.setattr(
        torch.optim.AdamW, "step", lambda self: (rates.append(self.param_groups[0]["lr"]), step(self))[1]
    )
    train(SMALL, FirstToken(), Recipe(epochs=2, learning_rate=0.01), seed=0)
    assert rates[0] == 0.01
    assert rates[12] == pytest.approx(0.005)
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 1e-4


def test_no_step_follows_a_gradient_longer_than_the_recipe_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    norms: list[float] = []
    step = torch.optim.AdamW.step

    def noted(self: torch.optim.AdamW) -> None:
        gradients = [each.grad for group in self.param_groups for each in group["params"]]
        norms.append(float(torch.cat([each.flatten() for each in gradients]).norm()))
        step(self)

    monkeypatch.setattr(torch.optim.AdamW, "step", noted)
    free, clipped = replace(RECIPE, epochs=1, clip=1e9), replace(RECIPE, epochs=1, clip=0.01)
    train(SMALL, FirstToken(), free, seed=0)
    assert min(norms) > 0.01
    norms.clear()
    train(SMALL, FirstToken(), clipped, seed=0)
    assert norms == pytest.approx([0.01] * 12, rel=1e-3)  # PyTorch divides by the norm plus 1e-6


@pytest.mark.parametrize(("share", "steps"), [(1.0, 24), (0.5, 12), (0.01, 1)])
def test_the_network_is_the_mean_over_the_last_steps(share: float, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    after: list[list[Tensor]] = []
    step = torch.optim.AdamW.step

    def noted(self: torch.optim.AdamW) -> None:
        step(self)
        after.append([each.detach().clone() for each in self.param_groups[0]["params"]])

    monkeypatch.setattr(torch.optim.AdamW, "step", noted)
    recipe = replace(RECIPE, epochs=2, averaged=share, keep_best=False)
    network = train(SMALL, FirstToken(), recipe, 0, judge=lambda _: 0.0)
    for weight, *last in zip(network.parameters(), *after[-steps:], strict=True):
        assert torch.allclose(weight, torch.stack(last).double().mean(0).float(), atol=1e-6)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_each_gate_starts_with_an_orthogonal_recurrent_matrix(cell: str) -> None:
    network = Network(NetworkConfig(cell, 5, 4, 8, 1, layers=2, bidirectional=True))
    initialise(network, RECIPE)
    for place in network.layers():
        for block in network.weights(*place).w_hh.split(8):
            torch.testing.assert_close(block @ block.T, torch.eye(8), rtol=0, atol=1e-5)


def test_the_two_forget_biases_start_at_one_in_sum() -> None:
    network = Network(NetworkConfig("lstm", 5, 4, 8, 1, layers=2))
    initialise(network, RECIPE)
    for place in network.layers():
        weights = network.weights(*place)
        i, f, g, o = (weights.b_ih + weights.b_hh).split(8)
        assert torch.equal(f, torch.ones(8))
        assert not any(torch.equal(other, torch.ones(8)) for other in (i, g, o))


def test_a_network_without_biases_can_be_trained() -> None:
    config = NetworkConfig("lstm", 5, 4, 8, 1, bias=False)
    assert "bias_ih_l0" not in bits(train(config, FirstToken(), Recipe(epochs=1), seed=0)).decode("latin-1")


def test_the_embedding_starts_small() -> None:
    network = Network(NetworkConfig("rnn", 4000, 4, 8, 1))
    initialise(network, RECIPE)
    assert network.embedding.weight.std().item() == pytest.approx(0.1, abs=0.005)


def test_hidden_words_are_learned_as_the_unknown_one() -> None:
    class Untouched(FirstToken):
        def loss(self, logits: Tensor, batch: Batch) -> Tensor:
            return logits.square().mean()

    def unknown_row(share: float) -> Tensor:
        recipe = Recipe(epochs=1, unknown=share, weight_decay=0)
        return train(SMALL, Untouched(), recipe, seed=0).embedding.weight[0]

    start = unknown_row(0)  # no token 0 stands in the data
    assert not torch.equal(unknown_row(0.5), start)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        fresh = Network(SMALL)
        initialise(fresh, RECIPE)
    assert torch.equal(fresh.embedding.weight[0], start)


def test_the_network_that_is_judged_best_is_kept() -> None:
    judged: list[tuple[float, bytes]] = []

    def judge(network: Network) -> float:
        assert not network.training
        judged.append((float([0.5, 0.3, 0.4, 0.6][len(judged)]), bits(network)))
        return judged[-1][0]

    assert bits(train(SMALL, FirstToken(), Recipe(epochs=4), 0, judge=judge)) == judged[1][1]
    assert len(judged) == 4


def test_a_run_ends_when_patience_runs_out() -> None:
    judged = iter([0.5, 0.3, 0.4, 0.6])
    seen: list[float] = []
    train(
        SMALL,
        FirstToken(),
        Recipe(epochs=100, patience=2),
        0,
        lambda done, _: seen.append(done),
        lambda _: next(judged),
    )
    assert len(seen) == 4 * 12


def test_chrono_initialisation_draws_the_biases_from_the_length() -> None:
    network = Network(NetworkConfig("lstm", 5, 4, 100, 1, layers=40))
    initialise(network, Recipe(epochs=1, chrono=101))
    lengths = []
    for place in network.layers():
        weights = network.weights(*place)
        assert weights.b_ih is not None
        assert weights.b_hh is not None
        i, f, *_ = (weights.b_ih + weights.b_hh).split(100)
        assert torch.equal(i, -f)
        lengths.append(f.exp())
    drawn = torch.cat(lengths)
    assert len(drawn) == 4000
    assert 1 <= drawn.min() <= 1.2
    assert 99.8 <= drawn.max() <= 100.001
    assert drawn.mean().item() == pytest.approx(50.5, abs=1.5)


class Unwanted(FirstToken):
    """Nothing is asked for: no error moves any weight."""

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        return 0 * logits.sum()


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_penalty_on_the_cell_state_brings_it_down(cell: str) -> None:
    config = NetworkConfig(cell, 5, 4, 8, 1)

    def size(cell_decay: float) -> float:
        """The size of the state after a text, in a network that learned nothing else."""
        losses: list[float] = []
        recipe = Recipe(epochs=4, weight_decay=0, cell_decay=cell_decay, learning_rate=0.02)
        network = train(config, Unwanted(), recipe, 0, lambda _, loss: losses.append(loss))
        assert losses == [0] * 48  # the penalty is not part of what is reported
        _, last = network.states(network.embedding(torch.tensor([[1, 2, 3, 4] * 5])))
        return float((last[1] if isinstance(last, tuple) else last).square().mean())

    free, penalised = size(0), size(1)
    assert penalised < 0.2 * free if cell == "lstm" else penalised == free


def test_windows_of_a_text_go_on_from_the_states_of_the_window_before() -> None:
    class Recall:
        """The first token of the first window, asked for in the second."""

        def epoch(self, batch_size: int, generator: torch.Generator) -> list[Batch]:
            first = torch.randint(1, 3, (batch_size, 1), generator=generator)
            second = torch.full((batch_size, 1), 3)
            target = (first[:, 0] == 1).float()
            return [Batch(first, None, target), Batch(second, None, target, follows=True)] * 10

        def loss(self, logits: Tensor, batch: Batch) -> Tensor:
            return binary_cross_entropy_with_logits(logits[:, -1, 0], batch.targets)

    losses: list[float] = []
    recipe = Recipe(epochs=12, batch_size=32, learning_rate=0.02, dropout=0, unknown=0)
    train(SMALL, Recall(), recipe, 0, lambda _, loss: losses.append(loss))
    assert losses[-1] < 0.2 < 0.6 < losses[1]


class Interrupted(FirstToken):
    """Ctrl-C is pressed in the middle of the third step."""

    def __init__(self) -> None:
        self.steps = 0

    def loss(self, logits: Tensor, batch: Batch) -> Tensor:
        self.steps += 1
        if self.steps == 3:
            signal.raise_signal(signal.SIGINT)
        return super().loss(logits, batch)


def test_ctrl_c_waits_for_the_end_of_a_step() -> None:
    reported: list[float] = []
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, Interrupted(), RECIPE, seed=0, report=lambda done, _: reported.append(done))
    assert len(reported) == 3
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_has_no_effect_where_it_was_switched_off() -> None:
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        objective = Interrupted()
        train(SMALL, objective, Recipe(epochs=1), seed=0)
        assert objective.steps == 12
    finally:
        signal.signal(signal.SIGINT, usual)


def test_it_runs_in_any_thread() -> None:
    with ThreadPoolExecutor(1) as pool:
        elsewhere = pool.submit(train, SMALL, FirstToken(), Recipe(epochs=1), 0).result()
    assert bits(elsewhere) == bits(train(SMALL, FirstToken(), Recipe(epochs=1), seed=0))
