"""Traces as xarray, as a data frame and as scalars: every number stands at its labels."""

import sys

import numpy as np
import pytest
import torch
from gatescope import Trace, load_model, scalars, trace_module
from torch import nn


@pytest.fixture(scope="module")
def trace() -> Trace:
    torch.manual_seed(0)
    return trace_module(nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2), torch.randn(5, 3))  # type: ignore[return-value]


@pytest.fixture(scope="module")
def text() -> Trace:
    return load_model("models/sentiment-gru").trace("it was not good").span(1, 4)


def test_xarray(trace: Trace, text: Trace) -> None:
    data = trace.to_xarray()
    for layer in trace.layers:
        here = data.sel(layer=layer.layer, direction=layer.direction)
        for letter, array in layer.activations.items():
            assert here[letter].dims == ("step", "projected_unit" if letter == "h" else "unit")
            np.testing.assert_array_equal(here[letter].values, array)
    assert data["f"].attrs == {"long_name": "forget gate", "units": "1"}
    assert data.attrs == {"cell": "lstm"}
    words = text.to_xarray()
    assert words["z"].sel(step=2)["token"].item() == "not"
    np.testing.assert_array_equal(words["outputs"].values, text.outputs)


def test_data_frame(trace: Trace, text: Trace) -> None:
    frame = trace.to_dataframe()
    assert list(frame.columns) == ["step", "layer", "direction", "letter", "unit", "value"]
    assert len(frame) == sum(array.size for layer in trace.layers for array in layer.activations.values())
    for layer in trace.layers:
        for letter, array in layer.activations.items():
            rows = frame[(frame.layer == layer.layer) & (frame.direction == layer.direction) & (frame.letter == letter)]
            np.testing.assert_array_equal(rows.pivot_table(index="step", columns="unit", values="value"), array)
    words = text.to_dataframe()
    assert words.drop_duplicates("step")[["step", "token"]].to_numpy().tolist() == [[1, "was"], [2, "not"], [3, "good"]]


def test_scalars(trace: Trace) -> None:
    means = scalars(trace)
    backward = trace.layer(1, "backward")
    assert means["layer1/backward/f"] == pytest.approx(float(backward["f"].astype(float).mean()))
    assert means["layer1/backward/|c|"] == pytest.approx(float(np.abs(backward["c"].astype(float)).mean()))
    assert len(means) == 4 * (6 + 3)
    assert all(type(value) is float for value in means.values())


@pytest.mark.parametrize(("method", "package"), [("to_xarray", "xarray"), ("to_dataframe", "pandas")])
def test_without_the_package_the_error_says_how_to_get_it(
    trace: Trace, method: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        ImportError, match=rf"{method}\(\) needs {package}: install it by pip install 'gatescope\[data\]'"
    ):
        getattr(trace, method)()
