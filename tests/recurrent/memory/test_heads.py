"""Slopes and losses of a head that is sure, against decimal arithmetic of many digits and autograd."""

import math
from decimal import Decimal, localcontext
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.recurrent.memory import heads
from gatescope.recurrent.memory.attribution import integrated_gradients, word_norms
from gatescope.recurrent.memory.differentiable import embedded
from gatescope.recurrent.memory.jacobians import layer_jacobians
from gatescope.recurrent.memory.loss import Targets, label, loss_norms, parameter_gradient
from gatescope.recurrent.network import Network
from gatescope.recurrent.trace import trace
from networks import random_network, random_tokens
from torch import Tensor

from .differentiated import double_of, logits_of

GAPS = [0.0, 3.0, 34.0, 36.7, 40.0, 100.0, 800.0]  # from the greatest logit to the next
WEIGHT = [[0.3, -1.2], [0.9, 0.4], [-0.7, 2.1]]  # of a head of three outputs that reads two units

each_head = pytest.mark.parametrize("head", ["sigmoid", "softmax"])
each_gap = pytest.mark.parametrize("gap", GAPS)


def logits_for(gap: float) -> list[float]:
    return [gap / 2, -gap / 2, -gap / 2 - 1.25]


def exact_p(head: str, logits: list[float]) -> list[Decimal]:
    powers = [Decimal(each).exp() for each in logits]
    return [e / (1 + e) for e in powers] if head == "sigmoid" else [e / sum(powers) for e in powers]


def exact_slopes(head: str, logits: list[float]) -> list[list[Decimal]]:
    """∂p_j/∂h for each output."""
    p, w = exact_p(head, logits), [[Decimal(each) for each in row] for row in WEIGHT]
    if head == "sigmoid":
        return [[p[j] * (1 - p[j]) * w[j][u] for u in range(2)] for j in range(3)]
    return [[p[j] * (w[j][u] - sum(p[k] * w[k][u] for k in range(3))) for u in range(2)] for j in range(3)]


def log10_norm(numbers: list[Decimal]) -> float:
    square = sum(each * each for each in numbers)
    return float(square.log10() / 2) if square else -math.inf


@pytest.fixture(autouse=True)
def many_digits() -> Any:
    """The least slope is near 10^−350: what is left of 1 after it is still to be exact."""
    with localcontext(prec=400):
        yield


def tensors(logits: list[float]) -> tuple[Tensor, Tensor]:
    return torch.tensor([logits], dtype=torch.float64), torch.tensor(WEIGHT, dtype=torch.float64)


@each_head
@each_gap
def test_slopes_of_probabilities_keep_their_digits(head: str, gap: float) -> None:
    logits = logits_for(gap)
    exact = exact_slopes(head, logits)
    for output in range(3):
        [ours] = heads.slopes(head, *tensors(logits), [output]).log10_norms().tolist()
        assert ours == pytest.approx(log10_norm(exact[output]), rel=1e-13, abs=1e-12)
    [everything] = heads.slopes(head, *tensors(logits)).log10_norms().tolist()
    assert everything == pytest.approx(log10_norm([each for row in exact for each in row]), rel=1e-13, abs=1e-12)


@each_head
@each_gap
@pytest.mark.parametrize("wanted", [[1, 0, 0], [0, 0, 1], [0.25, 0.5, 0.25]], ids=str)
def test_losses_and_their_slopes_keep_their_digits(head: str, gap: float, wanted: list[float]) -> None:
    logits = logits_for(gap)
    p, y = exact_p(head, logits), [Decimal(each) for each in wanted]
    loss = -sum(y[k] * p[k].ln() for k in range(3))
    if head == "sigmoid":
        loss -= sum((1 - y[k]) * (1 - p[k]).ln() for k in range(3))
    l_, w_ = tensors(logits)[0], torch.tensor([wanted], dtype=torch.float64)
    assert heads.losses(head, l_, w_).sum().item() == pytest.approx(float(loss), rel=1e-13, abs=0)
    slopes = heads.loss_slopes(head, l_, w_)
    most = max(abs(each - right) for each, right in zip(p, y, strict=True))
    for k in range(3):
        exact = p[k] - y[k]
        number = Decimal(slopes.numbers[0, k].item()) * Decimal(2) ** slopes.exponents.item()
        assert abs(number - exact) <= Decimal("1e-12") * most


def sure(gap: float, head: str = "softmax", **config: Any) -> Network:
    """A float64 network whose first logit is greater than the others by about ``gap``, whatever the words."""
    network = random_network(cell="gru", outputs=3, head=head, dtype=torch.float64, **config)
    with torch.no_grad():
        network.head.weight *= 0.1
        network.head.bias.copy_(torch.tensor([gap, 0.0, -0.5]) - (gap if head == "softmax" else 0.0))
    return network


def small(network: Network, x: Tensor, t: int) -> Tensor:
    """1 − p of the first output at a step, from which autograd loses no digits: the sum of the other probabilities."""
    logits = logits_of(network, x[:, None])[t, 0]
    if network.config.head == "sigmoid":
        return torch.sigmoid(-logits[0])
    return torch.softmax(logits, dim=-1)[1:].sum()


