"""Networks with other recurrence, networks before training, and what their recurrent matrices can stretch."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.recurrent.memory.altered import spectra, untrained, with_recurrence
from gatescope.recurrent.network import Network, NetworkConfig
from gatescope.recurrent.watching import watched_by
from networks import VARIANTS, random_network

SHAPES = [{}, {"layers": 2, "bidirectional": True}, {"bias": False}]


def config(**fields: Any) -> NetworkConfig:
    sizes = {"vocabulary_size": 30, "embedding_size": 5, "hidden_size": 7, "outputs": 3}
    return NetworkConfig(**{**sizes, **fields})


@pytest.mark.parametrize(("variant", "shape"), list(product(VARIANTS.values(), SHAPES)), ids=str)
@pytest.mark.parametrize("alpha", [0.1, 1.7, 3.0])
def test_alpha_scales_the_recurrent_weights_and_nothing_else(variant: Any, shape: Any, alpha: float) -> None:
    network = random_network(**variant, **shape)
    if variant["cell"] == "mingru":
        with pytest.raises(ValueError, match=r"^a mingru has no recurrent weights for alpha to scale$"):
            with_recurrence(network, alpha)
        return
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    changed = with_recurrence(network, alpha).state_dict()
    assert changed.keys() == before.keys()
    for name, weight in before.items():
        expected = alpha * weight if "weight_hh" in name else weight
        assert torch.equal(changed[name], expected), name
        assert torch.equal(network.state_dict()[name], weight), name
    assert sum("weight_hh" in name for name in before) == len(list(network.layers()))


def test_alpha_of_one_is_the_network_itself() -> None:
    network = random_network(cell="gru")
    assert with_recurrence(network, 1) is network


@pytest.mark.parametrize("alpha", [0.0999, 3.001, -1.0, float("nan"), float("inf")])
def test_alpha_out_of_range(alpha: float) -> None:
    with pytest.raises(ValueError, match=f"^alpha is {alpha}: it must lie between 0.1 and 3.0$"):
        with_recurrence(random_network(cell="rnn"), alpha)


@pytest.mark.parametrize(("variant", "shape"), list(product(VARIANTS.values(), SHAPES)), ids=str)
@pytest.mark.parametrize("seed", [0, 5])
def test_untrained_networks_are_those_that_pytorch_initialises(variant: Any, shape: Any, seed: int) -> None:
    wanted = config(**variant, **shape)
    random = torch.get_rng_state()
    ours = untrained(wanted, seed)
    assert torch.equal(torch.get_rng_state(), random)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        theirs = Network(wanted)
    for name, weight in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[name], weight), name
    assert untrained(wanted, seed) is ours


@pytest.mark.parametrize("shape", [{}, {"layers": 2, "bidirectional": True}], ids=str)
def test_forget_bias_is_the_sum_of_both_biases(shape: Any) -> None:
    plain, open_ = (untrained(config(cell="lstm", **shape), 3, bias) for bias in (None, 1.0))
    for name, weight in plain.state_dict().items():
        if "bias_" in name:
            forget = open_.state_dict()[name][7:14]
            assert (forget == (1 if "bias_ih" in name else 0)).all()
            others = torch.ones(28, dtype=torch.bool)
            others[7:14] = False
            assert torch.equal(open_.state_dict()[name][others], weight[others])
        else:
            assert torch.equal(open_.state_dict()[name], weight), name


@pytest.mark.parametrize("fields", [{"cell": "gru"}, {"cell": "rnn"}, {"cell": "lstm", "bias": False}], ids=str)
def test_forget_bias_of_what_has_none(fields: Any) -> None:
    with pytest.raises(ValueError, match="has no forget bias: only a cell with a forget gate and biases has"):
        untrained(config(**fields), 0, 1.0)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_spectra_are_those_of_each_block(variant: Any) -> None:
    network = random_network(**variant, layers=2, bidirectional=True)
    measured = iter(spectra(network))
    if variant["cell"] == "mingru":
        assert next(measured, None) is None
        return
    for layer, direction in network.layers():
        w_hh = network.weights(layer, direction).w_hh.detach().double().numpy()
        for letter, block in zip(network.config.cell_definition.blocks, np.split(w_hh, len(w_hh) // 7), strict=True):
            ours = next(measured)
            assert (ours.layer, ours.direction, ours.block) == (layer, direction, letter)
            assert ours.largest_singular_value == pytest.approx(np.linalg.svd(block)[1][0], rel=1e-12)
            assert ours.spectral_radius == pytest.approx(np.abs(np.linalg.eigvals(block)).max(), rel=1e-9)
            assert ours.spectral_radius <= ours.largest_singular_value
    assert next(measured, None) is None


def test_who_watches_is_told_before_each_block() -> None:
    told: list[float | None] = []
    with watched_by(told.append):
        spectra(random_network(cell="lstm", layers=2), {1})
    assert len(told) == 4
