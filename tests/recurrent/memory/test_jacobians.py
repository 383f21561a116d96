"""The Jacobians of one step, against finite differences; and those of a part of a sequence."""

from typing import Any

import pytest
import torch
from gatescope.recurrent.memory.jacobians import layer_jacobians
from gatescope.recurrent.network import Network
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import trace
from hypothesis import given
from networks import VARIANTS, any_network, any_tokens, random_network, random_tokens

from .differentiated import layers


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_a_step_agrees_with_finite_differences(variant: dict[str, Any]) -> None:
    network = random_network(**variant, dtype=torch.float64)
    [(layer, jacobians)] = layers(network, random_tokens(4))
    identity, step = torch.eye(jacobians.states, dtype=torch.float64), 1e-6
    for t in range(1, 4):
        ours = torch.ldexp(jacobians.to_states(identity, t), jacobians.exponents[t])
        for j, unit in enumerate(identity):
            up, down = (layer.run(layer.at(t - 1) + sign * step * unit, layer.x[t : t + 1]) for sign in (1, -1))
            torch.testing.assert_close((up - down) / (2 * step), ours[:, j], rtol=0, atol=1e-8)


@given(any_network(), any_tokens(min_size=3))
def test_the_jacobians_of_a_part_are_those_of_the_whole(network: Network, tokens: list[Token]) -> None:
    whole = trace(network, tokens)
    parts = layer_jacobians(network, whole, 1, len(tokens) - 1)
    for (_, part), (_, all_) in zip(parts, layer_jacobians(network, whole), strict=True):
        torch.testing.assert_close(part.recurrent, all_.recurrent[1:-1])
        torch.testing.assert_close(part.inputs, all_.inputs[1:-1])
