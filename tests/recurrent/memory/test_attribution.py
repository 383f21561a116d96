"""What outputs owe to words, against automatic differentiation in float64 and the axiom of completeness."""

import math
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.recurrent.memory.attribution import (
    IntegratedGradients,
    Quantity,
    gradient_times_input,
    integrated_gradients,
    logits_at,
    occlusion,
    points_together,
    word_gradient,
    word_norms,
)
from gatescope.recurrent.memory.differentiable import embedded
from gatescope.recurrent.memory.jacobians import layer_jacobians
from gatescope.recurrent.network import Network
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import trace
from hypothesis import given
from networks import FUSED, VARIANTS, any_network, any_tokens, random_network, random_tokens, tokens_of
from torch import Tensor

from .differentiated import double_of, logits_of
from .test_distance import assert_same

QUANTITIES: tuple[Quantity, ...] = ("probability", "logit")
HEADS = [{"outputs": 2}, {"outputs": 9, "head": "softmax", "hidden_size": 4}, {"outputs": 1}]
SHAPES = [{"layers": 3}, {"layers": 2, "bidirectional": True}]
NETWORKS = [
    pytest.param({**variant, **shape, **head}, id=f"{name} {shape} {head}")
    for (name, variant), shape, head in product(VARIANTS.items(), SHAPES, HEADS)
]


def jacobian_of_outputs(network: Network, tokens: list[Token], quantity: Quantity) -> Tensor:
    """(T, outputs, T, E): of every output at every step by every embedded word, by automatic differentiation."""

    def outputs(x: Tensor) -> Tensor:
        logits = logits_of(network, x[:, None])[:, 0]
        return network.probabilities(logits) if quantity == "probability" else logits

    derivative: Tensor = torch.autograd.functional.jacobian(outputs, embedded(network, tokens).detach())
    return derivative


def finished(*what: Any, **options: Any) -> IntegratedGradients:
    """The integrated gradients, after shares of the work that only grow."""
    work, shares = integrated_gradients(*what, **options), [0.0]
    while True:
        try:
            shares.append(next(work))
        except StopIteration as end:
            assert shares == sorted(shares)
            assert 0 < shares[-1] <= 1
            integrated: IntegratedGradients = end.value
            return integrated


def logarithms(norms: Tensor) -> Any:
    return norms.log10().numpy()


@pytest.mark.parametrize("config", NETWORKS)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_gradients_agree_with_autograd_in_float64(config: dict[str, Any], quantity: Quantity) -> None:
    network, tokens = random_network(**config, dtype=torch.float64), random_tokens(6)
    whole = trace(network, tokens)
    layers = list(layer_jacobians(network, whole))
    exact = jacobian_of_outputs(network, tokens, quantity)
    last = network.config.outputs - 1
    everything = np.array(list(word_norms(network, whole, layers, range(6), quantity)))
    assert_same(everything, logarithms(exact.square().sum(dim=(1, 3)).sqrt()), 1e-9)
    some = np.array(list(word_norms(network, whole, layers, range(2, 5), quantity, last)))
    assert_same(some, logarithms(exact[2:5, last].norm(dim=-1)), 1e-9)
    gradient = word_gradient(network, whole, layers, 3, last, quantity)
    ours = gradient.numbers * torch.exp2(gradient.exponents.double())[:, None]
    torch.testing.assert_close(ours, exact[3, last], rtol=1e-9, atol=1e-15)
    products = torch.from_numpy(gradient_times_input(network, whole, gradient))
    torch.testing.assert_close(products, (exact[3, last] * embedded(network, tokens)).sum(dim=-1).detach())


def test_targets_that_are_carried_back_one_by_one_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    network, tokens = random_network(cell="gru", layers=2), random_tokens(9)
    whole = trace(network, tokens)
    layers = list(layer_jacobians(network, whole))
    together = list(word_norms(network, whole, layers, range(9), "logit"))
    monkeypatch.setattr("gatescope.recurrent.memory.attribution.BLOCK", 1)
    np.testing.assert_allclose(list(word_norms(network, whole, layers, range(9), "logit")), together, rtol=1e-5)


def test_what_fades_past_the_range_of_floats_is_no_zero() -> None:
    network, steps = random_network(cell="rnn", layers=2, scale=0.02), 300
    tokens = tokens_of([3] * steps)
    whole = trace(network, tokens)
    *_, last = word_norms(network, whole, list(layer_jacobians(network, whole)), range(steps), "logit")
    assert np.isfinite(last).all()
    assert last[0] < -400
    assert last[200] - last[100] == pytest.approx(last[100] - last[0], rel=0.01)  # the same factor at every step


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_integrated_gradients_are_complete(variant: dict[str, Any], quantity: Quantity) -> None:
    network, tokens = random_network(**variant, layers=2, scale=1.5), random_tokens(8)
    integrated = finished(network, tokens, 6, 1, quantity, most=256, tolerance=0)
    logits = logits_of(network, torch.stack([embedded(network, tokens), torch.zeros(8, 5)], dim=1))[6, :, 1]
    these, none = (torch.sigmoid(logits) if quantity == "probability" else logits).tolist()
    assert integrated.points == 256
    assert integrated.difference == pytest.approx(these - none, abs=1e-6)
    smooth = network.config.nonlinearity == "tanh"
    assert integrated.values.sum() == pytest.approx(integrated.difference, abs=1e-9 if smooth else 1e-3)
    assert integrated.gap == pytest.approx(integrated.values.sum() - integrated.difference)
    assert integrated.values[7] == 0  # is read after step 6
    assert np.abs(integrated.values).max() > 1e-3


