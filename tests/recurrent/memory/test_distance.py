"""Memory against automatic differentiation in float64: of every pair of states, and of every input and state."""

import math
from itertools import product
from typing import Any, get_args

import numpy as np
import pytest
import torch
from gatescope.recurrent.memory.distance import Array, By, kept_norms, norms, spectral_norms
from gatescope.recurrent.memory.jacobians import LayerJacobians
from gatescope.recurrent.memory.timescales import by_distance, half_life
from gatescope.recurrent.network import Network
from gatescope.recurrent.tokenizer import Token
from hypothesis import given
from networks import VARIANTS, any_network, any_tokens, random_network, random_tokens
from torch import Tensor

from .differentiated import assert_same, jacobian, layers, log10

SHAPES = [{}, {"layers": 3}, {"layers": 2, "bidirectional": True}, {"bias": False}]
SCALES = [0.1, 1.0, 3.0]
NETWORKS = [
    pytest.param({**variant, **shape, "scale": scale}, id=f"{name} {shape} times {scale}")
    for (name, variant), shape, scale in product(VARIANTS.items(), SHAPES, SCALES)
]


@pytest.fixture(params=[(1, 1 << 22), (1000, 1 << 22), (1000, 0)], ids=["cut into steps", "in one piece", "row by row"])
def cut(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Products over a cut, or each pair for itself, of all steps together or of one after the other."""
    short, together = request.param
    monkeypatch.setattr("gatescope.recurrent.memory.distance.SHORT", short)
    monkeypatch.setattr("gatescope.recurrent.memory.distance._TOGETHER", together)


def all_norms(jacobians: LayerJacobians) -> Array:
    """(3, T, T): Frobenius norms by state and by input, and spectral norms; NaN for k > t."""
    logarithms = np.full((3, len(jacobians), len(jacobians)), math.nan)
    logarithms[0], logarithms[1] = norms(jacobians), norms(jacobians, "input")
    for t in range(len(jacobians)):
        logarithms[2, t, : t + 1] = list(spectral_norms(jacobians, t))[::-1]
    return logarithms


@pytest.mark.usefixtures("cut")
@pytest.mark.parametrize("config", NETWORKS)
def test_all_pairs_agree_with_autograd_in_float64(config: dict[str, Any]) -> None:
    network = random_network(**config, hidden_size=4, embedding_size=3, dtype=torch.float64)
    count = 0
    for layer, jacobians in layers(network, random_tokens(4)):
        ours = all_norms(jacobians)
        for t in range(4):
            for k in range(t + 1):
                by_state, by_input = layer.by_state(t, k), layer.by_input(t, k)
                expected = [log10(by_state, "fro"), log10(by_input, "fro"), log10(by_state, 2)]
                assert_same(ours[:, t, k], np.array(expected), 1e-9)
                count += 1
            assert np.isnan(ours[:, t, t + 1 :]).all()
    assert count == 10 * network.config.layers * len(network.config.directions)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_float32_agrees_with_float64(variant: dict[str, Any]) -> None:
    single, double = (random_network(**variant, scale=2.0, dtype=dtype) for dtype in (torch.float32, torch.float64))
    tokens = random_tokens(40)
    [(_, ours)], [(_, exact)] = layers(single, tokens), layers(double, tokens)
    rounded, expected = all_norms(ours), all_norms(exact)
    assert (np.isnan(rounded) == np.triu(np.ones((40, 40)), 1).astype(bool)).all()
    assert_same(rounded, expected, 1e-3)


def linear(factor: float, steps: int, **config: Any) -> LayerJacobians:
    """Of a network that stays at 0, where a step of a plain RNN multiplies by its matrix, ``factor`` · identity."""
    network = random_network(**config, bias=False)
    torch.nn.init.zeros_(network.embedding.weight)
    with torch.no_grad():
        network.weights(0, "forward").w_hh.copy_(factor * torch.eye(7))
    [(_, jacobians)] = layers(network, random_tokens(steps))
    return jacobians


@pytest.mark.parametrize("factor", [3, 1e-3, 30, 1e-30])
def test_what_passes_the_range_of_float32_is_shown_as_such(factor: float) -> None:
    steps = 300
    jacobians = linear(factor, steps, cell="rnn")
    assert jacobians.identity().dtype == torch.float32
    by_state, by_input = norms(jacobians)[-1], norms(jacobians, "input")[-1]
    spectral = np.array(list(spectral_norms(jacobians, steps - 1))[::-1])
    distances = np.arange(steps - 1, -1, -1)
    assert abs(spectral[0]) > 38
    np.testing.assert_allclose(spectral, distances * math.log10(factor), rtol=1e-6)
    np.testing.assert_allclose(by_state, distances * math.log10(factor) + math.log10(7) / 2, rtol=1e-6)
    assert np.isfinite(by_input).all()


@pytest.mark.usefixtures("cut")
def test_an_exact_zero_is_minus_infinity() -> None:
    by_state, by_input, spectral = all_norms(linear(1, 4, cell="rnn", nonlinearity="relu"))[:, -1]
    identity = [-math.inf] * 3 + [math.log10(7) / 2]
    np.testing.assert_allclose(by_state, identity, rtol=1e-6)  # relu passes nothing on at 0
    assert by_input.tolist() == [-math.inf] * 4
    assert spectral.tolist() == [-math.inf] * 3 + [0]


@pytest.mark.usefixtures("cut")
def test_a_saturated_step_keeps_its_digits() -> None:
    network = random_network(cell="rnn", bias=False, hidden_size=1, embedding_size=1)
    weights = network.weights(0, "forward")
    with torch.no_grad():
        for weight, value in ((network.embedding.weight, 1), (weights.w_ih, 70), (weights.w_hh, 1)):
            weight.fill_(value)
    [(layer, jacobians)] = layers(network, random_tokens(3))
    assert layer.states["h"].eq(1).all()  # 1 - h² keeps nothing
    last = norms(jacobians)[-1]
    slope = math.log10(4) - 2 * 71 * math.log10(math.e)  # tanh′(a) ≈ 4·e^−2a
    np.testing.assert_allclose(last, [2 * slope, slope, 0], rtol=1e-6)


def test_the_way_along_the_cell_is_the_product_of_the_forget_gates() -> None:
    network = random_network(cell="lstm", dtype=torch.float64)
    [(layer, jacobians)] = layers(network, random_tokens(6))
    assert jacobians.log_kept is not None
    before = [dict(zip("hc", layer.at(t - 1).chunk(2), strict=True)) for t in range(6)]
    steps = [layer.cell.step(x, state, layer.weights) for x, state in zip(layer.x, before, strict=True)]
    i, f, g = (torch.stack([step[letter].detach() for step in steps]) for letter in "ifg")
    kept = kept_norms(jacobians.log_kept)
    for t in range(6):
        assert np.isnan(kept[t, t + 1 :]).all()
        for k in range(t + 1):

            def cell(c: Tensor, k: int = k, t: int = t) -> Tensor:
                for j in range(k + 1, t + 1):
                    c = f[j] * c + i[j] * g[j]  # the gates held constant
                return c

            whole = jacobian(cell, layer.states["c"][k])
            torch.testing.assert_close(whole, torch.diag(f[k + 1 : t + 1].prod(dim=0)), rtol=0, atol=1e-15)
            assert_same(kept[t, k], log10(whole, "fro"), 1e-9)


@pytest.mark.parametrize("reset_after", [True, False])
def test_without_recurrent_weights_a_gru_keeps_by_its_update_gates_alone(reset_after: bool) -> None:
    network = random_network(cell="gru", reset_after=reset_after, dtype=torch.float64)
    torch.nn.init.zeros_(network.weights(0, "forward").w_hh)
    [(_, jacobians)] = layers(network, random_tokens(8))
    assert jacobians.log_kept is not None
    assert_same(kept_norms(jacobians.log_kept), norms(jacobians), 1e-12)


@given(any_network(), any_tokens())
def test_the_spectral_norm_bounds_the_frobenius_norm(network: Network, tokens: list[Token]) -> None:
    for _, jacobians in layers(network, tokens):
        frobenius, _, spectral = (each[np.tril_indices(len(tokens))] for each in all_norms(jacobians))
        assert not np.isnan([frobenius, spectral]).any()
        assert (spectral <= frobenius + 1e-3).all()
        assert (frobenius <= spectral + math.log10(jacobians.states) / 2 + 1e-3).all()


@given(any_network(), any_tokens())
def test_a_cut_changes_nothing(network: Network, tokens: list[Token]) -> None:
    for _, jacobians in layers(network.double(), tokens):
        whole = norms(jacobians)
        products = [whole[:, m, None] + whole[m] for m in range(len(whole))]  # of the two sides of a cut at m
        floors = np.fmax.reduce(products) - 290  # a float64 next to 1 cannot hold less than 1e-308; see norms
        for by in get_args(By):
            whole = norms(jacobians, by)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("gatescope.recurrent.memory.distance.SHORT", 1)
                assert_same(np.maximum(norms(jacobians, by), floors), np.maximum(whole, floors), 1e-9)


def test_where_the_sides_of_a_cut_nearly_miss_each_other_no_digit_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gatescope.recurrent.memory.distance.SHORT", 1)
    network = random_network(cell="rnn", bias=False, hidden_size=32)
    torch.nn.init.zeros_(network.embedding.weight)
    basis = torch.linalg.qr(torch.randn(32, 32, generator=torch.Generator().manual_seed(0))).Q
    with torch.no_grad():  # all of the first half of a basis into the second, little of that back
        half = torch.zeros(16, 16)
        swap = torch.cat([torch.cat([half, 1e-4 * torch.eye(16)], 1), torch.cat([torch.eye(16), half], 1)])
        network.weights(0, "forward").w_hh.copy_(basis @ swap @ basis.T)
    [(layer, jacobians)] = layers(network, random_tokens(5))
    w = layer.weights.w_hh.detach().double()
    assert log10(w @ w, "fro") < -3
    assert_same(norms(jacobians)[2, :2], np.array([log10(w @ w, "fro"), log10(w, "fro")]), 1e-2)


def test_one_word_owes_to_itself_alone() -> None:
    [(layer, jacobians)] = layers(random_network(cell="lstm", dtype=torch.float64), random_tokens(1))
    by_state, by_input, spectral = all_norms(jacobians).flatten()
    assert (by_state, spectral) == (math.log10(14) / 2, 0)
    assert_same(by_input, log10(layer.by_input(0, 0), "fro"), 1e-12)
    medians = by_distance(np.array([[by_input]]))
    assert medians.tolist() == [by_input]
    assert half_life(medians) is None
