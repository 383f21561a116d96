"""An operator for each direction: neither is taken for a layer that runs both ways, and each says so."""

from pathlib import Path

import pytest
from gatescope.importers.found import ImportRefusedError
from onnx import helper

from ..onnx_models import imported, model_of, recurrent, weights_of


def test_two_operators_for_the_two_directions_are_not_taken_for_one_layer(tmp_path: Path) -> None:
    tensors = {f"{name}.{key}": array for name in ("there", "back") for key, array in weights_of("GRU").items()}
    nodes = [
        recurrent("GRU", "x", "y0", "there", hidden_size=4, linear_before_reset=1),
        recurrent("GRU", "x", "y1", "back", hidden_size=4, linear_before_reset=1, direction="reverse"),
        helper.make_node("Concat", ["y0", "y1"], ["y"], axis=3),
    ]
    model = model_of(nodes, tensors, {"x": ["T", "B", 3]}, ["y"])
    found = imported(tmp_path, model, "there")
    assert [*found.layers[0]] == ["forward"]
    assert "the GRU 'back' reads the same as there in the other direction, and is not imported" in found.remarks
    with pytest.raises(ImportRefusedError) as refused:
        imported(tmp_path, model, "back")
    assert str(refused.value) == (
        "the GRU 'back' has direction=reverse: only layers that run forward or both ways are read; if it and the GRU "
        "'there' are one layer that runs both ways, export them as one operator"
    )
