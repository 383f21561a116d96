"""The Jacobians of one step, against finite differences; and those of a part of a sequence."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from gatescope.recurrent.cells.derivative import Jacobians, Point
from gatescope.recurrent.cells.lstm import LSTM
from gatescope.recurrent.memory import jacobians as jacobians_module
from gatescope.recurrent.memory.jacobians import LayerJacobians, layer_jacobians, numbers_held
from gatescope.recurrent.network import Network
from gatescope.recurrent.tokenizer import Token
from gatescope.recurrent.trace import trace
from gatescope.recurrent.watching import watched_by
from hypothesis import given
from networks import VARIANTS, any_network, any_tokens, random_network, random_tokens

from .differentiated import layers


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_a_step_agrees_with_finite_differences(variant: dict[str, Any]) -> None:
    network = random_network(**variant, dtype=torch.float64)
    [(layer, jacobians)] = layers(network, random_tokens(4))
    identity, step = torch.eye(jacobians.states, dtype=torch.float64), 1e-6
    for t in range(1, 4):
        ours = torch.ldexp(jacobians.to_states(identity, t), jacobians.exponent(t))
        for j, unit in enumerate(identity):
            up, down = (layer.run(layer.at(t - 1) + sign * step * unit, layer.x[t : t + 1]) for sign in (1, -1))
            torch.testing.assert_close((up - down) / (2 * step), ours[:, j], rtol=0, atol=1e-8)


@given(any_network(), any_tokens(min_size=3))
def test_the_jacobians_of_a_part_are_those_of_the_whole(network: Network, tokens: list[Token]) -> None:
    whole = trace(network, tokens)
    parts = layer_jacobians(network, whole, 1, len(tokens) - 1)
    for (_, part), (_, all_) in zip(parts, layer_jacobians(network, whole), strict=True):
        span = all_.span(1, len(tokens) - 1)
        for t in range(len(part)):
            for ours, theirs, of_span in zip(matrices(part, t), matrices(all_, t + 1), matrices(span, t), strict=True):
                torch.testing.assert_close(ours, theirs)
                torch.testing.assert_close(of_span, theirs, rtol=0, atol=0)
        assert (span.log_kept is None) == (all_.log_kept is None)
        if span.log_kept is not None and all_.log_kept is not None:
            torch.testing.assert_close(span.log_kept, all_.log_kept[1:-1], rtol=0, atol=0)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_they_are_the_same_where_only_some_steps_are_held_at_a_time(
    variant: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    network, tokens = random_network(**variant, layers=2, bidirectional=True, dtype=torch.float64), random_tokens(7)
    whole = trace(network, tokens)
    kept = list(layer_jacobians(network, whole))
    step = numbers_held(network.config, 1) // 4  # of one of the four layers and directions
    monkeypatch.setattr(jacobians_module, "HELD", 3 * step)
    for (_, all_), (_, part) in zip(kept, layer_jacobians(network, whole), strict=True):
        for t in (0, 6, 3, 4, 2):
            for ours, theirs in zip(matrices(part, t), matrices(all_, t), strict=True):
                torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-15)
        ours, theirs = part.log_kept, all_.log_kept
        assert (ours is None) == (theirs is None)
        if ours is not None:
            torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-15)


def test_what_is_held_of_many_steps_is_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    network = random_network(cell="lstm", layers=2, embedding_size=7)
    whole, jacobians = trace(network, random_tokens(9)), network.config.cell_definition.jacobians

    def watched(point: Point) -> Jacobians:
        made = jacobians(point)
        sizes.append(made.recurrent.numel() + made.inputs.numel())
        return made

    of_a_step = 14 * (7 + 7)
    monkeypatch.setattr(type(network.config), "cell_definition", replace(LSTM, jacobians=watched))
    monkeypatch.setattr(jacobians_module, "HELD", 2 * of_a_step)
    told: list[float | None] = []
    with watched_by(told.append):
        for _, each in layer_jacobians(network, whole):
            for t in range(9):
                each.to_inputs(each.identity(), t)
    assert len(told) == len(sizes), "whoever watches is told before each part"
    assert sizes == 2 * [2 * of_a_step, 2 * of_a_step, 2 * of_a_step, 2 * of_a_step, of_a_step]
    assert numbers_held(network.config, 9) == 2 * of_a_step
    assert numbers_held(network.config, 1) == 2 * of_a_step
    monkeypatch.setattr(jacobians_module, "HELD", 0)
    assert numbers_held(network.config, 9) == of_a_step


def matrices(jacobians: LayerJacobians, t: int) -> list[torch.Tensor]:
    """All that is asked of the Jacobians of a step."""
    identity = jacobians.identity()
    products = jacobians.to_states(identity, t), jacobians.from_states(identity, t), jacobians.to_inputs(identity, t)
    return [torch.ldexp(each, jacobians.exponent(t)) for each in products]