def test_integrated_gradients_of_a_linear_function_are_gradient_times_input() -> None:
    network, tokens = random_network(cell="rnn", scale=1e-4, dtype=torch.float64), random_tokens(5)
    for name, parameter in network.recurrent.named_parameters():
        if "bias" in name:
            torch.nn.init.zeros_(parameter)
    whole = trace(network, tokens)
    gradient = word_gradient(network, whole, list(layer_jacobians(network, whole)), 4, 0, "logit")
    integrated = finished(network, tokens, 4, 0, "logit")
    assert integrated.points == 16
    np.testing.assert_allclose(integrated.values, gradient_times_input(network, whole, gradient), rtol=1e-6)


def test_integrated_gradients_take_as_many_points_as_they_need() -> None:
    network, tokens = random_network(cell="rnn", nonlinearity="relu", scale=3.0), random_tokens(6)
    counts = [finished(network, tokens, 5, 0, "logit", most=128, tolerance=each).points for each in (1e9, 0)]
    assert counts == [16, 128]


def test_points_one_by_one_are_as_good_as_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    network, tokens = random_network(cell="gru", layers=2, dtype=torch.float64), random_tokens(6)
    together = finished(network, tokens, 5, 0, "probability")
    assert points_together(network.config, 6) == 17
    monkeypatch.setattr("gatescope.recurrent.memory.attribution.BLOCK", 1)
    assert points_together(network.config, 6) == 1
    one_by_one = finished(network, tokens, 5, 0, "probability")
    np.testing.assert_allclose(one_by_one.values, together.values, rtol=0, atol=1e-12)
    assert one_by_one.points == together.points


def test_integrated_gradients_find_where_a_saturated_network_changes_its_mind() -> None:
    network, tokens = random_network(cell="lstm", scale=9.0), random_tokens(12)
    x = embedded(double_of(network), tokens).detach()
    nodes, weights = (torch.from_numpy(each) / 2 for each in np.polynomial.legendre.leggauss(128))
    batch = ((nodes + 0.5)[:, None] * x[:, None]).requires_grad_()
    outputs = torch.sigmoid(logits_of(double_of(network), batch)[11, :, 0])
    [gradient] = torch.autograd.grad(outputs.sum(), batch)
    integrated = finished(network, tokens, 11, 0, "probability")
    evenly = float((gradient * x[:, None]).sum(dim=(0, 2)) @ weights)
    assert abs(evenly - integrated.difference) > 0.05 * abs(integrated.difference), "128 points laid evenly miss it"
    assert abs(integrated.gap) <= 1e-3 * abs(integrated.difference)


@pytest.mark.parametrize("settings", NETWORKS)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_occlusion_is_what_a_word_of_zeros_takes_away(
    settings: dict[str, Any], quantity: Quantity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatescope.recurrent.memory.attribution.BLOCK", 1)
    network, tokens = random_network(**settings, dtype=torch.float64), random_tokens(6)
    blank = len(network.embedding.weight)  # the id of one more token, whose embedding is zeros
    with torch.no_grad():
        weight = torch.cat([network.embedding.weight, torch.zeros(1, network.config.embedding_size)])
    wider = Network(replace(network.config, vocabulary_size=blank + 1)).double().eval()
    wider.load_state_dict(network.state_dict() | {"embedding.weight": weight})
    output = network.config.outputs - 1

    def said(ids: list[int]) -> float:
        traced = trace(wider, tokens_of(ids), engine="reference")
        return float(traced.outputs[4, output] if quantity == "probability" else logits_at(wider, traced)[4, output])

    ids = [token.id for token in tokens]
    expected = [said(ids) - said([*ids[:k], blank, *ids[k + 1 :]]) for k in range(1, 6)]
    steps = occlusion(network, tokens, 4, output, quantity, range(1, 6))
    shares = []
    while True:
        try:
            shares.append(next(steps))
        except StopIteration as end:
            losses = end.value
            break
    np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-12)
    assert shares == pytest.approx([0.2, 0.4, 0.6, 0.8, 1])
    if not network.config.bidirectional:
        assert losses[-1] == 0  # is read after step 4


@pytest.mark.parametrize("config", FUSED.values(), ids=FUSED)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_differentiable_network_is_the_fused_one(config: dict[str, Any], shape: dict[str, Any]) -> None:
    network = random_network(**config, **shape, dtype=torch.float64)
    tokens = [random_tokens(7, seed=seed) for seed in range(3)]
    x = torch.stack([embedded(network, each) for each in tokens], dim=1)
    expected = network(torch.tensor([[token.id for token in each] for each in tokens])).transpose(0, 1)
    torch.testing.assert_close(logits_of(network, x), expected, rtol=0, atol=1e-12)


@given(any_network(bidirectional=False), any_tokens(min_size=2))
def test_no_output_owes_anything_to_later_words(network: Network, tokens: list[Token]) -> None:
    whole = trace(network, tokens)
    layers = list(layer_jacobians(network, whole))
    for t, row in enumerate(word_norms(network, whole, layers, range(len(tokens)), "logit")):
        assert not np.isnan(row).any()
        assert (row[t + 1 :] == -math.inf).all()
