"""The content of answers: JSON in one piece and in lines, in both encodings."""

import dataclasses
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
from gatescope.api.traces.content import Selection, require_float32
from gatescope.recurrent.overflow import RangeError
from gatescope.recurrent.trace import LayerTrace, Trace
from gatescope.store.loading import load_model
from numpy.typing import NDArray
from serving import HIDDEN, client
from starlette.testclient import TestClient

from ..asking import TEXT, lines, post


def decoded(array: dict[str, str]) -> NDArray[np.float32]:
    shape = [int(size) for size in array["shape"].split(", ")]
    return np.frombuffer(b64decode(array["bdata"]), dtype="<f4").reshape(shape)


def expected(models: Path, model: str = "lstm", text: str = TEXT) -> Trace:
    return load_model(models / model).trace(text)


def test_base64_holds_the_same_numbers(api: TestClient) -> None:
    plain, packed = post(api), post(api, encoding="base64")
    assert packed["layers"][0]["activations"]["f"]["dtype"] == "f4"
    for letter, array in packed["layers"][0]["activations"].items():
        np.testing.assert_array_equal(
            decoded(array), np.array(plain["layers"][0]["activations"][letter], dtype=np.float32)
        )
    np.testing.assert_array_equal(
        decoded(packed["outputs"]["values"]), np.array(plain["outputs"]["values"], dtype=np.float32)
    )


@pytest.mark.parametrize("model", ["lstm", "both-ways"])
@pytest.mark.parametrize("span", [{}, {"start": 2}, {"start": 1, "stop": 4}, {"stop": 2}])
def test_lines_hold_the_same_as_one_answer(models: Path, model: str, span: dict[str, int]) -> None:
    api = client(models, chunk_steps=2)
    whole, steps = post(api, model, units=[3, 1], **span), lines(api, model, units=[3, 1], **span)
    assert [line["step"] for line in steps] == list(range(whole["start"], whole["stop"]))
    assert [line["token"] for line in steps] == whole["tokens"]
    outputs = [line["outputs"] for line in steps]
    np.testing.assert_allclose(outputs, whole["outputs"]["values"], rtol=0, atol=1e-6)  # sums in another order
    for t, line in enumerate(steps):
        for sent, layer in zip(line["layers"], whole["layers"], strict=True):
            assert (sent["layer"], sent["direction"]) == (layer["layer"], layer["direction"])
            assert sent["activations"].keys() == layer["activations"].keys()
            for letter, rows in layer["activations"].items():
                np.testing.assert_allclose(sent["activations"][letter], rows[t], rtol=0, atol=1e-6)


def test_lines_in_base64(api: TestClient) -> None:
    [line] = lines(api, text="good", activations=["c"], encoding="base64")
    array = line["layers"][0]["activations"]["c"]
    assert array["shape"] == str(HIDDEN)
    plain = post(api, text="good")["layers"][0]["activations"]["c"][0]
    np.testing.assert_array_equal(decoded(array), np.array(plain, dtype=np.float32))


def test_a_selection_picks_layers_letters_and_units(models: Path) -> None:
    trace = expected(models, "both-ways")
    everything = Selection(frozenset({0, 1}), "rznh", None)
    assert everything.layers_of(trace) == list(trace.layers)
    assert list(everything.units_of(trace)) == list(range(HIDDEN))
    some = Selection(frozenset({1}), ["h", "z"], [6, 0])
    assert [(each.layer, each.direction) for each in some.layers_of(trace)] == [(1, "forward"), (1, "backward")]
    arrays = some.of(trace.layer(1))
    assert list(arrays) == ["h", "z"]
    np.testing.assert_array_equal(arrays["h"], trace.layer(1)["h"][:, [6, 0]])
    assert some.units_of(trace) == [6, 0]


def test_the_first_step_that_float32_does_not_hold_is_named(models: Path) -> None:
    selection, trace = Selection(frozenset({0}), ["h"], None), expected(models)
    require_float32(trace, selection)
    h = trace.layer()["h"].astype(np.float64)
    h[2:, 3] = 1e39
    layer = LayerTrace(0, "forward", "lstm", {"h": h})
    with pytest.raises(
        RangeError, match=r"^h of layer 0 forward leaves the range of float32, which base64 holds at step 2$"
    ):
        require_float32(dataclasses.replace(trace, layers=(layer,)), selection)