@each_head
@pytest.mark.parametrize("gap", [10.0, 34.0, 40.0, 300.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_gradients_by_words_of_a_sure_output(head: str, gap: float, dtype: torch.dtype) -> None:
    network, tokens = sure(gap, head).to(dtype), random_tokens(5)
    whole = trace(network, tokens)
    layers = list(layer_jacobians(network, whole))
    *_, norms = word_norms(network, whole, layers, range(5), "probability", 0)
    x = embedded(double_of(network), tokens).detach().requires_grad_()
    [gradient] = torch.autograd.grad(small(double_of(network), x, 4), x)
    np.testing.assert_allclose(norms, gradient.norm(dim=-1).log10().numpy(), atol=1e-9 if dtype.itemsize == 8 else 1e-5)


@each_head
@pytest.mark.parametrize("gap", [10.0, 34.0, 40.0, 300.0])
def test_the_gradient_of_a_loss_that_is_nearly_0(head: str, gap: float) -> None:
    network, tokens = sure(gap, head, layers=2), random_tokens(5)
    if head == "softmax":
        targets = label(5, 3, 0)
    else:
        with torch.no_grad():
            network.head.bias.copy_(torch.tensor([gap, -gap, -gap]))
        targets = label(5, 3, 0)
    loss, norm = parameter_gradient(network, tokens, targets)
    exact = double_of(network).requires_grad_()
    logits = logits_of(exact, embedded(exact, tokens)[:, None])[4, 0]
    if head == "softmax":
        theirs = (logits[1:] - logits[0]).exp().sum().log1p()
    else:
        theirs = (logits * torch.tensor([-1.0, 1.0, 1.0])).exp().log1p().sum()
    gradients = torch.autograd.grad(theirs, list(exact.parameters()))
    assert loss == pytest.approx(theirs.item(), rel=1e-12, abs=0)
    assert norm == pytest.approx(torch.nn.utils.get_total_norm(gradients).log10().item(), abs=1e-9)
    whole = trace(network, tokens)
    first, second = loss_norms(network, whole, list(layer_jacobians(network, whole)), targets)
    assert np.isfinite(first).all()
    assert second[-1] == pytest.approx(by_last_hidden(network, whole.layers[-1]["h"][-1], head), abs=1e-9)


def by_last_hidden(network: Network, h: Any, head: str) -> float:
    """The logarithm of the norm of the gradient of that loss by the last hidden state of the last layer."""
    h = torch.from_numpy(h).requires_grad_()
    logits = network.read(h)
    if head == "softmax":
        loss = (logits[1:] - logits[0]).exp().sum().log1p()
    else:
        loss = (logits * torch.tensor([-1.0, 1.0, 1.0])).exp().log1p().sum()
    [gradient] = torch.autograd.grad(loss, h)
    return math.log10(gradient.norm())


def test_a_loss_that_cannot_change_has_no_gradient() -> None:
    """A softmax over a single output says 1, whatever the text."""
    network, tokens = random_network(cell="lstm", outputs=1, head="softmax", dtype=torch.float64), random_tokens(4)
    whole = trace(network, tokens)
    layers = list(layer_jacobians(network, whole))
    for right in (0, 1):
        targets = label(4, 1, right, every_step=True)
        [norms] = loss_norms(network, whole, layers, targets)
        assert norms.tolist() == [-math.inf] * 4
        assert parameter_gradient(network, tokens, targets) == (0, -math.inf)
    assert (np.array(list(word_norms(network, whole, layers, range(4), "probability"))) == -math.inf).all()


def test_a_step_that_is_not_judged_has_no_gradient_of_its_own() -> None:
    logits = torch.tensor([[40.0, 0.0], [40.0, 0.0]], dtype=torch.float64)
    outputs = torch.tensor([[1.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
    network = random_network(cell="rnn", head="softmax", dtype=torch.float64)
    slopes = Targets(outputs, torch.tensor([[1.0], [0.0]], dtype=torch.float64)).slopes(network, logits)
    first, second = slopes.log10_norms().tolist()
    assert first == pytest.approx(-40 / math.log(10) + math.log10(2) / 2, abs=1e-12)
    assert second == -math.inf


@each_head
@pytest.mark.parametrize("gap", [10.0, 37.0, 45.0, 300.0])
def test_integrated_gradients_of_an_output_that_stays_sure(head: str, gap: float) -> None:
    network, tokens = sure(gap, head), random_tokens(6)
    work = integrated_gradients(network, tokens, 5, 0, "probability", tolerance=1e-9)
    while True:
        try:
            next(work)
        except StopIteration as end:
            integrated = end.value
            break
    x = embedded(network, tokens).detach()
    with torch.no_grad():
        difference = (small(network, 0 * x, 5) - small(network, x, 5)).item()
    assert integrated.difference == pytest.approx(difference, rel=1e-9, abs=0)
    assert integrated.values.sum() == pytest.approx(difference, rel=1e-4, abs=0)
    assert abs(difference) > 1e-3 * small(network, x, 5).item(), "the words matter"
