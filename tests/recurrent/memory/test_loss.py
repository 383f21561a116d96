"""The gradient of a loss at every step and of all parameters, against PyTorch's own training step in float64."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.recurrent.memory.differentiable import embedded
from gatescope.recurrent.memory.jacobians import layer_jacobians
from gatescope.recurrent.memory.loss import Targets, clipped, label, loss_norms, next_tokens, parameter_gradient
from gatescope.recurrent.modules import Direction
from gatescope.recurrent.network import Network
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import trace
from networks import FUSED, VARIANTS, VOCABULARY_SIZE, random_network, random_tokens
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from .test_distance import assert_same

SHAPES = [{}, {"layers": 3}, {"layers": 2, "bidirectional": True}]
NETWORKS = list(product(VARIANTS.values(), SHAPES))
IDS = [f"{name} {shape}" for name, shape in product(VARIANTS, SHAPES)]


def pushed(network: Network, x: Tensor, pushes: dict[tuple[int, Direction], Tensor]) -> Tensor:
    """Logits (T, outputs) where ``pushes`` (T, H) are added to the hidden states, on all ways that lead on."""
    config = network.config
    for layer in range(config.layers):
        outputs = []
        for direction in config.directions:
            state = {letter: x.new_zeros(config.hidden_size) for letter in config.cell_definition.states}
            steps = [x.new_zeros(0)] * len(x)
            for t in range(len(x)) if direction == "forward" else reversed(range(len(x))):
                state = config.cell_definition.step(x[t], state, network.weights(layer, direction))
                state = {**state, "h": state["h"] + pushes[layer, direction][t]}
                steps[t] = state["h"]
            outputs.append(torch.stack(steps))
        x = torch.cat(outputs, dim=-1)
    return network.read(x)


@pytest.mark.parametrize(("variant", "shape"), NETWORKS, ids=IDS)
@pytest.mark.parametrize("head", ["sigmoid", "softmax"])
def test_loss_gradients_agree_with_autograd_in_float64(variant: Any, shape: Any, head: str) -> None:
    network = random_network(**variant, **shape, head=head, outputs=3, dtype=torch.float64)
    tokens = random_tokens(6)
    targets = label(6, 3, 1, every_step=True)
    whole = trace(network, tokens)
    norms = loss_norms(network, whole, list(layer_jacobians(network, whole)), targets)
    pushes = {place: torch.zeros(6, 7, dtype=torch.float64, requires_grad=True) for place in network.layers()}
    loss = targets.loss(network, pushed(network, embedded(network, tokens), pushes))
    exact = torch.autograd.grad(loss, list(pushes.values()))
    for ours, theirs in zip(norms, exact, strict=True):
        assert_same(ours, theirs.norm(dim=-1).log10().numpy(), 1e-9)


@pytest.mark.parametrize("variant", FUSED.values(), ids=FUSED)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("limit", [1e-3, 1e3])
def test_the_norm_of_the_gradient_is_that_of_a_training_step(variant: Any, shape: Any, limit: float) -> None:
    network = random_network(**variant, **shape, head="softmax", outputs=VOCABULARY_SIZE, dtype=torch.float64)
    tokens = random_tokens(9)
    loss, norm = parameter_gradient(network, tokens, next_tokens(tokens, VOCABULARY_SIZE))
    ids = torch.tensor([[token.id for token in tokens]])
    theirs = cross_entropy(network(ids)[0, :-1], ids[0, 1:])
    theirs.backward()
    before = nn.utils.clip_grad_norm_(network.parameters(), limit)
    after = nn.utils.get_total_norm([each.grad for each in network.parameters()])
    assert loss == pytest.approx(theirs.item(), rel=1e-12)
    assert_same(norm, math.log10(before), 1e-9)
    assert_same(clipped(norm, limit), math.log10(after), 1e-2)  # PyTorch adds 1e-6 to the norm


def test_targets_of_the_last_step_and_of_all() -> None:
    tokens = random_tokens(4)
    logits = torch.randn(4, VOCABULARY_SIZE, dtype=torch.float64)
    network = random_network(cell="rnn", head="softmax", outputs=VOCABULARY_SIZE)
    losses = cross_entropy(logits[:-1], torch.tensor([token.id for token in tokens[1:]]), reduction="none")
    for every_step, expected in ((True, losses.mean()), (False, losses[-1])):
        targets = next_tokens(tokens, VOCABULARY_SIZE, every_step=every_step)
        torch.testing.assert_close(targets.loss(network, logits), expected)


@pytest.mark.parametrize("right", [0, 1])
def test_targets_of_a_single_output(right: int) -> None:
    network, logits = random_network(cell="rnn", outputs=1), torch.randn(3, 1, dtype=torch.float64)
    wanted = torch.full((3,), float(right), dtype=torch.float64)
    losses = binary_cross_entropy_with_logits(logits[:, 0], wanted, reduction="none")
    torch.testing.assert_close(label(3, 1, right).loss(network, logits), losses[-1])
    torch.testing.assert_close(label(3, 1, right, every_step=True).loss(network, logits), losses.mean())


@pytest.mark.parametrize(("outputs", "right"), [(1, 2), (3, 3), (3, -1)])
def test_class_that_does_not_exist(outputs: int, right: int) -> None:
    with pytest.raises(ValueError, match=f"^there is no class {right}: choose from 0 to {max(outputs, 2) - 1}$"):
        label(2, outputs, right)


def test_one_token_has_no_next() -> None:
    with pytest.raises(ValueError, match="needs two tokens or more"):
        next_tokens(random_tokens(1), VOCABULARY_SIZE)


def at_rest(factor: float, steps: int) -> tuple[Network, list[Token], Targets]:
    """A linear RNN in float64 whose derivatives change by ``factor`` at every step."""
    network = random_network(cell="rnn", outputs=1, bias=False, dtype=torch.float64)
    torch.nn.init.zeros_(network.embedding.weight)
    with torch.no_grad():
        network.weights(0, "forward").w_hh.copy_(factor * torch.eye(7, dtype=torch.float64))
    return network, random_tokens(steps), label(steps, 1, 1)


@pytest.mark.parametrize("factor", [3, 1e-3])
def test_the_loss_gradient_may_pass_the_range_of_float64(factor: float) -> None:
    network, tokens, targets = at_rest(factor, 700)
    whole = trace(network, tokens)
    [norms] = loss_norms(network, whole, list(layer_jacobians(network, whole)), targets)
    np.testing.assert_allclose(np.diff(norms), -math.log10(factor), rtol=1e-9)
    assert abs(norms[0]) > 308


def test_the_gradient_of_the_parameters_may_pass_the_range_of_float64() -> None:
    network, tokens, targets = at_rest(3, 700)
    loss, norm = parameter_gradient(network, tokens, targets)
    assert loss == pytest.approx(math.log(2), rel=0.5)
    assert 330 < norm < 336  # 3^699 ≈ 10^333.5
    assert clipped(norm, 10) == 1
