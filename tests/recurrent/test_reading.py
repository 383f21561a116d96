"""What a head gives on demand, compared with PyTorch's softmax and sigmoid of all its outputs in float64."""

from typing import get_args

import numpy as np
import pytest
import torch
from gatescope.recurrent import network as network_module
from gatescope.recurrent import reading as reading_module
from gatescope.recurrent.network import Head, Network
from gatescope.recurrent.reading import Reading, likeliest_of
from gatescope.recurrent.trace import trace
from networks import random_network, random_tokens
from numpy.typing import NDArray

STEPS, OUTPUTS = 6, 23
every_head = pytest.mark.parametrize("head", get_args(Head))


@pytest.fixture(params=[1, 2 * OUTPUTS, 10_000], ids=["step by step", "two steps at a time", "at once"], autouse=True)
def held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "HELD", request.param)
    monkeypatch.setattr(network_module, "_IN_DOUBLE", 50)  # weights: some rows of the head


def network_with(head: Head, scale: float = 3, dtype: torch.dtype = torch.float32) -> Network:
    network = random_network(cell="gru", outputs=OUTPUTS, head=head, dtype=dtype)
    network.require_head().weight.data *= scale
    return network


def read(network: Network) -> Reading:
    reading = trace(network, random_tokens(STEPS), on_demand=True).reading
    assert reading is not None
    return reading


@torch.no_grad()
def plain(network: Network, h: torch.Tensor) -> NDArray[np.float64]:
    """All probabilities, (T, outputs)."""
    head = network.require_head()
    logits = h.clone().double() @ head.weight.double().T + head.bias.double()
    made = torch.softmax(logits, dim=-1) if network.config.head == "softmax" else torch.sigmoid(logits)
    numbers: NDArray[np.float64] = made.numpy()
    return numbers


@every_head
def test_probabilities_are_those_of_the_whole_head(head: Head) -> None:
    network = network_with(head)
    reading = read(network)
    outputs = plain(network, reading.h)
    np.testing.assert_allclose(reading.all(), outputs, rtol=1e-5)
    np.testing.assert_allclose(reading.after(-2), outputs[-2], rtol=1e-5)
    steps, chosen = np.array([4, 0, 4]), np.array([[1, 22], [0, 0], [7, 3]])
    np.testing.assert_allclose(reading.at(steps, chosen), outputs[steps[:, None], chosen], rtol=1e-5)
    np.testing.assert_allclose(reading.span(2, 5).all(), outputs[2:5], rtol=1e-5)


@every_head
@pytest.mark.parametrize("count", [1, 3, OUTPUTS, OUTPUTS + 5])
def test_the_most_probable_come_first(head: Head, count: int) -> None:
    network = network_with(head)
    reading = read(network)
    outputs = plain(network, reading.h)
    others = np.arange(STEPS)[:, None]
    places, values, chosen = reading.likeliest(count, others)
    np.testing.assert_array_equal(places, np.argsort(-outputs, axis=-1)[:, :count])
    np.testing.assert_allclose(values, -np.sort(-outputs, axis=-1)[:, :count], rtol=1e-5)
    np.testing.assert_allclose(chosen, np.take_along_axis(outputs, others, axis=-1), rtol=1e-5)


def test_of_equals_the_first_comes_first() -> None:
    places, values, _ = likeliest_of(np.array([[0.1, 0.4, 0.1, 0.4]]), 4, np.zeros((1, 0), np.int64))
    assert (places.tolist(), values.tolist()) == ([[1, 3, 0, 2]], [[0.4, 0.4, 0.1, 0.1]])


@every_head
def test_a_trace_on_demand_is_the_same_but_for_its_outputs(head: Head) -> None:
    network, tokens = network_with(head), random_tokens(STEPS)
    later, whole = trace(network, tokens, on_demand=True), trace(network, tokens)
    assert (later.outputs.shape, len(later), whole.reading) == ((STEPS, 0), STEPS, None)
    for one, other in zip(later.layers, whole.layers, strict=True):
        np.testing.assert_array_equal(one["h"], other["h"])
    part, same = later.span(1, 4), whole.span(1, 4)
    steps, chosen = np.array([0, 2]), np.array([[5], [6]])
    np.testing.assert_allclose(part.probability(steps, chosen), same.probability(steps, chosen), rtol=1e-5)
    np.testing.assert_allclose(part.outputs_after(-1), same.outputs_after(-1), rtol=1e-5)
    for ours, theirs in zip(part.likeliest(2, chosen[[0, 1, 0]]), same.likeliest(2, chosen[[0, 1, 0]]), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@every_head
def test_probabilities_that_only_float64_tells_from_0_are_kept(head: Head) -> None:
    network = network_with(head, scale=400)
    reading = read(network)
    outputs = plain(network, reading.h)
    np.testing.assert_allclose(reading.all(), outputs.astype(np.float32), rtol=1e-4, atol=1e-44)
    assert outputs.min() < 1e-38  # e^−logit overflows float32, in which the quotient may still be a number


def test_the_first_sum_that_overflows_is_told() -> None:
    network = network_with("softmax", dtype=torch.float64)
    reading = read(network)
    assert reading.first_overflow() is None
    network.require_head().weight.data[0] = 1.7e308 * reading.h[3].clone().sign()
    bad = np.isnan(plain(network, reading.h)).any(axis=-1)
    assert bad.any()
    assert reading.first_overflow() == int(bad.argmax())
    with pytest.raises(OverflowError, match="a sum of the head"):
        trace(network, random_tokens(STEPS), overflow="refuse", on_demand=True)
