"""The scale of pushes: against pushes that are found by running the recurrence of the memory word by word."""

from typing import Any

import numpy as np
import pytest
import torch
from gatescope.analysis.pushes import push_scale
from gatescope.recurrent.decomposition.path import NoPathError
from gatescope.recurrent.trace import Trace, trace
from networks import random_network, random_tokens

SHAPES = [(5, 0), (1, 1), (12, 2), (30, 3)]  # tokens and seed of each sequence


def largest_pushes(traced: Trace, output: int) -> list[float]:
    """The largest |push| at each step: what each word wrote is carried on by itself, and read at every step."""
    assert traced.head is not None
    weight = traced.head.weight.tensor.detach().double().numpy()[output]
    last = [each for each in traced.layers if each.layer == traced.layers[-1].layer]
    largest = np.zeros(len(traced))
    for layer, own in zip(last, np.split(weight, len(last)), strict=True):
        a = {letter: array.astype(np.float64) for letter, array in layer.activations.items()}
        order = list(range(len(traced)))[:: -1 if layer.direction == "backward" else 1]
        for start, word in enumerate(order):
            kept = a["i"][word] * a["g"][word] if layer.cell == "lstm" else (1 - a["z"][word]) * a["n"][word]
            for step in order[start:]:
                if step != word:
                    kept = kept * (a["f"] if layer.cell == "lstm" else a["z"])[step]
                read = a["o"][step] * np.tanh(a["c"][step]) / a["c"][step] if layer.cell == "lstm" else 1.0
                largest[step] = max(largest[step], abs(float(own @ (read * kept))))
    return largest.tolist()


@pytest.mark.parametrize("both_ways", [False, True], ids=["one way", "both ways"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_it_is_the_99th_percentile_over_all_steps(cell: str, both_ways: bool) -> None:
    network = random_network(cell=cell, layers=2, bidirectional=both_ways, scale=2.0, dtype=torch.float64)
    traces = [trace(network, random_tokens(count, seed)) for count, seed in SHAPES]
    steps = [each for traced in traces for each in largest_pushes(traced, 1)]
    assert len(steps) == 48
    assert push_scale(iter(traces), 1) == pytest.approx(np.quantile(steps, 0.99), abs=1e-9)


@pytest.mark.parametrize(("config", "error"), [({"cell": "rnn"}, NoPathError), ({"cell": "lstm"}, ValueError)])
def test_what_cannot_be_measured_is_refused(config: dict[str, Any], error: type[Exception]) -> None:
    network = random_network(**config)
    traces = [trace(network, random_tokens(3))] if config["cell"] == "rnn" else []
    with pytest.raises(error):
        push_scale(traces, 0)
