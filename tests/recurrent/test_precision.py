"""Autocast, which the caller may have switched on, changes no number of ours."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.analysis.evaluation import verdicts
from gatescope.recurrent.memory.attribution import integrated_gradients, word_norms
from gatescope.recurrent.memory.distance import norms, spectral_norms
from gatescope.recurrent.memory.jacobians import layer_jacobians
from gatescope.recurrent.memory.loss import label, loss_norms
from gatescope.recurrent.precision import in_full_precision
from gatescope.recurrent.trace import trace, trace_in_chunks
from gatescope.store.loading import load_model
from gatescope.store.model import Model

TEXT = "the movie was not good, but I would see it again"


@pytest.fixture(scope="module", params=["sentiment-lstm", "sentiment-gru", "sentiment-rnn"])
def model(request: pytest.FixtureRequest) -> Model:
    return load_model(f"models/{request.param}")


def traced(model: Model) -> list[Any]:
    whole = model.trace(TEXT)
    parts = list(trace_in_chunks(model.network, model.tokenizer(TEXT), 3))
    reference = trace(model.network, model.tokenizer(TEXT), engine="reference")
    return [each.outputs for each in (whole, *parts, reference)] + [
        array for each in (whole, reference) for array in each.layer().activations.values()
    ]


def memory(model: Model) -> list[Any]:
    whole = model.trace(TEXT)
    [layer] = list(layer_jacobians(model.network, whole))
    jacobians = layer[1]
    return [
        jacobians.log_kept,
        norms(jacobians),
        norms(jacobians, by="input"),
        list(spectral_norms(jacobians, 5)),
        *word_norms(model.network, whole, [layer], range(len(whole)), "probability"),
        *loss_norms(model.network, whole, [layer], label(len(whole), 1, 1)),
        integrated(model),
    ]


def integrated(model: Model) -> Any:
    steps = integrated_gradients(model.network, model.tokenizer(TEXT), 5, 0, "probability")
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value.values


def evaluated(model: Model) -> list[Any]:
    return [verdicts(model.network, model.tokenizer, [TEXT, "bad"])]


@pytest.mark.parametrize("compute", [traced, memory, evaluated])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
def test_autocast_changes_no_number(compute: Callable[[Model], list[Any]], dtype: torch.dtype, model: Model) -> None:
    plain = compute(model)
    with torch.autocast("cpu", dtype):
        under_autocast = compute(model)
    for ours, theirs in zip(under_autocast, plain, strict=True):
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def test_what_a_generator_hands_out_is_used_under_autocast_again() -> None:
    @in_full_precision
    def modes() -> Iterator[bool]:
        yield torch.is_autocast_enabled("cpu")
        yield torch.is_autocast_enabled("cpu")

    with torch.autocast("cpu"):
        for within in modes():
            assert not within
            assert torch.is_autocast_enabled("cpu")
