"""Arrays and layers in JSON."""

import json
from base64 import b64decode

import numpy as np
import orjson
import pytest
from gatescope.api.wire.encoding import ENCODERS, dumps, json_parts, layer_info, typed_array
from gatescope.recurrent.trace import LayerTrace

ARRAY = np.array([[0.1, -2.5], [3e38, 1e-45], [0.0, 7.0]], np.float32)


@pytest.mark.parametrize("array", [ARRAY, ARRAY.T, ARRAY[::2], ARRAY.astype(np.float64)], ids=["c", "f", "cut", "f8"])
def test_a_typed_array_is_little_endian_float32_row_by_row(array: np.ndarray) -> None:
    sent = typed_array(array)
    assert (sent["dtype"], sent["shape"]) == ("f4", f"{array.shape[0]}, {array.shape[1]}")
    read = np.frombuffer(b64decode(sent["bdata"]), "<f4").reshape(array.shape)
    np.testing.assert_array_equal(read, array.astype(np.float32))


def test_numbers_in_json_give_the_same_float32_back_and_null_for_what_is_not_finite() -> None:
    read = json.loads(dumps(ENCODERS["numbers"](ARRAY.T)))
    np.testing.assert_array_equal(np.array(read, np.float32), ARRAY.T)
    assert dumps(np.array([np.nan, np.inf, -np.inf, 0.5])) == b"[null,null,null,0.5]"


def test_a_layer_is_described_with_its_full_width() -> None:
    layer = LayerTrace(1, "backward", "gru", {"h": ARRAY})
    assert layer_info(layer) == {"layer": 1, "direction": "backward", "cell": "gru", "hidden_size": 2}


def test_parts_put_together_are_the_json_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    large, small = np.arange(24, dtype=np.float32).reshape(4, 3, 2), np.array([0.5], np.float32)
    content = {
        'a "key"': [{"of": large, "deep": {"in": [small, large[0], "é"]}}, {"of": small}, [], None],
        "none": {},
        "last": large[:, 0, 0].copy(),
    }
    monkeypatch.setattr("gatescope.api.wire.encoding.LARGE", 3)
    assert b"".join(json_parts(content)) == orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)
    assert json_parts("alone") == [b'"alone"']
