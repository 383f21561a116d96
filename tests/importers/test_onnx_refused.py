"""Files that cannot be imported: each is refused with one sentence, whatever its bytes."""

import tracemalloc
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from gatescope.importers import Request
from gatescope.importers.found import Found, ImportRefusedError
from gatescope.importers.onnx_file import IMPORTER
from onnx import numpy_helper

from .hostile.onnx_files import WHOLE, claiming, node
from .onnx_models import model_of, saved, single, weights_of


def opened(path: Path) -> Found:
    return IMPORTER.open(Request(path))


def test_a_claim_of_10_to_the_12_numbers_takes_no_memory(tmp_path: Path) -> None:
    path = saved(tmp_path, claiming(10**12))
    tracemalloc.start()
    try:
        with pytest.raises(ImportRefusedError):
            opened(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def test_names_of_any_length_and_letters_fit_a_sentence(tmp_path: Path) -> None:
    model = single("LSTM", name="a\n" * 5000, clip=1.0)
    with pytest.raises(ImportRefusedError) as raised:
        opened(saved(tmp_path, model))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400
    for attribute in ({"one\nmore": 1}, {"direction": "for\nward"}, {"activations": ["a\nb"] * 3}):
        with pytest.raises(ImportRefusedError, match=r"^the LSTM 'cell' has [^\n]+$"):
            opened(saved(tmp_path, single("LSTM", **attribute)))
    tanh = model_of([node("Tanh\n", ["x"], ["y"])], {}, {"x": [1]}, ["y"])
    with pytest.raises(ImportRefusedError, match=r"^model\.onnx has no LSTM, GRU or RNN: its operators are 'Tanh\\n'$"):
        opened(saved(tmp_path, tanh))


def test_names_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(WHOLE.replace(b"cell.W", b"cel\xff.W"))
    with pytest.raises(
        ImportRefusedError, match=r"^model\.onnx has names that are not text: it is damaged, export or copy it anew$"
    ):
        opened(path)


def test_a_chain_of_operators_as_long_as_a_file_holds_is_followed(tmp_path: Path) -> None:
    model = single("RNN")
    [cell] = model.graph.node
    steps = 1500
    names = ["cell.W", *(f"n{at}" for at in range(steps))]
    for before, after in pairwise(names):
        model.graph.node.insert(0, node("Identity", [before], [after]))
    model.graph.node[-1].input[1] = names[-1]
    found = opened(saved(tmp_path, model))
    np.testing.assert_array_equal(found.layers[0]["forward"].w_ih.numpy(), weights_of("RNN")["W"][0])
    assert cell.op_type == "RNN"
    assert numpy_helper.to_array(model.graph.initializer[0]).shape == (1, 4, 3)
