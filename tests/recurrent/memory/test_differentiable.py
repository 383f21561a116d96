"""The differentiable form of a network, against PyTorch's own forward pass and its gradient."""

from typing import Any

import pytest
import torch
from gatescope.recurrent.memory.differentiable import embedded
from networks import FUSED, random_network, random_tokens

from .differentiated import double_of, logits_of


@pytest.mark.parametrize("variant", FUSED.values(), ids=FUSED)
@pytest.mark.parametrize("shape", [{}, {"layers": 2, "bidirectional": True}], ids=str)
def test_logits_and_their_gradient_are_those_of_the_forward_pass(variant: Any, shape: Any) -> None:
    network, tokens = double_of(random_network(**variant, **shape)), random_tokens(6)
    weight = network.recurrent.weight_hh_l0.requires_grad_()  # type: ignore[operator]
    ids = torch.tensor([[token.id for token in tokens]])
    ours, theirs = logits_of(network, embedded(network, tokens)[:, None])[:, 0], network(ids)[0]
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-12)
    [by_ours], [by_theirs] = (torch.autograd.grad(each.square().sum(), weight) for each in (ours, theirs))
    torch.testing.assert_close(by_ours, by_theirs, rtol=0, atol=1e-12)


def test_the_copy_in_float64_leaves_the_network_alone() -> None:
    network = random_network(cell="lstm")
    double = double_of(network)
    assert {each.dtype for each in double.parameters()} == {torch.float64}
    assert not any(each.requires_grad for each in double.parameters())
    assert {each.dtype for each in network.parameters()} == {torch.float32}
    assert all(each.requires_grad for each in network.parameters())
