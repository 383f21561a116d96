"""The columns of a model that reads numbers, and what it reads of a sequence."""

import math
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gatescope.store.columns import Column, Series, steps_of, values_of
from model_folders import COLUMNS, saved_numbers
from networks import VARIANTS, numeric_network
from numpy.typing import NDArray
from torch import nn

THREE = [Column(**each) for each in COLUMNS]
VALUES = np.random.default_rng(0).normal([10, 3, -2], [4, 1, 0.5], (12, 3)).round(2)
MEAN, SCALE = np.array([10, 0, -2.0]), np.array([4, 1, 0.5])
MODULES = {"rnn": nn.RNN, "relu rnn": partial(nn.RNN, nonlinearity="relu"), "lstm": nn.LSTM, "gru": nn.GRU}


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", MODULES)
def test_the_trace_of_numbers_is_that_of_torch_on_the_standardised_values(
    kind: str, bidirectional: bool, tmp_path: Path
) -> None:
    network = numeric_network(layers=2, bidirectional=bidirectional, **VARIANTS[kind])
    traced = saved_numbers(tmp_path / "small", network).trace(values=VALUES)
    module = MODULES[kind](3, 7, num_layers=2, bidirectional=bidirectional)
    module.load_state_dict(network.recurrent.state_dict())
    with torch.inference_mode():
        expected, _ = module(torch.tensor(((VALUES - MEAN) / SCALE)[:, None], dtype=torch.float32))
    top = np.concatenate([each["h"] for each in traced.layers[-1 - bidirectional :]], axis=1)
    np.testing.assert_allclose(top, expected[:, 0].numpy(), rtol=0, atol=1e-6)
    assert traced.outputs.shape == (12, 0)
    assert traced.head is None
    assert [token.text for token in traced.tokens] == [str(step) for step in range(12)]


@pytest.mark.parametrize(
    "values",
    [
        VALUES.tolist(),
        VALUES.astype(np.float32).astype(np.float64),
        torch.tensor(VALUES),
        torch.tensor(VALUES, requires_grad=True),
    ],
    ids=["list", "numpy", "tensor", "with a gradient"],
)
def test_what_values_may_be(values: Any) -> None:
    read = [token.values for token in steps_of(THREE, Series(values))]
    np.testing.assert_allclose(np.array(read), (VALUES - MEAN) / SCALE, rtol=1e-6, atol=1e-6)


def test_a_single_column_may_be_a_vector() -> None:
    [level] = [Column("level", scale=2.0)]
    assert [token.values for token in steps_of([level], Series([1, 2]))] == [(0.5,), (1.0,)]


def test_labels_name_the_steps() -> None:
    tokens = steps_of(THREE, Series(VALUES[:2], ["2026-11-30", "2026-12-01"]))
    assert [(token.text, token.start, token.end, token.id) for token in tokens] == [
        ("2026-11-30", 0, 1, 0),
        ("2026-12-01", 1, 2, 1),
    ]


def replaced(step: int, column: int, value: float) -> NDArray[np.float64]:
    values = VALUES.copy()
    values[step, column] = value
    return values


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "the sequence is empty: give at least one step"),
        (np.empty((0, 3)), "the sequence is empty: give at least one step"),
        (VALUES[:, :2], "the rows have 2 columns, and the model reads 3: temperature, rain, wind"),
        (VALUES[:, :1], "the rows have 1 column, and the model reads 3: temperature, rain, wind"),
        (VALUES[0], "the values have the shape (3,): give one sequence of shape (T, 3)"),
        (VALUES[None], "the values have the shape (1, 12, 3): give one sequence of shape (T, 3)"),
        (3, "the values have the shape (): give one sequence of shape (T, 3)"),
        ([[1, 2, 3], [4, 5]], "the rows have different lengths: give one number for each column in every row"),
        ([["a", "b", "c"]], "the values are of type <U1: give numbers of shape (T, 3)"),
        ([[None, 1, 2]], "the values are of type object: give numbers of shape (T, 3)"),
        ([[True, False, True]], "the values are of type bool: give numbers of shape (T, 3)"),
        (replaced(3, 1, math.nan), "step 3, column 'rain': nan is not a finite number"),
        (replaced(4, 2, -math.inf), "step 4, column 'wind': -inf is not a finite number"),
        (
            replaced(5, 0, 1e40),
            "step 5, column 'temperature': 1e+40 leaves the range of torch.float32 once standardised",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "values",
)
def test_values_that_do_not_fit(values: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        steps_of(THREE, Series(values))


def test_labels_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match=r"^there are 2 labels for 12 steps: give one for each, or none$"):
        steps_of(THREE, Series(VALUES, ["a", "b"]))
    with pytest.raises(ValueError, match=r"^the label of step 1 has 101 characters: at most 100 are read$"):
        steps_of(THREE, Series(VALUES[:2], ["a", "b" * 101]))


def test_float64_reads_what_float32_cannot() -> None:
    [token] = steps_of(THREE, Series([[1e39, 0, 0]]), torch.float64)
    assert token.values is not None
    assert token.values[0] == (1e39 - 10) / 4


def test_the_values_of_steps_are_those_that_were_given() -> None:
    np.testing.assert_allclose(values_of(THREE, steps_of(THREE, Series(VALUES))), VALUES, rtol=1e-15, atol=1e-15)
